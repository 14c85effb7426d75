package dev.tidewire.changes;

import java.time.Duration;
import java.util.ArrayList;
import java.util.Collection;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.LongSupplier;
import org.jspecify.annotations.Nullable;

/**
 * Puts committed transactions in commit order and hands them to the publisher.
 *
 * <p>A ticket is drawn just before COMMIT, while the transaction still holds its row locks, and
 * settled after it. Whoever writes the same row next can only draw after that, so ticket order
 * never contradicts the order of the database, whereas the order in which {@code commit()} returns
 * does. Nobody waits here: a committing thread settles and goes on, only the publisher waits for
 * the first ticket.
 *
 * <p>Bounded: when more rows wait than the limit, a transaction becomes resets of its tables,
 * carried by the ticket drawn last, so that no row change can follow a reset that already told of
 * it. A ticket that stays open while others wait (a COMMIT that hangs) is passed over after a
 * while; if it is settled later its tables are reset.
 *
 * <p>Safe for any thread; {@link #take} is for one.
 */
final class CommitSequencer {

  /** One transaction's place in the order. */
  static final class Ticket {
    private final long number;
    private final long drawn;
    private final Set<CapturedTable> resets = new LinkedHashSet<>();
    private List<Change> changes = List.of();
    private @Nullable Runnable mark;
    private boolean settled;
    private long settledAt;
    private boolean passedOver;

    private Ticket(long number, long drawn) {
      this.number = number;
      this.drawn = drawn;
      this.settledAt = drawn;
    }
  }

  /**
   * A committed transaction, ready to be published.
   *
   * @param settledAt when that was, on the sequencer's clock
   * @param mark what to run when it is, if somebody waits for this place in the order; or null
   */
  record Commit(long number, long settledAt, List<Change> changes, @Nullable Runnable mark) {}

  private final ReentrantLock lock = new ReentrantLock();
  private final Condition changed = lock.newCondition();
  private final LinkedHashSet<Ticket> waiting = new LinkedHashSet<>();
  private final CommitWatch watch = new CommitWatch();
  private final int maxRows;
  private final long patienceNanos;
  private final LongSupplier nanoTime;
  private @Nullable Ticket last;

  /** The ticket that was last given the resets of others. */
  private @Nullable Ticket carrier;

  private long drawn;
  private int rows;
  private boolean closed;
  private boolean stopped;

  /**
   * @param maxRows row changes that may wait
   * @param patience how long an open ticket may hold up the others
   */
  CommitSequencer(int maxRows, Duration patience, LongSupplier nanoTime) {
    this.maxRows = maxRows;
    this.patienceNanos = patience.toNanos();
    this.nanoTime = nanoTime;
  }

  int maxRows() {
    return maxRows;
  }

  /** Takes the next place. Every ticket must be settled. */
  Ticket draw() {
    lock.lock();
    try {
      return append();
    } finally {
      lock.unlock();
    }
  }

  /** Of the threads that settle. */
  CommitWatch watch() {
    return watch;
  }

  /** Tells what was committed by this thread; an empty list if nothing was. */
  void settle(Ticket ticket, List<Change> changes) {
    watch.note(changes);
    lock.lock();
    try {
      if (stopped) {
        return;
      }
      ticket.settledAt = nanoTime.getAsLong();
      if (ticket.passedOver) {
        if (!changes.isEmpty()) {
          carry(append(), tables(changes)).settled = true;
        }
      } else if (rows > 0 && rows + changes.size() > maxRows) {
        ticket.settled = true;
        overflow(last == null ? ticket : last, tables(changes));
      } else {
        rows += changes.size();
        ticket.changes = changes;
        ticket.settled = true;
      }
      if (ticket != last && ticket.changes.isEmpty() && ticket.resets.isEmpty()) {
        waiting.remove(ticket);
      }
      changed.signalAll();
    } finally {
      lock.unlock();
    }
  }

  /** Tells at once, outside of any transaction, that tables are to be loaded again. */
  void reset(Collection<CapturedTable> tables) {
    if (!tables.isEmpty()) {
      settle(draw(), tables.stream().map(Change::reset).toList());
    }
  }

  /**
   * Has something run by who takes, after everything that has a place now.
   *
   * @return false if nobody takes any more
   */
  boolean mark(Runnable mark) {
    lock.lock();
    try {
      if (stopped) {
        return false;
      }
      Ticket ticket = append();
      ticket.mark = mark;
      ticket.settled = true;
      changed.signalAll();
      return true;
    } finally {
      lock.unlock();
    }
  }

  /**
   * Waits for the next transaction in order.
   *
   * @return null if none came in time, or none can come any more
   */
  @Nullable Commit take(Duration timeout) throws InterruptedException {
    long deadline = nanoTime.getAsLong() + timeout.toNanos();
    lock.lockInterruptibly();
    try {
      while (true) {
        long now = nanoTime.getAsLong();
        long wait = deadline - now;
        if (!waiting.isEmpty()) {
          Ticket first = waiting.iterator().next();
          if (first.settled) {
            waiting.remove(first);
            rows -= first.changes.size();
            return new Commit(first.number, first.settledAt, content(first), first.mark);
          }
          long patience = first.drawn + patienceNanos - now;
          if (waiting.size() > 1 && patience <= 0) {
            passOver(first);
            continue;
          }
          wait = waiting.size() > 1 ? Math.min(wait, patience) : wait;
        }
        if (deadline - now <= 0 || (closed && waiting.isEmpty())) {
          return null;
        }
        changed.awaitNanos(wait);
      }
    } finally {
      lock.unlock();
    }
  }

  /** Nanoseconds since it was committed. */
  long age(Commit commit) {
    return nanoTime.getAsLong() - commit.settledAt();
  }

  /** Row changes that wait to be taken. */
  int waitingRows() {
    lock.lock();
    try {
      return stopped ? 0 : rows;
    } finally {
      lock.unlock();
    }
  }

  /** From now on nobody takes anything. */
  void stop() {
    lock.lock();
    try {
      stopped = true;
      waiting.clear();
    } finally {
      lock.unlock();
    }
  }

  /** No more waiting for transactions that have not begun to commit. */
  void close() {
    lock.lock();
    try {
      closed = true;
      changed.signalAll();
    } finally {
      lock.unlock();
    }
  }

  private Ticket append() {
    Ticket ticket = new Ticket(++drawn, nanoTime.getAsLong());
    if (!stopped) {
      waiting.add(ticket);
    }
    last = ticket;
    return ticket;
  }

  /** Moves what is carried for others on to the ticket drawn last, so that one carries it all. */
  private void overflow(Ticket to, Set<CapturedTable> tables) {
    Ticket from = carrier;
    if (from != null && from != to && from.settled && waiting.contains(from)) {
      carry(to, from.resets);
      from.resets.clear();
      if (from.changes.isEmpty() && from.mark == null) {
        waiting.remove(from);
      }
    }
    carrier = carry(to, tables);
  }

  private void passOver(Ticket ticket) {
    ticket.passedOver = true;
    waiting.remove(ticket);
    if (!ticket.resets.isEmpty()) {
      carry(waiting.iterator().next(), ticket.resets);
    }
  }

  private static Ticket carry(Ticket ticket, Collection<CapturedTable> tables) {
    ticket.resets.addAll(tables);
    return ticket;
  }

  private static Set<CapturedTable> tables(List<Change> changes) {
    Set<CapturedTable> tables = new LinkedHashSet<>();
    changes.forEach(change -> tables.add(change.table()));
    return tables;
  }

  /** The changes of a ticket and then the resets that it carries for others. */
  private static List<Change> content(Ticket ticket) {
    if (ticket.resets.isEmpty()) {
      return ticket.changes;
    }
    List<Change> content = new ArrayList<>(ticket.changes);
    ticket.resets.forEach(table -> content.add(Change.reset(table)));
    return content;
  }
}
