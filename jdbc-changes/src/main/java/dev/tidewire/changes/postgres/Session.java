package dev.tidewire.changes.postgres;

import java.sql.Connection;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Duration;
import javax.sql.DataSource;
import org.postgresql.PGConnection;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * A connection that is kept for as long as it works: it waits for nothing longer than the time-out,
 * and lets the server end a transaction whose node stands still. For one thread, but for {@link
 * #abort}.
 */
final class Session implements AutoCloseable {

  private static final Logger log = LoggerFactory.getLogger(Session.class);

  private final Connection connection;
  private final String channel;
  private final int isolation;
  private final int networkTimeout;

  private Session(Connection connection, String channel, int isolation, int networkTimeout) {
    this.connection = connection;
    this.channel = channel;
    this.isolation = isolation;
    this.networkTimeout = networkTimeout;
  }

  /**
   * Takes a connection and makes the tables where they are missing.
   *
   * @throws IllegalArgumentException if it does not lead to PostgreSQL
   */
  static Session open(DataSource dataSource, Schema schema, Duration timeout) throws SQLException {
    Connection connection = dataSource.getConnection();
    try {
      if (!connection.isWrapperFor(PGConnection.class)) {
        throw new IllegalArgumentException(
            "not a connection of PostgreSQL's driver: " + connection.getClass().getName());
      }
      if (!connection.getAutoCommit()) {
        connection.setAutoCommit(true);
      }
      int isolation = connection.getTransactionIsolation();
      int networkTimeout = connection.getNetworkTimeout();
      int millis = (int) Math.min(timeout.toMillis(), Integer.MAX_VALUE / 2);
      connection.setNetworkTimeout(Runnable::run, millis + millis / 4);
      run(
          connection,
          "set statement_timeout = %1$d; set idle_in_transaction_session_timeout = %1$d"
              .formatted(millis));
      if (isolation != Connection.TRANSACTION_READ_COMMITTED) {
        connection.setTransactionIsolation(Connection.TRANSACTION_READ_COMMITTED);
      }
      return new Session(connection, schema.ensure(connection), isolation, networkTimeout);
    } catch (SQLException | RuntimeException e) {
      discard(connection);
      throw e;
    }
  }

  Connection connection() {
    return connection;
  }

  /** Where the nodes that share the tables hear each other. */
  String channel() {
    return channel;
  }

  void run(String sql) throws SQLException {
    run(connection, sql);
  }

  private static void run(Connection connection, String sql) throws SQLException {
    try (Statement statement = connection.createStatement()) {
      statement.execute(sql);
    }
  }

  /** Ends the transaction without a trace; false if the connection is of no use any more. */
  boolean rollback() {
    try {
      connection.rollback();
      return !connection.isClosed();
    } catch (SQLException e) {
      return false;
    }
  }

  /** From any thread: whatever waits on the connection fails. */
  void abort() {
    try {
      connection.abort(Runnable::run);
    } catch (SQLException e) {
      log.atDebug()
          .addKeyValue("part", "broker")
          .setCause(e)
          .log("a connection could not be aborted");
    }
  }

  /** A pool is not to hand it to anybody else. */
  void discard() {
    discard(connection);
  }

  private static void discard(Connection connection) {
    try {
      connection.abort(Runnable::run);
      run(connection, "select 1"); // fails, and a pool between here and there takes note of it
    } catch (SQLException e) {
      log.trace("a connection was thrown away", e);
    }
    try {
      connection.close();
    } catch (SQLException e) {
      log.trace("a connection was thrown away", e);
    }
  }

  /** Gives it back as it was. */
  @Override
  public void close() {
    try {
      if (!connection.getAutoCommit()) {
        connection.rollback();
        connection.setAutoCommit(true);
      }
      run(
          connection,
          "unlisten *; reset statement_timeout; reset idle_in_transaction_session_timeout");
      connection.setTransactionIsolation(isolation);
      connection.setNetworkTimeout(Runnable::run, networkTimeout);
      connection.close();
    } catch (SQLException e) {
      discard();
    }
  }
}
