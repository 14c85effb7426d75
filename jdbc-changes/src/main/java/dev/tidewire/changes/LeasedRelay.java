package dev.tidewire.changes;

import dev.tidewire.changes.OutboxLease.Taken;
import dev.tidewire.changes.OutboxQueue.Asked;
import java.sql.SQLException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.locks.LockSupport;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Publishes the outbox's transactions on a broker that several nodes share, while it holds the
 * {@link OutboxLease lease}; else it waits for its owner to fall silent or to leave. Everything
 * comes from the table, whoever wrote it, and is published with keys: what the owner before, or
 * this one, has sent without hearing of it is there once all the same. Where keys may be forgotten,
 * its channels are reset instead.
 *
 * <p>Safe for any thread.
 */
final class LeasedRelay implements Relay {

  private static final Logger log = LoggerFactory.getLogger(LeasedRelay.class);
  private static final Duration PATIENCE = Duration.ofSeconds(30);
  private static final Duration HAND_OVER = Duration.ofSeconds(8);

  /** How often the table is looked at for what others write, and shortly after they wrote. */
  private static final Duration LOOK = Duration.ofMillis(200);

  private static final Duration LOOK_SOON = Duration.ofMillis(50);

  private final OutboxTable table;
  private final OutboxEnds ends;
  private final OutboxResets resets;
  private final OutboxLease lease;
  private final OutboxPlaces places;
  private final OutboxQueue queue = new OutboxQueue(0, PATIENCE);

  private final LeaseHolder holder;

  /** What follows is only the thread's. */
  private final Set<String> dueResets = new LinkedHashSet<>();

  private final List<Long> dueEnds = new ArrayList<>();
  private final List<Runnable> dueMarks = new ArrayList<>();
  private boolean unreadable;
  private final RelayThread thread;

  private LeasedRelay(OutboxTable table, Outbox.Settings settings, ChangeSink sink, OutboxEnds ends)
      throws SQLException {
    this.table = table;
    this.ends = ends;
    resets = new OutboxResets(table);
    lease = new OutboxLease(table, settings.times());
    holder = new LeaseHolder(table, settings, sink, lease, queue);
    places = new OutboxPlaces(sink, table, lease, queue::mark);
    thread = new RelayThread(this::run);
  }

  /**
   * Takes part in the relaying from now on.
   *
   * @param layouts what of each channel is published
   * @param ends of changes outside of transactions
   */
  static LeasedRelay join(
      OutboxTable table,
      Outbox.Settings settings,
      ChangeSink sink,
      Map<String, String> layouts,
      OutboxEnds ends)
      throws SQLException {
    LeasedRelay relay = new LeasedRelay(table, settings, sink, ends);
    relay.resets.join(layouts);
    relay.places.start();
    relay.thread.start();
    return relay;
  }

  @Override
  public OutboxQueue queue() {
    return queue;
  }

  @Override
  public PublishedOrder order() {
    return places;
  }

  @Override
  public CaptureCounters counters() {
    return holder.counters();
  }

  @Override
  public long backlog() {
    return holder.backlog();
  }

  private void run() {
    try {
      boolean more = true;
      while (more) {
        more = queue.await(pauseNanos(), holder.isFailing() || unreadable);
        queue.isLooking(); // what there is to see is seen now
        step();
      }
      finish();
    } catch (InterruptedException e) {
      log.atWarn()
          .addKeyValue("part", "outbox")
          .log(
              "Stopped while changes waited in the outbox; another node publishes them, or the next"
                  + " start");
    } finally {
      leave();
    }
  }

  private long pauseNanos() {
    if (unreadable) {
      return OutboxQueue.IDLE_NANOS;
    }
    return (holder.othersWrite() ? LOOK_SOON : LOOK).toNanos();
  }

  private void step() throws InterruptedException {
    try {
      settle();
      if (lease.isMine()) {
        holder.act();
      } else if (lease.isLookDue(LOOK.toNanos())) {
        follow();
      }
      if (unreadable) {
        log.atInfo().addKeyValue("part", "outbox").log("The outbox can be read again");
      }
      unreadable = false;
    } catch (SQLException | RuntimeException e) {
      if (!unreadable) {
        log.atError()
            .addKeyValue("part", "outbox")
            .setCause(e)
            .log("The outbox cannot be read or written; what is in it is published later");
      }
      unreadable = true;
    }
  }

  /** Puts resets that were asked for into the outbox, and marks behind them. */
  private void settle() throws SQLException {
    dueEnds.addAll(ends.take());
    Asked asked = queue.asked();
    dueResets.addAll(asked.resets());
    dueMarks.addAll(asked.marks());
    if (!dueResets.isEmpty() || !dueEnds.isEmpty()) {
      resets.write(dueResets, dueEnds);
      dueResets.clear();
      dueEnds.clear();
    }
    if (!dueMarks.isEmpty()) {
      places.stand(table.newest());
      dueMarks.forEach(Runnable::run);
      dueMarks.clear();
    }
  }

  private void follow() throws SQLException {
    holder.saw(lease.look());
    Taken taken = lease.mayBeTaken() ? lease.take() : null;
    if (taken != null) {
      holder.begin(taken);
      if (taken.abandoned()) {
        resets.tellLeftovers();
      }
    }
  }

  /** Publishes what is committed by now, if that is this node's to do. */
  private void finish() throws InterruptedException {
    long deadline = System.nanoTime() + HAND_OVER.toNanos();
    long target = Long.MAX_VALUE;
    while (lease.isMine() && System.nanoTime() - deadline < 0) {
      try {
        target = Math.min(target, table.newest());
      } catch (SQLException e) {
        log.atDebug()
            .addKeyValue("part", "outbox")
            .setCause(e)
            .log("Could not ask what is left to be published");
      }
      if (holder.done() >= target) {
        return;
      }
      step();
      if (holder.isFailing() || unreadable) {
        LockSupport.parkNanos(LOOK.toNanos());
      }
      if (Thread.interrupted()) {
        throw new InterruptedException();
      }
    }
  }

  private void leave() {
    places.close();
    queue.stop();
    var unused = Thread.interrupted(); // the database is to be told all the same
    try {
      holder.leave();
    } catch (SQLException | RuntimeException e) {
      log.atDebug()
          .addKeyValue("part", "outbox")
          .setCause(e)
          .log("Another node takes over when the lease is over");
    }
  }

  @Override
  public void close() {
    queue.close();
    thread.drain();
  }
}
