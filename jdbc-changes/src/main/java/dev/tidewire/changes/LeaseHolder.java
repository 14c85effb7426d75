package dev.tidewire.changes;

import dev.tidewire.changes.OutboxLease.State;
import dev.tidewire.changes.OutboxLease.Taken;
import dev.tidewire.changes.OutboxRow.Item;
import dev.tidewire.channel.Position;
import java.sql.SQLException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * What the node does that holds the lease: publishes what the table has, batch by batch, and notes
 * how far it is. For the relay's thread, except where it says otherwise.
 */
final class LeaseHolder implements OutboxBatch.Pace {

  private static final Logger log = LoggerFactory.getLogger(LeaseHolder.class);
  private static final Duration OTHERS_WRITE = Duration.ofSeconds(30);

  /** What is sent, and nothing is known of it; up to a number, since two clocks' times. */
  private record Doubt(long number, long nanos, long seconds) {
    long ageMillis(long nowSeconds) {
      return Math.max(
          (System.nanoTime() - nanos) / 1_000_000, Math.max(0, nowSeconds - seconds) * 1_000);
    }
  }

  private final OutboxTable table;
  private final LeaseTimes times;
  private final ChangeSink sink;
  private final String name;
  private final OutboxLease lease;
  private final OutboxQueue queue;
  private final RegularPruning pruning;
  private final CaptureCounters counters = new CaptureCounters();
  private volatile long backlog;

  /** Everything up to here is published. */
  private long done;

  private @Nullable Doubt doubt;
  private final Map<String, Position> last = new HashMap<>();
  private final Set<String> refused = new HashSet<>();
  private long othersUntil = System.nanoTime();
  private boolean failing;

  LeaseHolder(
      OutboxTable table,
      Outbox.Settings settings,
      ChangeSink sink,
      OutboxLease lease,
      OutboxQueue queue)
      throws SQLException {
    this.table = table;
    this.sink = sink;
    this.lease = lease;
    this.queue = queue;
    pruning = new RegularPruning(settings.options(), table.pruning()::pruneTransactions);
    times = settings.times();
    name = table.name();
  }

  /** Safe for any thread. */
  CaptureCounters counters() {
    return counters;
  }

  /** Transactions that are not published, as far as is known. Safe for any thread. */
  long backlog() {
    return backlog;
  }

  /** This node is not the holder, and has looked. */
  void saw(State state) {
    backlog = state.newest() - state.done();
  }

  /** Whether the last attempt to publish did not go through. */
  boolean isFailing() {
    return failing && lease.isMine();
  }

  /** Whether other nodes wrote a short time ago. */
  boolean othersWrite() {
    return lease.isMine() && System.nanoTime() - othersUntil < 0;
  }

  /** Everything up to here is published. */
  long done() {
    return done;
  }

  /** This node has become the holder. */
  void begin(Taken taken) {
    done = taken.done();
    last.clear();
    failing = false;
    doubt =
        taken.ageMillis() < 0 || taken.newest() <= done
            ? null
            : new Doubt(
                taken.newest(),
                System.nanoTime() - TimeUnit.MILLISECONDS.toNanos(taken.ageMillis()),
                lease.seconds() - TimeUnit.MILLISECONDS.toSeconds(taken.ageMillis()));
    log.atInfo()
        .addKeyValue("part", "outbox")
        .addKeyValue("node", lease.self())
        .addKeyValue("transaction", done)
        .log("This node publishes the outbox from now on, after transaction {}", done);
    queue.look();
  }

  /** Lets another node take over at once. */
  void leave() throws SQLException {
    if (lease.isMine()) {
      lease.release(done, age());
    }
  }

  /** Publishes what there is, or a part of it, and gives a sign of life. */
  void act() throws SQLException, InterruptedException {
    if ((lease.isBeatDue() || !lease.maySend()) && !beat()) {
      return;
    }
    Doubt inDoubt = doubt;
    if (inDoubt != null && inDoubt.ageMillis(lease.seconds()) >= times.keys().toMillis()) {
      giveUp(inDoubt);
      return;
    }
    List<OutboxRow> rows = new ArrayList<>();
    table.read(done, rows::add);
    long settledBefore = queue.settledBefore(); // asked after the read: what has returned is safe
    rows.removeIf(row -> row.number() >= settledBefore);
    if (rows.isEmpty()) {
      backlog = 0;
      pruning.prune(done);
      return;
    }
    if (rows.get(rows.size() - 1).number() > queue.newestOwn()) {
      othersUntil = System.nanoTime() + OTHERS_WRITE.toNanos();
    }
    publish(rows);
    pruning.prune(done);
  }

  private void publish(List<OutboxRow> rows) throws SQLException, InterruptedException {
    long newest = rows.get(rows.size() - 1).number();
    Doubt before = doubt;
    doubt =
        before == null
            ? new Doubt(newest, System.nanoTime(), lease.seconds())
            : new Doubt(Math.max(newest, before.number()), before.nanos(), before.seconds());
    OutboxBatch batch = new OutboxBatch(sink, name, refused, this);
    List<OutboxRow> whole = rows.subList(0, batch.send(rows));
    long confirmed = batch.confirmed(whole, done);
    boolean all = confirmed == newest && confirmed >= doubt.number();
    Map<String, Position> moved = new HashMap<>(batch.places(confirmed));
    Set<String> disordered = batch.disordered(confirmed, last);
    if (confirmed > done && !disordered.isEmpty()) {
      log.atWarn()
          .addKeyValue("part", "outbox")
          .addKeyValue("channels", disordered)
          .log("Changes did not get their places in order; reset: {}", disordered);
      OutboxBatch again = new OutboxBatch(sink, name, refused, this);
      Map<String, Position> reset = again.reset(disordered, confirmed);
      if (reset == null) {
        fails(again.failure());
        return;
      }
      moved.putAll(reset);
    }
    if (confirmed > done) {
      if (!advance(confirmed, all, moved)) {
        return;
      }
      batch.count(confirmed, counters);
      tookUpTo(confirmed, whole);
    }
    if (confirmed < newest) {
      fails(batch.failure());
    } else {
      succeeds();
      queue.look(); // there may be more
    }
  }

  /**
   * Notes how far it is; after a failure to do so, everything is sent again, with its keys.
   *
   * @return false if this is not the owner any more
   */
  private boolean advance(long to, boolean certain, Map<String, Position> moved)
      throws SQLException {
    if (!lease.renew(to, certain ? -1 : age(), moved)) {
      replaced();
      return false;
    }
    backlog = Math.max(0, backlog - (to - done));
    done = to;
    last.putAll(moved);
    doubt = certain ? null : doubt;
    return true;
  }

  private void tookUpTo(long number, List<OutboxRow> rows) {
    for (OutboxRow row : rows) {
      if (row.number() <= number) {
        long millis = System.currentTimeMillis() - row.timestamp();
        counters.took(TimeUnit.MILLISECONDS.toNanos(millis));
      }
    }
  }

  /** What was sent so long ago that its keys may be forgotten is not sent again. */
  private void giveUp(Doubt inDoubt) throws SQLException, InterruptedException {
    Set<String> topics = new LinkedHashSet<>();
    long read = done;
    while (read < inDoubt.number()) {
      List<OutboxRow> rows = new ArrayList<>();
      table.read(read, rows::add);
      for (OutboxRow row : rows) {
        if (row.number() <= inDoubt.number()) {
          row.items().forEach((Item item) -> topics.add(item.topic()));
        }
      }
      read = rows.isEmpty() ? inDoubt.number() : rows.get(rows.size() - 1).number();
    }
    OutboxBatch batch = new OutboxBatch(sink, name, refused, this);
    Map<String, Position> reset = batch.reset(topics, inDoubt.number());
    if (reset == null) {
      fails(batch.failure());
      return;
    }
    log.atWarn()
        .addKeyValue("part", "outbox")
        .addKeyValue("channels", topics)
        .log("It is not known what of {} was published: these channels are reset", topics);
    if (advance(inDoubt.number(), true, reset)) {
      batch.count(inDoubt.number(), counters);
      succeeds();
      queue.look();
    }
  }

  private void fails(@Nullable Throwable why) {
    if (!failing && why != null) {
      log.atWarn()
          .addKeyValue("part", "outbox")
          .setCause(why)
          .log("What is committed cannot be published now, and is tried again");
    }
    failing = true;
  }

  private void succeeds() {
    if (failing) {
      log.atInfo().addKeyValue("part", "outbox").log("What is committed is published again");
    }
    failing = false;
  }

  private long age() {
    Doubt inDoubt = doubt;
    return inDoubt == null ? -1 : inDoubt.ageMillis(lease.seconds());
  }

  /** False if this is not the owner any more. */
  private boolean beat() throws SQLException {
    State state = lease.look();
    backlog = state.newest() - done;
    boolean mine = lease.isMine() && lease.renew(done, age(), Map.of());
    if (!mine) {
      replaced();
    }
    return mine;
  }

  private void replaced() {
    log.atInfo()
        .addKeyValue("part", "outbox")
        .addKeyValue("node", lease.self())
        .log("Another node than this publishes the outbox from now on");
    failing = false;
  }

  @Override
  public boolean maySend() {
    return lease.maySend();
  }

  @Override
  public void waiting() {
    try {
      if (lease.isMine() && lease.isBeatDue()) {
        beat();
      }
    } catch (SQLException | RuntimeException e) {
      log.atDebug() // after a while nothing may be sent
          .addKeyValue("part", "outbox")
          .setCause(e)
          .log("Could not give a sign of life");
    }
  }
}
