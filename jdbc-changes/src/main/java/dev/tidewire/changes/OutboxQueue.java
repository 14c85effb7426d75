package dev.tidewire.changes;

import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;
import java.util.TreeMap;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;
import org.jspecify.annotations.Nullable;

/**
 * What the threads that commit tell the relay: which transactions are about to commit, which have
 * done so, and what else there is to do. Safe for any thread.
 */
final class OutboxQueue {

  static final long IDLE_NANOS = TimeUnit.SECONDS.toNanos(1);

  private final ReentrantLock lock = new ReentrantLock();
  private final Condition changed = lock.newCondition();
  private final int maxWaitingItems;
  private final long patienceNanos;

  /** Committed, by number; guarded by the lock, as what follows. */
  private final TreeMap<Long, OutboxRow> waiting = new TreeMap<>();

  /**
   * Numbers of this node whose COMMIT has not returned, and since when. Others may see such a
   * transaction before it is on the disk (H2 shows it first and writes then), so it must not be
   * published yet.
   */
  private final TreeMap<Long, Long> inFlight = new TreeMap<>();

  private List<Runnable> marks = new ArrayList<>();
  private Set<String> resets = new LinkedHashSet<>();
  private final Set<String> later = new LinkedHashSet<>();
  private long laterNanos;
  private int waitingItems;
  private long newestOwn;
  private boolean looking = true;
  private boolean closing;
  private boolean stopped;

  /**
   * @param patience how long a COMMIT that does not return may hold up those after it
   */
  OutboxQueue(int maxWaitingItems, Duration patience) {
    this.maxWaitingItems = maxWaitingItems;
    this.patienceNanos = patience.toNanos();
  }

  /** Tells that a transaction is about to commit; {@link #offer} or {@link #ended} follows. */
  void begin(List<OutboxRow> rows) {
    long now = System.nanoTime();
    change(
        () -> {
          for (OutboxRow row : rows) {
            inFlight.put(row.number(), now);
            newestOwn = Math.max(newestOwn, row.number());
          }
        });
  }

  /** Tells that only the table knows whether a transaction was committed. */
  void ended(List<OutboxRow> rows) {
    change(
        () -> {
          rows.forEach(row -> inFlight.remove(row.number()));
          looking = true;
        });
  }

  /** Takes a committed transaction. */
  void offer(List<OutboxRow> rows) {
    change(
        () -> {
          for (OutboxRow row : rows) {
            inFlight.remove(row.number());
            if (stopped || waitingItems + row.items().size() > maxWaitingItems) {
              looking = true; // it is in the table
            } else {
              waiting.put(row.number(), row);
              waitingItems += row.items().size();
            }
          }
        });
  }

  /** Has the table looked at. */
  void look() {
    change(() -> looking = true);
  }

  /** Has a channel reset, after everything that is committed by now. */
  void reset(String topic) {
    change(() -> resets.add(topic));
  }

  /** The same in a second, because it did not succeed just now. */
  void resetLater(String topic) {
    change(
        () -> {
          if (later.isEmpty()) {
            laterNanos = System.nanoTime() + IDLE_NANOS;
          }
          later.add(topic);
        });
  }

  /** Has something run after everything that is committed by now; false if it never will be. */
  boolean mark(Runnable mark) {
    lock.lock();
    try {
      if (!stopped) {
        marks.add(mark);
        changed.signalAll();
      }
      return !stopped;
    } finally {
      lock.unlock();
    }
  }

  void close() {
    change(() -> closing = true);
  }

  /** From now on nobody takes anything. */
  void stop() {
    change(
        () -> {
          stopped = true;
          waiting.clear();
          waitingItems = 0;
        });
  }

  private void change(Runnable change) {
    lock.lock();
    try {
      change.run();
      changed.signalAll();
    } finally {
      lock.unlock();
    }
  }

  /**
   * Waits for something to do.
   *
   * @param nanos at most
   * @param patient whether to wait so long whatever there is, because something has failed
   * @return false if it is the last time
   */
  boolean await(long nanos, boolean patient) throws InterruptedException {
    lock.lockInterruptibly();
    try {
      long wait = nanos;
      while (!closing && wait > 0 && (patient || !hasWork())) {
        wait = changed.awaitNanos(wait);
      }
      looking |= wait <= 0 || closing;
      if (!later.isEmpty() && System.nanoTime() - laterNanos >= 0) {
        resets.addAll(later);
        later.clear();
      }
      return !closing;
    } finally {
      lock.unlock();
    }
  }

  private boolean hasWork() {
    return looking || isNextThere() || !marks.isEmpty() || !resets.isEmpty();
  }

  /** Something waits, and nothing before it is still committing. */
  private boolean isNextThere() {
    return !waiting.isEmpty() && waiting.firstKey() < firstInFlight();
  }

  private long firstInFlight() {
    long now = System.nanoTime();
    while (!inFlight.isEmpty() && now - inFlight.firstEntry().getValue() > patienceNanos) {
      inFlight.pollFirstEntry();
    }
    return inFlight.isEmpty() ? Long.MAX_VALUE : inFlight.firstKey();
  }

  /** Before this number, every transaction of this node has ended one way or the other. */
  long settledBefore() {
    lock.lock();
    try {
      return firstInFlight();
    } finally {
      lock.unlock();
    }
  }

  /**
   * Takes the next transaction, if nothing can be missing between it and the last.
   *
   * @param last the last number that was taken
   * @param complete up to here nothing else can come
   */
  @Nullable OutboxRow next(long last, long complete) {
    lock.lock();
    try {
      while (!waiting.isEmpty() && waiting.firstKey() <= Math.max(last + 1, complete)) {
        OutboxRow first = waiting.pollFirstEntry().getValue();
        waitingItems -= first.items().size();
        if (first.number() > last) {
          return first;
        }
      }
      return null;
    } finally {
      lock.unlock();
    }
  }

  /** The last number that this node has written. */
  long newestOwn() {
    lock.lock();
    try {
      return newestOwn;
    } finally {
      lock.unlock();
    }
  }

  /** The last number that waits, or 0. */
  long newest() {
    lock.lock();
    try {
      return waiting.isEmpty() ? 0 : waiting.lastKey();
    } finally {
      lock.unlock();
    }
  }

  /** Row changes that wait here. */
  int waitingItems() {
    lock.lock();
    try {
      return waitingItems;
    } finally {
      lock.unlock();
    }
  }

  /** Whether the table is to be looked at; not again until something new happens. */
  boolean isLooking() {
    lock.lock();
    try {
      boolean look = looking || isNextThere();
      looking = false;
      return look;
    } finally {
      lock.unlock();
    }
  }

  /**
   * What was asked for since the last time.
   *
   * @param resets channels to be reset
   */
  record Asked(List<Runnable> marks, Set<String> resets) {
    boolean isEmpty() {
      return marks.isEmpty() && resets.isEmpty();
    }
  }

  Asked asked() {
    lock.lock();
    try {
      Asked asked = new Asked(marks, resets);
      marks = new ArrayList<>();
      resets = new LinkedHashSet<>();
      return asked;
    } finally {
      lock.unlock();
    }
  }
}
