package dev.tidewire;

import dev.tidewire.Health.Status;
import dev.tidewire.Health.Trouble;
import dev.tidewire.broker.Broker;
import dev.tidewire.sync.yjs.YjsRooms;
import dev.tidewire.transport.Transport;
import java.time.Duration;
import java.time.Instant;
import java.util.EnumMap;
import java.util.EnumSet;
import java.util.Map;
import java.util.Queue;
import java.util.Set;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.atomic.AtomicBoolean;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** What whoever runs a bus asks of it. Safe for any thread. */
final class Operations {

  private static final Logger log = LoggerFactory.getLogger(Realtime.class);

  private final Instant since;
  private final Counters counters;
  private final Limits limits;
  private final Broker broker;
  private final Hub hub;
  private final Sessions sessions;
  private final Publisher publisher;
  private final Admission admission;
  private final @Nullable YjsRooms yjs;
  private final WatchedHistory history;
  private final Drain drain;
  private final Queue<AutoCloseable> parts = new ConcurrentLinkedQueue<>();
  private final AtomicBoolean closed = new AtomicBoolean();
  // Touched by the timer alone.
  private boolean unreachable;

  Operations(
      Realtime.Builder settings,
      Broker broker,
      WatchedHistory history,
      Hub hub,
      Sessions sessions,
      Publisher publisher,
      Admission admission,
      @Nullable YjsRooms yjs) {
    this.since = settings.clock.instant();
    this.counters = settings.counters;
    this.limits = settings.limits;
    this.broker = broker;
    this.hub = hub;
    this.sessions = sessions;
    this.publisher = publisher;
    this.admission = admission;
    this.yjs = yjs;
    this.history = history;
    this.drain = new Drain(sessions, publisher, admission, yjs, settings.clock);
  }

  /** Has everything looked after once a second. */
  void begin(Threads threads, SharedDocuments documents) {
    threads.everySecond("Looking after sessions", sessions::check);
    threads.everySecond("Looking after channels", hub::housekeep);
    threads.everySecond("Looking after documents", documents::housekeep);
    threads.everySecond("Looking after limits", admission::housekeep);
    threads.everySecond("Looking after operations", this::tick);
  }

  Health health() {
    if (closed.get()) {
      return new Health(Status.DOWN, Set.of());
    }
    if (drain.isBegun()) {
      return new Health(Status.DRAINING, Set.of());
    }
    Set<Trouble> troubles = EnumSet.noneOf(Trouble.class);
    if (!broker.isReachable()) {
      troubles.add(Trouble.BROKER_UNREACHABLE);
    }
    if (history.isFailing()) {
      troubles.add(Trouble.HISTORY_FAILING);
    }
    return new Health(troubles.isEmpty() ? Status.UP : Status.DEGRADED, troubles);
  }

  CompletionStage<Void> drain(Duration over) {
    return drain.begin(over);
  }

  /** Called about once a second, by one thread. */
  private void tick() {
    drain.tick();
    boolean lost = !broker.isReachable();
    if (lost && !unreachable) {
      log.atWarn().addKeyValue("part", "broker").log("The broker cannot be reached");
    } else if (unreachable && !lost) {
      log.atInfo().addKeyValue("part", "broker").log("The broker can be reached again");
    }
    unreachable = lost;
  }

  /** The bus is being closed; returns whether it was not yet. */
  boolean close() {
    boolean first = closed.compareAndSet(false, true);
    if (first) {
      drain.close();
      closeParts();
    }
    return first;
  }

  void closeWith(AutoCloseable part) {
    parts.add(part);
    if (closed.get()) {
      closeParts();
    }
  }

  private void closeParts() {
    for (AutoCloseable part = parts.poll(); part != null; part = parts.poll()) {
      Shutdown.close("What was to be closed with the bus", part);
    }
  }

  Statistics statistics() {
    Tally tally = sessions.tally();
    if (yjs != null) {
      tally.connected(Transport.YJS, yjs.connectionCount());
    }
    Map<Limit, Long> refusals = new EnumMap<>(Limit.class);
    for (Limit limit : Limit.values()) {
      refusals.put(limit, limits.timesMet(limit));
    }
    return new Statistics(
        since,
        tally.connections(),
        counters.openedSoFar(),
        hub.channelCount(),
        broker.channelCount(),
        hub.subscriptionCount(),
        counters.publishing(publisher.underWay()),
        counters.delivery(tally),
        counters.recovery(),
        counters.presence(tally),
        refusals,
        admission.turnedAway());
  }
}
