package dev.tidewire.changes;

import java.util.Collection;
import org.jspecify.annotations.Nullable;

/**
 * What all connections of one capture share once the database is known. Safe for any thread.
 *
 * @param maxRows rows of one statement that are told one by one
 * @param maxWaitingRows rows that one transaction, or all that wait to be published, may hold
 */
record Engine(
    Dialect dialect,
    Catalog catalog,
    CommitSequencer sequencer,
    Uncapturable uncapturable,
    int maxRows,
    int maxWaitingRows) {

  boolean strict() {
    return uncapturable == Uncapturable.THROW;
  }

  /** Refuses a statement, if that was asked for and it concerns a captured table. */
  void refuseIfStrict(Collection<CapturedTable> tables, @Nullable String reason)
      throws UncapturableException {
    if (strict() && !tables.isEmpty()) {
      throw new UncapturableException("Not captured: " + tables + ", because of " + reason);
    }
  }
}
