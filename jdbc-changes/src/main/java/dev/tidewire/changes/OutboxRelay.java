package dev.tidewire.changes;

import dev.tidewire.changes.OutboxQueue.Asked;
import dev.tidewire.changes.OutboxRow.Item;
import dev.tidewire.channel.Position;
import dev.tidewire.channel.RowChange;
import java.sql.SQLException;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Queue;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.TimeUnit;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Publishes the outbox's transactions in the order of their numbers, each once. The one that
 * follows the last comes from memory, handed over by whoever committed it; when a number is missing
 * the table says what there is. The table is also looked at once a second, for other nodes write to
 * it, too.
 *
 * <p>Safe for any thread.
 */
final class OutboxRelay implements Relay {

  private static final Logger log = LoggerFactory.getLogger(OutboxRelay.class);
  private static final Duration PATIENCE = Duration.ofSeconds(30);

  /** Transactions after which others get their turn. */
  private static final int TURN = 1_000;

  /**
   * Where to begin.
   *
   * @param name what the identifiers of transactions begin with
   * @param last number of the last transaction that is published already
   * @param offsets the channels' offsets then, by topic
   */
  record Start(String name, long last, Map<String, Long> offsets) {}

  /** What is to be done once everything up to a number is published. */
  private record Due(long number, Asked asked) {}

  private final OutboxTable table;
  private final ChangeSink sink;
  private final Map<String, CapturedTable> tables;
  private final Predicate<String> ending;
  private final OutboxQueue queue;
  private final Outlet outlet;
  private final RegularPruning pruning;
  private final String name;

  /** Topics whose positions have left those of the outbox. */
  private final Set<String> moved = ConcurrentHashMap.newKeySet();

  /** Up to here it is handed over, and up to there is something; written by the thread alone. */
  private volatile long last;

  private volatile long newest;

  /** What follows is only the thread's. */
  private final Map<String, Long> offsets;

  private final Queue<Due> due = new ArrayDeque<>();
  private boolean unreadable;
  private final RelayThread thread;

  /**
   * @param tables by topic
   * @param ending tells that a channel's positions will not hold over a restart; false if that
   *     could not be noted
   */
  OutboxRelay(
      OutboxTable table,
      Outbox.Settings settings,
      ChangeSink sink,
      Map<String, CapturedTable> tables,
      Predicate<String> ending,
      Start start) {
    this.table = table;
    pruning = new RegularPruning(settings.options(), table.pruning()::prune);
    this.sink = sink;
    this.tables = tables;
    this.ending = ending;
    name = start.name();
    last = start.last();
    newest = last;
    offsets = start.offsets();
    queue = new OutboxQueue(settings.maxWaitingRows(), PATIENCE);
    outlet = new Outlet(sink, queue::mark);
    thread = new RelayThread(this::run);
    thread.start();
  }

  static String transaction(String name, OutboxRow row) {
    return name + '-' + Long.toString(row.first(), Character.MAX_RADIX);
  }

  @Override
  public OutboxQueue queue() {
    return queue;
  }

  @Override
  public PublishedOrder order() {
    return outlet;
  }

  @Override
  public CaptureCounters counters() {
    return outlet.counters();
  }

  private void run() {
    try {
      boolean more = true;
      while (more) {
        more = queue.await(OutboxQueue.IDLE_NANOS, unreadable);
        publishWaiting(0);
        boolean look = queue.isLooking();
        if (isAsked() || look) {
          readTable();
        }
        runDue();
        pruning.prune(last);
      }
    } catch (InterruptedException e) {
      log.atWarn()
          .addKeyValue("part", "outbox")
          .log("Stopped while changes waited in the outbox; they are published at the next start");
    } finally {
      queue.stop();
    }
  }

  /** Learns behind which number that is to be done which was asked for. */
  private boolean isAsked() {
    Asked asked = queue.asked();
    if (!asked.isEmpty()) {
      // not known yet; a look at the table that begins now will see all that is meant
      due.add(new Due(Long.MAX_VALUE, asked));
    }
    return !due.isEmpty();
  }

  private void publishWaiting(long complete) throws InterruptedException {
    int turn = TURN;
    OutboxRow next = queue.next(last, complete);
    while (next != null) {
      publish(next);
      next = --turn > 0 ? queue.next(last, complete) : null;
    }
  }

  /** Publishes what the table has by now; what is added meanwhile is for the next time. */
  private void readTable() throws InterruptedException {
    try {
      long waiting = queue.newest();
      long newest = table.newest();
      this.newest = newest;
      if (due.stream().anyMatch(each -> each.number() == Long.MAX_VALUE)) {
        List<Due> known = new ArrayList<>(due);
        due.clear();
        known.forEach(each -> due.add(new Due(Math.min(each.number(), newest), each.asked())));
      }
      if (readRows(newest)) {
        publishWaiting(waiting);
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
            .log("The outbox cannot be read; what is in it is published later");
      }
      unreadable = true;
    }
  }

  /**
   * Returns whether that was all, and not only what comes before a transaction still committing.
   */
  private boolean readRows(long newest) throws SQLException, InterruptedException {
    while (last < newest) {
      List<OutboxRow> rows = new ArrayList<>();
      if (table.read(last, rows::add) > last) {
        missed();
      }
      if (rows.isEmpty()) {
        last = newest; // deleted by another node
      }
      long settledBefore = queue.settledBefore(); // asked after the read: what has returned is safe
      for (OutboxRow row : rows) {
        if (row.number() >= settledBefore) {
          return false;
        }
        publish(row);
      }
    }
    return true;
  }

  /** Another node has deleted what this one had not read. */
  private void missed() {
    log.atWarn()
        .addKeyValue("part", "outbox")
        .addKeyValue("channels", Set.copyOf(offsets.keySet()))
        .log(
            "This node was so far behind that the outbox was pruned before it: channels are reset");
    for (String topic : offsets.keySet()) {
      moved.add(topic);
      queue.reset(topic);
    }
  }

  /** Transactions that are not published yet, by the last look at the table. */
  @Override
  public long backlog() {
    return Math.max(0, Math.max(newest, queue.newest()) - last);
  }

  private void publish(OutboxRow row) throws InterruptedException {
    last = row.number();
    String transaction = transaction(name, row);
    int left = row.items().size();
    for (Item item : row.items()) {
      left--;
      String topic = item.topic();
      Long before = offsets.get(topic);
      CapturedTable captured = tables.get(topic);
      if (before != null && captured != null) {
        if (outlet.isWatched()) {
          outlet.note(item.of(captured));
        }
        offsets.put(topic, before + 1);
        send(topic, before + 1, item.change(transaction), left > 0 ? null : row);
      }
    }
  }

  /**
   * @param of the transaction whose last change it is, or null
   */
  private void send(String topic, long offset, @Nullable RowChange change, @Nullable OutboxRow of)
      throws InterruptedException {
    outlet.send(
        () -> change == null ? sink.reset(topic) : sink.publish(change),
        (position, failure) -> {
          count(change == null, failure, of);
          if (failure != null) {
            failed(topic, failure);
          } else if (position instanceof Position at
              && at.offset() != offset
              && !moved.contains(topic)) {
            failed(topic, new IllegalStateException("somebody else publishes on the channel"));
          }
        });
  }

  private void count(boolean reset, @Nullable Throwable failure, @Nullable OutboxRow of) {
    if (reset) {
      outlet.counters().reset(failure);
    } else {
      outlet.counters().change(failure);
    }
    if (of != null && failure == null) {
      outlet
          .counters()
          .took(TimeUnit.MILLISECONDS.toNanos(System.currentTimeMillis() - of.timestamp()));
    }
  }

  private void failed(String topic, Throwable failure) {
    if (moved.add(topic)) {
      log.atWarn()
          .addKeyValue("part", "outbox")
          .addKeyValue("channel", topic)
          .setCause(failure)
          .log("A change of {} was not published in its place; the channel is reset", topic);
    }
    queue.reset(topic);
  }

  private void runDue() throws InterruptedException {
    while (!due.isEmpty() && due.element().number() <= last) {
      Asked asked = due.remove().asked();
      for (String topic : asked.resets()) {
        publishReset(topic);
      }
      asked.marks().forEach(Runnable::run);
    }
  }

  private void publishReset(String topic) throws InterruptedException {
    moved.add(topic);
    if (!ending.test(topic)) {
      queue.resetLater(topic); // what a restart would not know of must not be told
      return;
    }
    CapturedTable captured = tables.get(topic);
    if (captured != null) {
      outlet.note(Change.reset(captured));
    }
    outlet.send(
        () -> sink.reset(topic),
        (position, failure) -> {
          outlet.counters().reset(failure);
          if (failure != null) {
            queue.resetLater(topic);
          }
        });
  }

  @Override
  public void close() {
    queue.close();
    thread.drain();
  }
}
