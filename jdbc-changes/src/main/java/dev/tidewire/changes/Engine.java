package dev.tidewire.changes;

import java.sql.Connection;
import java.sql.SQLException;
import java.util.Collection;
import org.jspecify.annotations.Nullable;

/**
 * What all connections of one capture share once the database is known. Safe for any thread.
 *
 * @param outbox where transactions write their changes; null for nowhere
 * @param maxRows rows of one statement that are told one by one
 * @param maxWaitingRows rows that one transaction, or all that wait to be published, may hold
 */
record Engine(
    Dialect dialect,
    Catalog catalog,
    CommitSequencer sequencer,
    @Nullable Outbox outbox,
    Uncapturable uncapturable,
    int maxRows,
    int maxWaitingRows) {

  /** Tells that tables changed outside of any transaction that is known. */
  void reset(Collection<CapturedTable> tables) {
    if (outbox == null) {
      sequencer.reset(tables);
    } else {
      sequencer.watch().note(tables.stream().map(Change::reset).toList());
      outbox.reset(tables);
    }
  }

  /**
   * Comes before a statement that may change tables and commit that by itself.
   *
   * @param open whether it runs in a transaction
   */
  void expect(Connection connection, Collection<CapturedTable> tables, boolean open)
      throws SQLException {
    if (outbox != null) {
      outbox.expect(connection, tables, open);
    }
  }

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
