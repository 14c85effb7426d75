package dev.tidewire.changes.history;

import dev.tidewire.RealtimeException;
import dev.tidewire.changes.store.FailureKind;
import dev.tidewire.changes.store.StoreDatabase;
import dev.tidewire.channel.Position;
import dev.tidewire.history.HistoryMessage;
import java.time.Clock;
import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ArrayBlockingQueue;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.Executor;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import org.jooq.DSLContext;
import org.jooq.exception.DataAccessException;
import org.jooq.exception.IntegrityConstraintViolationException;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Writes messages on a thread of its own: all that wait while one transaction commits go into the
 * next one together. Safe for any thread.
 */
final class HistoryWriter implements AutoCloseable {

  private static final Logger log = LoggerFactory.getLogger(HistoryWriter.class);
  private static final int MAX_BATCH = 500;
  private static final long MAX_WAITING_CHARS = 64L * 1024 * 1024;
  private static final int ATTEMPTS = 5;
  private static final Duration PATIENCE = Duration.ofSeconds(10);
  private static final Duration BETWEEN_PURGES = Duration.ofMinutes(1);
  private static final long IDLE_MS = 1_000;

  /** A message to keep; with a limit of 0 the call to look whether it is time to end. */
  private record Waiting(HistoryMessage message, int limit, CompletableFuture<Void> done) {}

  private static final Waiting WAKE =
      new Waiting(
          new HistoryMessage(new Position("0", 0), "", null, "", "", 0),
          0,
          new CompletableFuture<>());

  private final DSLContext db;
  private final HistoryTable table;
  private final HistoryTrim trim;
  private final Duration maxAge;
  private final Clock clock;
  private final Executor answers;
  private final ArrayBlockingQueue<Waiting> queue;
  private final AtomicLong waitingChars = new AtomicLong();
  private final Thread thread;
  private volatile boolean closing;
  private volatile boolean ended;

  /** Only the thread's: a failure is told once, and so is its end. */
  private boolean failing;

  /**
   * @param maxAge of a message, zero for any
   * @param maxWaiting messages that may wait
   * @param answers completes the stages, so that what hangs on them does not hold up the writing
   */
  HistoryWriter(
      DSLContext db,
      HistoryTable table,
      Duration maxAge,
      int maxWaiting,
      Clock clock,
      Executor answers) {
    this.db = db;
    this.table = table;
    this.maxAge = maxAge;
    this.clock = clock;
    this.answers = answers;
    trim = new HistoryTrim(table);
    queue = new ArrayBlockingQueue<>(maxWaiting);
    thread = new Thread(this::run, "tidewire-history");
    thread.setDaemon(true);
    thread.start();
  }

  CompletionStage<Void> append(HistoryMessage message, int limit) {
    if (closing) {
      return CompletableFuture.failedFuture(closed());
    }
    Waiting waiting = new Waiting(message, limit, new CompletableFuture<>());
    int chars = message.data().length();
    if (waitingChars.addAndGet(chars) > MAX_WAITING_CHARS || !queue.offer(waiting)) {
      waitingChars.addAndGet(-chars);
      return CompletableFuture.failedFuture(
          new RealtimeException("too many messages wait for the history", null));
    }
    if (ended && queue.remove(waiting)) {
      waiting.done().completeExceptionally(closed());
    }
    return waiting.done();
  }

  private static RealtimeException closed() {
    return new RealtimeException("the history is closed", null);
  }

  private void run() {
    long nextPurge = System.nanoTime();
    try {
      while (true) {
        boolean last = closing;
        List<Waiting> batch = take(last);
        if (!batch.isEmpty()) {
          store(batch);
        } else if (last) {
          return;
        }
        if (!maxAge.isZero() && System.nanoTime() - nextPurge >= 0) {
          purge();
          nextPurge = System.nanoTime() + BETWEEN_PURGES.toNanos();
        }
      }
    } catch (InterruptedException e) {
      log.atWarn()
          .addKeyValue("part", "history")
          .log("Stopped while messages waited for the history; their publishers are told");
    } finally {
      closing = true;
      ended = true;
      List<Waiting> left = new ArrayList<>();
      queue.drainTo(left);
      left.forEach(w -> w.done().completeExceptionally(closed()));
    }
  }

  private List<Waiting> take(boolean atOnce) throws InterruptedException {
    Waiting first = atOnce ? queue.poll() : queue.poll(IDLE_MS, TimeUnit.MILLISECONDS);
    List<Waiting> batch = new ArrayList<>();
    if (first != null) {
      batch.add(first);
      queue.drainTo(batch, MAX_BATCH - 1);
    }
    batch.removeIf(w -> w.limit() == 0);
    return batch;
  }

  private void store(List<Waiting> batch) {
    DataAccessException failure = null;
    try {
      failure = tryAll(batch);
    } catch (RuntimeException | Error e) {
      answer(batch, e);
      throw e;
    }
    if (failure != null && batch.size() > 1 && isOfOneMessage(failure)) {
      // a message that is there already, or that the database does not take: the others are well
      batch.forEach(w -> answer(List.of(w), tryAll(List.of(w))));
    } else {
      answer(batch, failure);
    }
  }

  /** Stores all of them or none; returns why none. */
  private @Nullable DataAccessException tryAll(List<Waiting> batch) {
    DataAccessException failure = null;
    for (int attempt = 1; attempt <= ATTEMPTS; attempt++) {
      try {
        db.transaction(tx -> write(tx.dsl(), batch));
        return null;
      } catch (DataAccessException e) {
        trim.forget();
        failure = e;
        if (batch.size() == 1 && isOfOneMessage(e) && isThere(batch.get(0))) {
          return null;
        }
        if (!StoreDatabase.isTransient(e) && !(isOfNoTable(e) && recreated())) {
          return e;
        }
      }
    }
    return failure;
  }

  private void write(DSLContext tx, List<Waiting> batch) {
    table.insert(tx, batch.stream().map(Waiting::message).toList());
    Map<String, Integer> added = new LinkedHashMap<>();
    Map<String, Integer> limits = new LinkedHashMap<>();
    for (Waiting each : batch) {
      added.merge(each.message().topic(), 1, Integer::sum);
      limits.put(each.message().topic(), each.limit());
    }
    added.forEach((topic, count) -> trim.trim(tx, topic, count, limits.getOrDefault(topic, 0)));
  }

  private boolean isThere(Waiting waiting) {
    try {
      return table.contains(db, waiting.message());
    } catch (DataAccessException e) {
      return false;
    }
  }

  /** Somebody dropped the table: it is made again. */
  private boolean recreated() {
    try {
      return table.create(db);
    } catch (DataAccessException e) {
      log.atDebug()
          .addKeyValue("part", "history")
          .setCause(e)
          .log("The table of the history cannot be created");
      return false;
    }
  }

  /** Bad data, or a key that is there already. */
  private static boolean isOfOneMessage(DataAccessException e) {
    String state = StoreDatabase.state(e);
    return state.startsWith("22")
        || state.startsWith("23")
        || e instanceof IntegrityConstraintViolationException; // SQLite gives no state
  }

  private static boolean isOfNoTable(DataAccessException e) {
    return StoreDatabase.state(e).startsWith("42") || StoreDatabase.isSqlite(e, 1);
  }

  private void answer(List<Waiting> batch, @Nullable Throwable failure) {
    tell(failure, batch.size());
    batch.forEach(w -> waitingChars.addAndGet(-w.message().data().length()));
    answers.execute(
        () -> {
          for (Waiting each : batch) {
            if (failure == null) {
              each.done().complete(null);
            } else {
              each.done()
                  .completeExceptionally(
                      new RealtimeException(
                          "not stored in the history: " + FailureKind.of(failure), null));
            }
          }
        });
  }

  private void tell(@Nullable Throwable failure, int messages) {
    if (failure != null && !failing) {
      String reason = FailureKind.of(failure); // its message may quote what was to be stored
      log.atError()
          .addKeyValue("part", "history")
          .addKeyValue("reason", reason)
          .log("{} messages could not be stored; their publishers are told: {}", messages, reason);
    } else if (failure == null && failing) {
      log.atInfo().addKeyValue("part", "history").log("Messages are stored again");
    }
    failing = failure != null;
  }

  private void purge() {
    try {
      if (table.deleteUntil(db, clock.millis() - maxAge.toMillis()) > 0) {
        trim.forget();
      }
    } catch (DataAccessException e) {
      log.atWarn()
          .addKeyValue("part", "history")
          .setCause(e)
          .log("Old messages could not be deleted; the next attempt follows");
    }
  }

  /** Writes what waits, for at most ten seconds; what is left then has failed. */
  @Override
  public void close() {
    closing = true;
    queue.offer(WAKE); // if it is full the thread is awake
    join(PATIENCE);
    if (thread.isAlive()) {
      thread.interrupt();
      join(PATIENCE);
    }
  }

  private void join(Duration patience) {
    try {
      thread.join(patience.toMillis());
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }
}
