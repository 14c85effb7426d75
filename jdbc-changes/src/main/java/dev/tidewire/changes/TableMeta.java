package dev.tidewire.changes;

import dev.tidewire.channel.Operation;
import dev.tidewire.channel.RowChange;
import dev.tidewire.rows.ColumnType;
import dev.tidewire.rows.RowFilter;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * What must be known of a captured table to read its rows. Immutable, safe for any thread.
 *
 * @param columns the columns to read: those published and those of the key, as they are stored
 * @param key indexes in {@code columns} of the primary key; empty without one
 * @param allColumns names of all columns in the table's order
 * @param generated names of the columns that H2 gives to who asks for generated keys
 * @param filter the only rows that are published
 * @param obstacle why rows cannot be read, null if they can
 * @param unique what an upsert may conflict with
 */
record TableMeta(
    CapturedTable table,
    TableId id,
    List<Column> columns,
    List<Integer> key,
    List<String> allColumns,
    List<String> generated,
    RowFilter filter,
    @Nullable String obstacle,
    UniqueKeys unique) {

  /**
   * One column.
   *
   * @param name as stored
   * @param label as published
   * @param published false if it is read only because it belongs to the key
   * @param type how its values compare
   */
  record Column(
      String name, String label, boolean published, ValueReader reader, ColumnType type) {}

  /** Whether a statement that assigns these names may change the key; null: it may. */
  boolean mayChangeKey(@Nullable Set<String> assigned) {
    if (assigned == null) {
      return true;
    }
    for (int index : key) {
      if (assigned.contains(columns.get(index).name().toLowerCase(Locale.ROOT))) {
        return true;
      }
    }
    return false;
  }

  /** The columns to read, qualified, for a select list. */
  String list(String qualifier) {
    return list(qualifier, '"');
  }

  String list(String qualifier, char mark) {
    StringBuilder list = new StringBuilder();
    for (Column column : columns) {
      list.append(list.isEmpty() ? "" : ", ");
      list.append(qualifier).append(qualifier.isEmpty() ? "" : ".");
      list.append(TableId.quote(column.name(), mark));
    }
    return list.toString();
  }

  /** Reads one row, its first column at {@code offset}. */
  List<@Nullable Object> image(ResultSet row, int offset) throws SQLException {
    List<@Nullable Object> image = new ArrayList<>(columns.size());
    for (int i = 0; i < columns.size(); i++) {
      image.add(value(row, offset + i, columns.get(i).reader()));
    }
    return image;
  }

  private static @Nullable Object value(ResultSet row, int index, ValueReader reader)
      throws SQLException {
    try {
      return reader.read(row, index);
    } catch (SQLException | RuntimeException e) {
      return row.getString(index);
    }
  }

  /** Names of the primary key's columns. */
  List<String> keyNames() {
    return key.stream().map(index -> columns.get(index).name()).toList();
  }

  /** The key of a row as the driver gives it, its first column at {@code offset}. */
  List<Object> rawKey(ResultSet row, int offset) throws SQLException {
    List<Object> values = new ArrayList<>(key.size());
    for (int index : key) {
      values.add(row.getObject(offset + index));
    }
    return values;
  }

  List<@Nullable Object> keyOf(List<@Nullable Object> image) {
    List<@Nullable Object> values = new ArrayList<>(key.size());
    for (int index : key) {
      values.add(image.get(index));
    }
    return values;
  }

  /** Returns the change, or null if nothing that is published differs. */
  @Nullable Change change(
      Operation operation,
      @Nullable List<@Nullable Object> before,
      @Nullable List<@Nullable Object> after,
      Actor actor) {
    Map<String, @Nullable Object> old = before == null ? null : row(before);
    Map<String, @Nullable Object> row = after == null ? old : row(after);
    if (row == null || (operation == Operation.UPDATE && row.equals(old))) {
      return null;
    }
    if (filter.isAll()) {
      return new Change(table, operation, row, operation == Operation.INSERT ? null : old, actor);
    }
    RowChange seen =
        RowFilter.narrow(
            new RowChange(
                table.topic(),
                operation,
                row,
                operation == Operation.INSERT ? null : old,
                null,
                null,
                null),
            filter::matches);
    return seen == null ? null : new Change(table, seen.operation(), seen.row(), seen.old(), actor);
  }

  /** What is published of an image. */
  Map<String, @Nullable Object> row(List<@Nullable Object> image) {
    Map<String, @Nullable Object> row = new LinkedHashMap<>(image.size() * 2);
    for (int i = 0; i < image.size(); i++) {
      if (columns.get(i).published()) {
        row.put(columns.get(i).label(), image.get(i));
      }
    }
    return Collections.unmodifiableMap(row);
  }
}
