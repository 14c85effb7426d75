package dev.tidewire.changes.postgres;

import dev.tidewire.RealtimeException;
import java.sql.SQLException;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * A thread with a connection of its own. What waits while a transaction runs goes into the next one
 * together, so nothing waits for a timer, and the more comes the less each costs. What has waited
 * for the time-out fails; so does all that comes while the database is known to be away.
 *
 * <p>Safe for any thread. Tasks are told their end by the lane's thread, or by the caller's.
 */
final class Lane<T extends Lane.Task> implements AutoCloseable {

  private static final Logger log = LoggerFactory.getLogger(Lane.class);
  private static final int MAX_BATCH = 500;
  private static final int MAX_BATCH_BYTES = 4 << 20;
  private static final int ATTEMPTS = 4;
  private static final Duration RETRY = Duration.ofMillis(500);
  private static final Duration PATIENCE = Duration.ofSeconds(3);

  /** Something to be done in a transaction. */
  abstract static class Task {
    private final long since = System.nanoTime();

    final long sinceNanos() {
      return since;
    }

    /** What it takes in memory while it waits. */
    int bytes() {
      return 0;
    }

    /** Its transaction was committed. Must not wait. */
    abstract void done();

    /** It may have been done all the same. Must not wait. */
    abstract void failed(RealtimeException why);
  }

  /** Carries out tasks, all or none; the lane commits. Called again where that may help. */
  @FunctionalInterface
  interface Work<T> {
    void run(Session session, List<T> batch) throws SQLException;
  }

  /** Hears on the lane's thread that the database can be reached, or can not any more. */
  @FunctionalInterface
  interface Weather {
    void changed(boolean reachable);
  }

  private final ReentrantLock lock = new ReentrantLock();
  private final Condition news = lock.newCondition();
  private final ArrayDeque<T> waiting = new ArrayDeque<>();
  private long waitingBytes;
  private boolean closed;
  private volatile boolean reachable = true;

  private final PostgresSettings settings;
  private final Work<T> work;
  private final Weather weather;
  private final Thread thread;
  // Confined to the thread, but to be aborted by any.
  private volatile @Nullable Session session;

  Lane(String name, PostgresSettings settings, Work<T> work, Weather weather) {
    this.settings = settings;
    this.work = work;
    this.weather = weather;
    thread = new Thread(this::run, "tidewire-postgres-" + name);
    thread.setDaemon(true);
  }

  void start() {
    thread.start();
  }

  boolean isReachable() {
    return reachable;
  }

  /** Puts it at the end of the line. */
  void submit(T task) {
    RealtimeException refused = null;
    lock.lock();
    try {
      if (closed) {
        refused = new RealtimeException("the broker is closed", null);
      } else if (!reachable) {
        refused = away(null);
      } else if (waitingBytes + task.bytes() > settings.maxWaitingBytes()) {
        refused = new RealtimeException("too much waits for PostgreSQL", null);
      } else {
        waiting.add(task);
        waitingBytes += task.bytes();
        news.signal();
      }
    } finally {
      lock.unlock();
    }
    if (refused != null) {
      task.failed(refused);
    }
  }

  private static RealtimeException away(@Nullable Throwable cause) {
    return new RealtimeException("PostgreSQL cannot be reached", cause);
  }

  /** From the timer: what has waited too long fails. */
  void expire() {
    long oldest = System.nanoTime() - settings.timeout().toNanos();
    List<T> late = new ArrayList<>();
    lock.lock();
    try {
      while (!waiting.isEmpty() && waiting.element().sinceNanos() - oldest < 0) {
        late.add(remove());
      }
    } finally {
      lock.unlock();
    }
    for (T task : late) {
      task.failed(
          new RealtimeException("PostgreSQL did not answer within " + settings.timeout(), null));
    }
  }

  private T remove() {
    T first = waiting.remove();
    waitingBytes -= first.bytes();
    return first;
  }

  private void run() {
    try {
      var first = connected(); // kept from the start on: later the pool may be exhausted
      log.trace("{} begins with {}", thread.getName(), first);
      while (awaitNews()) {
        if (connected() != null) {
          List<T> batch = take();
          if (!batch.isEmpty()) {
            carryOut(batch);
          }
        }
      }
    } catch (InterruptedException e) {
      log.debug("{} is stopped", thread.getName());
    } catch (RuntimeException | Error e) {
      log.atError().addKeyValue("part", "broker").setCause(e).log("{} ends", thread.getName());
      throw e;
    } finally {
      end();
    }
  }

  /** False when nothing is left to do for good. */
  private boolean awaitNews() throws InterruptedException {
    lock.lock();
    try {
      if (!reachable) {
        long left = RETRY.toNanos();
        while (left > 0 && !closed) {
          left = news.awaitNanos(left);
        }
        return !closed;
      }
      while (waiting.isEmpty() && !closed) {
        news.await();
      }
      return !waiting.isEmpty();
    } finally {
      lock.unlock();
    }
  }

  private List<T> take() {
    List<T> batch = new ArrayList<>();
    long bytes = 0;
    lock.lock();
    try {
      while (!waiting.isEmpty() && batch.size() < MAX_BATCH && bytes <= MAX_BATCH_BYTES) {
        T task = remove();
        bytes += task.bytes();
        batch.add(task);
      }
    } finally {
      lock.unlock();
    }
    return batch;
  }

  /** The connection, or null if there can be none now; then all that waited has failed. */
  private @Nullable Session connected() {
    Session known = session;
    if (known != null) {
      return known;
    }
    try {
      Session made = Session.open(settings.dataSource(), settings.schema(), settings.timeout());
      made.connection().setAutoCommit(false);
      session = made;
      turned(true, null);
      return made;
    } catch (SQLException | RuntimeException e) {
      turned(false, e);
      return null;
    }
  }

  private void turned(boolean now, @Nullable Exception why) {
    List<T> failed = List.of();
    boolean news;
    lock.lock();
    try {
      news = reachable != now;
      reachable = now;
      if (!now) {
        failed = new ArrayList<>(waiting);
        waiting.clear();
        waitingBytes = 0;
      }
    } finally {
      lock.unlock();
    }
    failed.forEach(task -> task.failed(away(why)));
    if (news) {
      if (now) {
        log.atInfo().addKeyValue("part", "broker").log("PostgreSQL is back ({})", thread.getName());
      } else {
        String reason = message(why);
        log.atWarn()
            .addKeyValue("part", "broker")
            .addKeyValue("reason", reason)
            .log("PostgreSQL cannot be reached ({}): {}", thread.getName(), reason);
      }
      weather.changed(now);
    }
  }

  private static String message(@Nullable Exception why) {
    return why == null ? "" : Objects.toString(why.getMessage(), why.getClass().getName());
  }

  private void carryOut(List<T> batch) {
    SQLException failure = null;
    for (int attempt = 1; attempt <= ATTEMPTS; attempt++) {
      Session with = connected();
      if (with == null) {
        fail(batch, failure);
        return;
      }
      try {
        work.run(with, batch);
      } catch (SQLException e) {
        failure = e;
        if (!undone(with, e)) {
          break;
        }
        continue; // nothing of it was committed, so nothing is done twice
      } catch (RuntimeException | Error e) {
        drop(with);
        batch.forEach(task -> task.failed(new RealtimeException("refused by PostgreSQL", e)));
        log.atError().addKeyValue("part", "broker").setCause(e).log("A task for PostgreSQL failed");
        return;
      }
      try {
        with.connection().commit();
      } catch (SQLException e) {
        drop(with);
        fail(batch, e);
        return;
      }
      batch.forEach(Task::done);
      return;
    }
    if (batch.size() > 1 && isOfOne(failure)) {
      batch.forEach(task -> carryOut(List.of(task)));
    } else {
      fail(batch, failure);
    }
  }

  /** Takes the transaction back; whether the same may go through now. */
  private boolean undone(Session with, SQLException e) {
    String state = Objects.toString(e.getSQLState(), "");
    // A table that is gone, or a server that takes no writes: another connection may do.
    boolean elsewhere = state.equals("42P01") || state.equals("25006");
    boolean usable = with.rollback();
    if (!usable || elsewhere) {
      drop(with);
    }
    return !usable || elsewhere || state.startsWith("40");
  }

  /** What the data of a single task may be to blame for. */
  private static boolean isOfOne(@Nullable SQLException e) {
    String state = e == null ? "" : Objects.toString(e.getSQLState(), "");
    return state.startsWith("22")
        || state.startsWith("23")
        || state.startsWith("54")
        || state.equals("57014"); // it took too long
  }

  private void drop(Session with) {
    session = null;
    with.discard();
  }

  private void fail(List<T> batch, @Nullable SQLException e) {
    log.atDebug()
        .addKeyValue("part", "broker")
        .setCause(e)
        .log("{} tasks for PostgreSQL failed", batch.size());
    RealtimeException why = new RealtimeException("PostgreSQL could not do it", e);
    batch.forEach(task -> task.failed(why));
  }

  private void end() {
    List<T> left;
    lock.lock();
    try {
      closed = true;
      left = new ArrayList<>(waiting);
      waiting.clear();
    } finally {
      lock.unlock();
    }
    left.forEach(task -> task.failed(new RealtimeException("the broker is closed", null)));
    Session last = session;
    session = null;
    if (last != null) {
      last.close();
    }
  }

  /** Does what waits, for at most three seconds, and gives the connection back. */
  @Override
  public void close() {
    lock.lock();
    try {
      closed = true;
      news.signalAll();
    } finally {
      lock.unlock();
    }
    if (!thread.isAlive()) {
      return;
    }
    try {
      thread.join(PATIENCE.toMillis());
      Session stuck = session;
      if (thread.isAlive() && stuck != null) {
        stuck.abort();
      }
      if (thread.isAlive()) {
        thread.interrupt();
        thread.join(PATIENCE.toMillis());
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }
}
