package dev.tidewire.demo;

import static dev.tidewire.demo.Tables.DUTY;
import static dev.tidewire.demo.Tables.HELD_UNTIL;
import static dev.tidewire.demo.Tables.ID;
import static dev.tidewire.demo.Tables.NODE;

import dev.tidewire.changes.ChangeCaptureListener;
import java.time.Duration;
import java.time.OffsetDateTime;
import java.time.ZoneOffset;
import java.time.temporal.ChronoUnit;
import java.util.UUID;
import java.util.function.Consumer;
import org.jooq.Configuration;
import org.jooq.DSLContext;
import org.jooq.Record;

/**
 * What one node does for all: it stays on duty as long as it renews its name in the database, and
 * whoever looks next takes over when it has not for some seconds. What is done on duty is done in a
 * transaction that locks that row, so never by two at once, not even after a node stood still for
 * longer than its term. Thread-safe.
 */
public final class Duty {
  private static final Duration TERM = Duration.ofSeconds(4);
  private static final long ROW = 1;

  private final DSLContext db;
  private final Node node;
  private final String self;

  Duty(DSLContext db, Node node) {
    Configuration ours = db.configuration().derive();
    ours.data(ChangeCaptureListener.CAUSE, node.name()); // the changes say who was on duty
    this.db = ours.dsl();
    this.node = node;
    this.self = node.name() + ' ' + UUID.randomUUID();
  }

  /** Whether this node is the one, now and very likely for the next seconds. */
  public boolean isMine() {
    return perform(tx -> {});
  }

  /**
   * Does the work in a transaction if this node is the one. A node that reaches nobody leaves it to
   * the others.
   *
   * @return whether it was
   */
  public boolean perform(Consumer<DSLContext> work) {
    return node.isConnected()
        && db.transactionResult(
            tx -> {
              boolean mine = take(tx.dsl());
              if (mine) {
                work.accept(tx.dsl());
              }
              return mine;
            });
  }

  private boolean take(DSLContext tx) {
    Record held =
        tx.select(NODE, HELD_UNTIL)
            .from(DUTY)
            .where(ID.eq(ROW))
            .forUpdate()
            .skipLocked()
            .fetchOne();
    if (held == null) {
      return false; // another node is at it
    }
    OffsetDateTime now = OffsetDateTime.now(ZoneOffset.UTC).truncatedTo(ChronoUnit.MILLIS);
    OffsetDateTime until = held.get(HELD_UNTIL);
    boolean isOurs = self.equals(held.get(NODE));
    if (!isOurs && until.isAfter(now)) {
      return false;
    }
    if (!isOurs || until.isBefore(now.plus(TERM.dividedBy(2)))) {
      hold(tx, now.plus(TERM));
    }
    return true;
  }

  private void hold(DSLContext tx, OffsetDateTime until) {
    tx.update(DUTY).set(NODE, self).set(HELD_UNTIL, until).where(ID.eq(ROW)).execute();
  }

  /** Lets another node take over at once, if this one is on duty. */
  void leave() {
    OffsetDateTime now = OffsetDateTime.now(ZoneOffset.UTC).truncatedTo(ChronoUnit.MILLIS);
    db.update(DUTY).set(HELD_UNTIL, now).where(ID.eq(ROW)).and(NODE.eq(self)).execute();
  }
}
