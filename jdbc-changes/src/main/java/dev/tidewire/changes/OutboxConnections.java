package dev.tidewire.changes;

import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import javax.sql.DataSource;

/** Runs work on connections of the outbox's own. Immutable, safe for any thread. */
final class OutboxConnections {

  /** Work on a connection. */
  interface Work<T> {
    T run(Connection connection) throws SQLException;
  }

  private final DataSource dataSource;
  private final OutboxTurn turn;

  OutboxConnections(DataSource dataSource, OutboxTurn turn) {
    this.dataSource = dataSource;
    this.turn = turn;
  }

  /** The number that a query gives, 0 if it gives none. */
  static long number(Connection connection, String sql) throws SQLException {
    try (Statement statement = connection.createStatement();
        ResultSet row = statement.executeQuery(sql)) {
      return row.next() ? row.getLong(1) : 0;
    }
  }

  static int update(Connection connection, String sql, String... parameters) throws SQLException {
    try (PreparedStatement statement = connection.prepareStatement(sql)) {
      for (int i = 0; i < parameters.length; i++) {
        statement.setString(i + 1, parameters[i]);
      }
      return statement.executeUpdate();
    }
  }

  <T> T inTransaction(Work<T> work) throws SQLException {
    return with(false, work);
  }

  /** Runs statements that are each by themselves, so that on SQLite they only read. */
  <T> T alone(Work<T> work) throws SQLException {
    return with(true, work);
  }

  private <T> T with(boolean autoCommit, Work<T> work) throws SQLException {
    try (Connection connection = dataSource.getConnection()) {
      boolean before = connection.getAutoCommit();
      int isolation = autoCommit ? 0 : connection.getTransactionIsolation();
      if (!before) {
        connection.rollback(); // a pool may hand out a transaction that has begun
      }
      if (!autoCommit) {
        // what others committed before they let go of the lock must be seen
        connection.setTransactionIsolation(Connection.TRANSACTION_READ_COMMITTED);
      }
      connection.setAutoCommit(autoCommit);
      try {
        return autoCommit ? work.run(connection) : commit(connection, work);
      } finally {
        connection.setAutoCommit(before);
        if (!autoCommit) {
          connection.setTransactionIsolation(isolation);
        }
      }
    }
  }

  private <T> T commit(Connection connection, Work<T> work) throws SQLException {
    turn.begin();
    try {
      T result = work.run(connection);
      connection.commit();
      return result;
    } catch (SQLException | RuntimeException | Error e) {
      undo(connection, e);
      throw e;
    } finally {
      turn.end();
    }
  }

  private static void undo(Connection connection, Throwable failure) {
    try {
      connection.rollback();
    } catch (SQLException e) {
      failure.addSuppressed(e);
    }
  }
}
