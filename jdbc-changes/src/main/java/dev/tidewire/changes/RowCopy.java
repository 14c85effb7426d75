package dev.tidewire.changes;

import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.ResultSetMetaData;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.List;
import java.util.StringJoiner;
import org.jspecify.annotations.Nullable;

/**
 * The first columns of a result that can be read only once, for somebody who reads it later. It is
 * given back by the database itself, so that conversions and labels are the driver's. Used by one
 * thread.
 */
final class RowCopy {

  private final List<String> labels = new ArrayList<>();
  private final List<@Nullable Object> values = new ArrayList<>();

  /**
   * @param columns how many columns to copy
   */
  RowCopy(ResultSetMetaData meta, int columns) throws SQLException {
    for (int i = 1; i <= columns; i++) {
      labels.add(meta.getColumnLabel(i));
    }
  }

  void add(ResultSet row) throws SQLException {
    for (int i = 1; i <= labels.size(); i++) {
      values.add(row.getObject(i));
    }
  }

  /** Opens the copy; closing the result closes its statement, too. */
  ResultSet open(Connection connection) throws SQLException {
    int width = labels.size();
    int rows = values.size() / width;
    StringJoiner names = new StringJoiner(", ");
    for (int i = 0; i < width; i++) {
      names.add("column" + (i + 1) + " AS " + TableId.quote(labels.get(i), '`'));
    }
    String row = '(' + "?, ".repeat(width - 1) + "?)";
    StringJoiner all = new StringJoiner(", ", "(VALUES ", ")");
    for (int i = 0; i < Math.max(rows, 1); i++) {
      all.add(row);
    }
    PreparedStatement select =
        connection.prepareStatement(
            "SELECT " + names + " FROM " + all + (rows == 0 ? " WHERE 1 = 0" : ""));
    for (int i = 0; i < values.size(); i++) {
      select.setObject(i + 1, values.get(i));
    }
    select.closeOnCompletion();
    return select.executeQuery();
  }
}
