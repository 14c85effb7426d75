package dev.tidewire.changes;

import dev.tidewire.changes.store.FailureKind;
import java.sql.Connection;
import java.sql.SQLException;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * A transaction around one captured write that runs in auto-commit mode, because only then can its
 * place in the order be taken while it holds its locks. Used by one thread at a time, like the
 * connection it belongs to.
 */
final class ShortTransaction {

  private static final Logger log = LoggerFactory.getLogger(ShortTransaction.class);

  private final Transaction transaction;
  private final Connection connection;
  private final Dialect dialect;

  ShortTransaction(Transaction transaction, Connection connection, Dialect dialect) {
    this.transaction = transaction;
    this.connection = connection;
    this.dialect = dialect;
  }

  /** Runs the write, where no transaction is open, and commits it. */
  <T> T write(SqlCall<T> statement) throws SQLException {
    connection.setAutoCommit(false);
    T result;
    try {
      result = transaction.watch(statement);
    } catch (SQLException | RuntimeException | Error e) {
      endFailed();
      throw e;
    }
    try {
      commit();
    } catch (SQLException e) {
      undoIfStillOpen();
      throw e;
    } finally {
      connection.setAutoCommit(true);
    }
    return result;
  }

  private void commit() throws SQLException {
    transaction.commit(
        () -> {
          connection.commit();
          return true;
        });
  }

  /** Undoes what could not be committed and is still there, as on SQLite. */
  private void undoIfStillOpen() {
    if (dialect.isStillOpen(connection)) {
      try {
        connection.rollback();
        transaction.rolledBack();
      } catch (SQLException e) {
        debug(e, "Could not undo a transaction that could not be committed");
      }
    }
  }

  /** Ends it after its statement failed, as auto-commit mode would have. */
  private void endFailed() {
    try {
      if (transaction.isAborted()) {
        connection.rollback();
        transaction.rolledBack();
      } else {
        commit();
      }
    } catch (SQLException e) {
      debug(e, "Could not end the transaction of a failed statement");
      transaction.buffer().clear();
    }
    try {
      connection.setAutoCommit(true);
    } catch (SQLException e) {
      debug(e, "Could not go back to auto-commit after a failed statement");
    }
  }

  /** A commit checks what was deferred, and its failure may quote a row. */
  private static void debug(SQLException failure, String what) {
    log.atDebug()
        .addKeyValue("part", "capture")
        .addKeyValue("reason", FailureKind.of(failure))
        .log(what);
  }
}
