package dev.tidewire.changes;

import java.sql.BatchUpdateException;
import java.sql.SQLException;
import java.sql.Savepoint;
import java.sql.Statement;
import java.util.Arrays;
import java.util.function.IntFunction;
import org.jspecify.annotations.Nullable;

/** Runs a batch entry by entry, and fails as the driver's own batch would. */
final class Batches {

  /** Runs one entry and returns its update count. */
  interface Entry {
    long run(int entry) throws SQLException;
  }

  private Batches() {}

  /**
   * Runs all entries: in one transaction where a failing one ends the batch, else each for itself.
   *
   * @param prepared whether it is the batch of a prepared statement
   * @param sql the text of an entry, for the error
   */
  static long[] run(
      CapturingConnection connection,
      int size,
      boolean prepared,
      Entry entry,
      IntFunction<String> sql)
      throws SQLException {
    Dialect dialect = connection.engine().dialect();
    return dialect.batchGoesOn()
        ? each(dialect, size, entry)
        : connection.transaction().write(() -> all(dialect, size, prepared, entry, sql));
  }

  /** Runs all entries or none. */
  static long[] runAsOne(CapturingConnection connection, int size, Entry entry, String sql)
      throws SQLException {
    return connection
        .transaction()
        .write(
            () -> {
              Savepoint before = connection.setSavepoint();
              try {
                Dialect dialect = connection.engine().dialect();
                long[] counts = all(dialect, size, true, entry, i -> sql);
                connection.releaseSavepoint(before);
                return counts;
              } catch (BatchUpdateException e) {
                undo(connection, before, e);
                throw e;
              }
            });
  }

  /** Does nothing if the transaction is undone already. */
  private static void undo(CapturingConnection connection, Savepoint to, SQLException why) {
    try {
      connection.rollback(to);
    } catch (SQLException e) {
      why.addSuppressed(e);
    }
  }

  private static long[] each(Dialect dialect, int size, Entry entry) throws SQLException {
    long[] counts = new long[size];
    SQLException first = null;
    SQLException failure = null;
    for (int i = 0; i < size; i++) {
      try {
        counts[i] = entry.run(i);
      } catch (SQLException e) {
        counts[i] = Statement.EXECUTE_FAILED;
        first = first == null ? e : first;
        failure = chain(e, failure);
      }
    }
    if (first != null && failure != null) {
      throw dialect.batchFailures(first, failure, counts);
    }
    return counts;
  }

  private static SQLException chain(SQLException failure, @Nullable SQLException earlier) {
    if (earlier != null) {
      failure.setNextException(earlier);
    }
    return failure;
  }

  private static long[] all(
      Dialect dialect, int size, boolean prepared, Entry entry, IntFunction<String> sql)
      throws SQLException {
    long[] counts = new long[size];
    for (int i = 0; i < size; i++) {
      try {
        counts[i] = entry.run(i);
      } catch (SQLException e) {
        long[] before = Arrays.copyOf(counts, i);
        throw dialect.batchFailure(e, prepared, sql.apply(i), before, size);
      }
    }
    return counts;
  }

  static BatchUpdateException failed(
      String message, SQLException failure, long[] counts, @Nullable Throwable cause) {
    BatchUpdateException failed =
        new BatchUpdateException(
            message, failure.getSQLState(), failure.getErrorCode(), counts, cause);
    failed.setNextException(failure);
    return failed;
  }

  static int[] ints(long[] counts) {
    return Arrays.stream(counts).mapToInt(count -> (int) count).toArray();
  }

  static long[] longs(int[] counts) {
    return Arrays.stream(counts).asLongStream().toArray();
  }
}
