package dev.tidewire.changes;

import dev.tidewire.changes.OutboxLease.Place;
import dev.tidewire.changes.OutboxRow.Item;
import dev.tidewire.channel.Position;
import java.sql.SQLException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Tells the places of changes that perhaps another node publishes: what is committed is in the
 * table, and what is published is noted there by whoever did it. While somebody waits, a thread
 * looks often.
 *
 * <p>Safe for any thread, except where it says otherwise.
 */
final class OutboxPlaces implements PublishedOrder, AutoCloseable {

  private static final Logger log = LoggerFactory.getLogger(OutboxPlaces.class);
  private static final long LOOK_MILLIS = 20;
  private static final long LOOK_LATER_MILLIS = 500;
  private static final Duration PATIENCE = Duration.ofSeconds(60);

  /** What is to be found out. */
  private interface Question {

    /**
     * Answers, if that can be done yet.
     *
     * @param done everything up to here is published
     */
    boolean answer(long done) throws Exception;
  }

  private record Waiting(
      long number, long sinceNanos, CompletableFuture<?> result, Question question) {}

  private final OutboxTable table;
  private final OutboxLease lease;
  private final Marks marks;
  private final LinkedBlockingQueue<Waiting> asked = new LinkedBlockingQueue<>();

  /** Behind which transaction each was opened. */
  private final Map<Window, Long> windows = new ConcurrentHashMap<>();

  /** What marks stand behind; only the relay's thread's. */
  private long standing;

  private volatile boolean closed;
  private final Thread thread;

  /**
   * @param marker has something run by the relay's thread when it has called {@link #stand}; false
   *     if that has stopped
   */
  OutboxPlaces(ChangeSink sink, OutboxTable table, OutboxLease lease, Predicate<Runnable> marker) {
    this.table = table;
    this.lease = lease;
    marks = new Marks(sink, marker);
    thread = new Thread(this::run, "tidewire-outbox-places");
    thread.setDaemon(true);
  }

  void start() {
    thread.start();
  }

  /** Called by the relay's thread before it runs marks: all they are behind is up to here. */
  void stand(long number) {
    standing = number;
  }

  /** What is in the table is committed, so it is seen, published or not. */
  @Override
  public CompletionStage<Boolean> open(Window window) {
    return marks.set(
        opened -> {
          windows.put(window, standing);
          opened.complete(true);
        });
  }

  @Override
  public CompletionStage<Position> close(Window window) {
    return marks.set(
        closing -> {
          Long start = windows.remove(window);
          if (start == null) {
            closing.completeExceptionally(new IllegalStateException("the window is not open"));
            return;
          }
          ask(
              closing,
              done -> {
                Position position = close(window, start, done);
                return position != null && closing.complete(position);
              });
        });
  }

  @Override
  public CompletionStage<Map<String, Position>> positions(Set<CapturedTable> tables) {
    return marks.set(told -> ask(told, done -> told.complete(marks.positions(tables))));
  }

  private void ask(CompletableFuture<?> result, Question question) {
    asked.add(new Waiting(standing, System.nanoTime(), result, question));
  }

  /**
   * Finds a number for which it is known where the channel stood, and completes the window with
   * what was published up to there; null if there is none yet.
   *
   * @param published up to here at least
   */
  private @Nullable Position close(Window window, long start, long published) throws Exception {
    String topic = window.table().topic();
    Position told = marks.position(topic);
    Place place = lease.place(topic);
    Position noted = place.position();
    boolean isNoted =
        noted != null && noted.epoch().equals(told.epoch()) && noted.offset() >= told.offset();
    if (isNoted) {
      note(window, start, place.done());
      return noted;
    }
    // nothing of this channel can have been published after what is known to be, if there is none
    if (!items(topic, published, Long.MAX_VALUE).isEmpty()) {
      return null;
    }
    note(window, start, published);
    return told;
  }

  private void note(Window window, long after, long upTo) throws SQLException {
    for (Item item : items(window.table().topic(), after, upTo)) {
      window.note(item.of(window.table()));
    }
  }

  /** What the table has of a channel; a reset in place of what it has no longer. */
  private List<Item> items(String topic, long after, long upTo) throws SQLException {
    List<Item> items = new ArrayList<>();
    long read = after;
    while (read < upTo) {
      List<OutboxRow> rows = new ArrayList<>();
      if (table.read(read, rows::add) > read) {
        items.add(Item.reset(topic));
      }
      if (rows.isEmpty()) {
        return items;
      }
      for (OutboxRow row : rows) {
        if (row.number() <= upTo) {
          row.items().stream().filter(item -> item.topic().equals(topic)).forEach(items::add);
        }
        read = row.number();
      }
    }
    return items;
  }

  private void run() {
    List<Waiting> waiting = new ArrayList<>();
    long pause = LOOK_MILLIS;
    try {
      boolean last = false;
      while (!last) {
        last = closed; // what is published by then is told yet
        Waiting next = waiting.isEmpty() ? asked.take() : asked.poll(pause, TimeUnit.MILLISECONDS);
        if (next != null) {
          waiting.add(next);
          asked.drainTo(waiting);
        }
        pause = answer(waiting) ? LOOK_MILLIS : LOOK_LATER_MILLIS;
      }
    } catch (InterruptedException e) {
      log.debug("{} is stopped", thread.getName());
    }
    asked.drainTo(waiting);
    waiting.forEach(each -> each.result().completeExceptionally(Marks.closed()));
  }

  /** False if the database cannot be asked. */
  private boolean answer(List<Waiting> waiting) throws InterruptedException {
    if (waiting.isEmpty()) {
      return true;
    }
    try {
      long done = lease.read().done();
      List<Waiting> left = new ArrayList<>();
      for (Waiting each : waiting) {
        if (!isAnswered(each, done)) {
          left.add(each);
        }
      }
      waiting.clear();
      waiting.addAll(left);
      return true;
    } catch (SQLException | RuntimeException e) {
      log.atDebug()
          .addKeyValue("part", "outbox")
          .setCause(e)
          .log("Could not ask how far the outbox is published");
      waiting.removeIf(OutboxPlaces::isTooLate);
      return false;
    }
  }

  private static boolean isAnswered(Waiting each, long done)
      throws SQLException, InterruptedException {
    if (done < each.number()) {
      return isTooLate(each);
    }
    try {
      return each.question().answer(done) || isTooLate(each);
    } catch (SQLException | InterruptedException e) {
      throw e;
    } catch (Exception e) {
      each.result().completeExceptionally(e);
      return true;
    }
  }

  private static boolean isTooLate(Waiting each) {
    boolean late = System.nanoTime() - each.sinceNanos() >= PATIENCE.toNanos();
    if (late) {
      each.result().completeExceptionally(new TimeoutException("what is committed is not told"));
    }
    return late;
  }

  /** Tells what is known by now, and lets nobody wait. */
  @Override
  public void close() {
    closed = true;
    // not by an interrupt, which some databases take badly
    asked.add(new Waiting(0, System.nanoTime(), new CompletableFuture<>(), done -> true));
    windows.clear();
  }
}
