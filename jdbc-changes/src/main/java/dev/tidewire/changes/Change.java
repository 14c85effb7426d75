package dev.tidewire.changes;

import dev.tidewire.channel.Operation;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * What one statement did to one row of a captured table, or, without an operation, that the whole
 * table is to be loaded again. Immutable, safe for any thread.
 *
 * @param row the new row, or the deleted one; empty for a reset
 */
record Change(
    CapturedTable table,
    @Nullable Operation operation,
    Map<String, @Nullable Object> row,
    @Nullable Map<String, @Nullable Object> old,
    Actor actor) {

  static Change reset(CapturedTable table) {
    return new Change(table, null, Map.of(), null, Actor.UNKNOWN);
  }

  boolean isReset() {
    return operation == null;
  }
}
