package dev.tidewire.changes;

import dev.tidewire.channel.Operation;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * How one statement is run so that the rows it writes come back with it. The result it gives has,
 * in this order: the columns that the application asked for, the old row, the name of the
 * operation, the new row; each part only where the plan says so. Immutable, safe for any thread.
 *
 * @param sql what to run
 * @param operation what it does to every row, null if the result says so per row
 * @param source where the rows come out
 * @param keys the columns to request as generated keys, for {@link Source#KEYS}
 * @param visible what of the result the application may see
 * @param old whether the result holds the old row
 * @param fresh whether the result holds the new row
 * @param before the rows to read first, because the result lacks the old ones
 * @param guarded whether a savepoint stands before it, to go back and try again, or another way
 */
record CapturePlan(
    TableMeta meta,
    String sql,
    @Nullable Operation operation,
    Source source,
    List<String> keys,
    Visible visible,
    boolean old,
    boolean fresh,
    @Nullable Before before,
    boolean guarded) {

  enum Source {
    /** The statement gives a result set. */
    RESULT,
    /** The driver gives the rows as generated keys. */
    KEYS
  }

  enum Visible {
    NOTHING,
    /** A result set: the statement has a RETURNING of its own. */
    ROWS,
    /** Generated keys. */
    KEYS
  }

  /**
   * A SELECT for the old rows, run and locked before the statement.
   *
   * @param firstParameter how many of the statement's parameters come before those of this SELECT
   * @param parameters how many parameters it has
   * @param sameKeys whether the statement leaves keys as they are, so that rows pair by key
   */
  record Before(String sql, int firstParameter, int parameters, boolean sameKeys) {}

  /** Columns of the result that are not the application's. */
  int hidden() {
    int images = (old ? 1 : 0) + (fresh ? 1 : 0);
    return images * meta.columns().size() + (operation == null ? 1 : 0);
  }
}
