package dev.tidewire.changes.postgres;

import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.SQLException;
import java.sql.Types;
import java.util.Collection;
import org.jspecify.annotations.Nullable;

/** Fills in the parameters of a statement, one after the other. For one thread. */
final class Parameters {

  private final Connection connection;
  private final PreparedStatement statement;
  private int count;

  Parameters(Connection connection, PreparedStatement statement) {
    this.connection = connection;
    this.statement = statement;
  }

  Parameters add(String type, Collection<?> values) throws SQLException {
    statement.setArray(++count, connection.createArrayOf(type, values.toArray()));
    return this;
  }

  Parameters addBytes(byte[][] values) throws SQLException {
    statement.setArray(++count, connection.createArrayOf("bytea", values));
    return this;
  }

  Parameters add(@Nullable Long value) throws SQLException {
    statement.setObject(++count, value, Types.BIGINT);
    return this;
  }

  Parameters add(String value) throws SQLException {
    statement.setString(++count, value);
    return this;
  }

  Parameters add(boolean value) throws SQLException {
    statement.setBoolean(++count, value);
    return this;
  }
}
