package dev.tidewire.changes;

import java.sql.ResultSet;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * What the application sees of a statement that was run to capture its rows.
 *
 * @param count rows written
 * @param rows the result of its own RETURNING
 * @param keys the generated keys that it asked for
 */
record Outcome(long count, @Nullable ResultSet rows, @Nullable ResultSet keys) {

  /** What a statement says when there is no result, or none any more. */
  static final Outcome NONE = new Outcome(-1, null, null);

  /** The rows, when there must be some. */
  ResultSet rowsShown() {
    return Objects.requireNonNull(rows, "rows");
  }
}
