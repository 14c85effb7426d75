package dev.tidewire.changes;

import dev.tidewire.changes.SqlShape.Dml;
import dev.tidewire.changes.SqlShape.Returning;
import dev.tidewire.channel.Operation;
import java.util.List;
import java.util.stream.IntStream;
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
 * @param again how rows are read once more after it; what then differs is what changed
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
    boolean guarded,
    @Nullable Again again) {

  CapturePlan(
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
    this(meta, sql, operation, source, keys, visible, old, fresh, before, guarded, null);
  }

  enum Source {
    /** The statement gives a result set. */
    RESULT,
    /** The driver gives the rows as generated keys. */
    KEYS,
    /** No row comes with it: it runs as the application wrote it. */
    NOWHERE
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
   * @param parameters which of the statement's parameters it has, from 0
   * @param sameKeys whether the statement leaves keys as they are, so that rows pair by key
   * @param lock a statement to run before it, where a SELECT cannot lock
   */
  record Before(String sql, List<Integer> parameters, boolean sameKeys, @Nullable String lock) {

    /** With the parameters in a row, {@code first} of the statement's before them. */
    Before(String sql, int first, int parameters, boolean sameKeys) {
      this(sql, IntStream.range(first, first + parameters).boxed().toList(), sameKeys, null);
    }
  }

  /**
   * A SELECT for the rows as they are after the statement: those that were read before it, those it
   * told, and those of {@code also}.
   *
   * @param select up to its WHERE
   * @param suffix after its condition
   * @param also a condition of its own, which rows that nobody knew before fulfil
   * @param expects what must come out, else nothing is known
   */
  record Again(String select, String suffix, @Nullable Piece also, Expects expects) {}

  /** What is known of the rows that are read again. */
  enum Expects {
    /** The same rows as before. */
    SAME,
    /** One row, with another key. */
    MOVED,
    /** None of the rows is left. */
    GONE,
    /** Only rows that were not there, as many as the statement says. */
    ADDED,
    /** Some of the old rows and new ones. */
    ANY
  }

  /**
   * A statement that tells the rows it wrote in a RETURNING, behind what the application's own asks
   * for; for databases that give one image of a row and quote names with {@code `}.
   */
  static CapturePlan returning(
      String sql,
      Dml dml,
      TableMeta meta,
      Operation operation,
      @Nullable Before before,
      @Nullable Again again) {
    Returning own = dml.returning();
    String list = own == null ? "" : sql.substring(own.list(), dml.end()) + "\n, ";
    String text =
        sql.substring(0, dml.conditionEnd())
            + "\nRETURNING "
            + list
            + meta.list("", '`')
            + sql.substring(dml.end());
    return new CapturePlan(
        meta,
        text,
        operation,
        Source.RESULT,
        List.of(),
        own == null ? Visible.NOTHING : Visible.ROWS,
        operation == Operation.DELETE,
        operation != Operation.DELETE,
        before,
        false,
        again);
  }

  /** Columns of the result that are not the application's. */
  int hidden() {
    int images = (old ? 1 : 0) + (fresh ? 1 : 0);
    return images * meta.columns().size() + (operation == null ? 1 : 0);
  }
}
