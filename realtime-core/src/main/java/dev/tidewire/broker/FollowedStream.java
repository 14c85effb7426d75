package dev.tidewire.broker;

import dev.tidewire.channel.Position;
import dev.tidewire.channel.Publication;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Iterator;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.locks.ReentrantLock;
import org.jspecify.annotations.Nullable;

/**
 * A channel that this node subscribes to and shares with others. What comes from the store comes by
 * three ways: messages, the answers to this node's own appends, and reads that repair a gap. Here
 * they become one sequence: whatever follows {@code last} directly is told to the listener, what is
 * beyond it waits for what lies between, the rest is known.
 *
 * <p>Safe for any thread. All state is guarded by the lock, under which nothing is called but the
 * listener, which only takes note.
 */
final class FollowedStream {

  /** What the stream wants done, outside of its lock. */
  enum Want {
    NOTHING,
    /** Ask the store how far the stream is. */
    CHECK,
    /** Read what comes after {@link #position}. */
    READ
  }

  private static final long RETRY_NANOS = Duration.ofSeconds(1).toNanos();

  /** Somebody who is answered when the listener has heard everything up to a position. */
  private record Waiter(Position upTo, CompletableFuture<Void> answer) {}

  private final ReentrantLock lock = new ReentrantLock();
  private final String topic;
  private final BrokerListener listener;
  private final Early<Publication> early = new Early<>();
  private final List<Waiter> waiters = new ArrayList<>();
  private @Nullable Position last;

  /** Completed once {@code last} is known. */
  private CompletableFuture<Void> placed = new CompletableFuture<>();

  private boolean asking = true; // whoever makes it does so

  /** Whether something came that only the store can explain. */
  private boolean unsure = true;

  /** How far the stream is known to be, in the epoch of {@code last}, and since when. */
  private long known;

  /** How far it can be read in the log at once, because nothing of it is on its way. */
  private long readable;

  private long behindSince;
  private long quietSince;
  private boolean told;
  private boolean handingOn;
  private long notBefore = System.nanoTime();

  // Guarded by the broker's map entry.
  private int subscribers;

  FollowedStream(String topic, BrokerListener listener) {
    this.topic = topic;
    this.listener = listener;
  }

  String topic() {
    return topic;
  }

  /** Under the broker's map entry: one subscriber more or less; returns how many there are now. */
  int count(int change) {
    subscribers += change;
    return subscribers;
  }

  /** Up to where the listener has heard everything; null before that is known. */
  @Nullable Position position() {
    lock.lock();
    try {
      return last;
    } finally {
      lock.unlock();
    }
  }

  /** Completes when {@link #position} is known: what is read before may end before it. */
  CompletableFuture<Void> placed() {
    lock.lock();
    try {
      return placed;
    } finally {
      lock.unlock();
    }
  }

  /** A check has ended; outside of the lock. */
  void settle(@Nullable Throwable failure) {
    CompletableFuture<Void> done;
    lock.lock();
    try {
      done = placed;
      if (failure != null && last == null) {
        placed = new CompletableFuture<>();
      }
    } finally {
      lock.unlock();
    }
    if (failure == null) {
      done.complete(null);
    } else {
      done.completeExceptionally(failure);
    }
  }

  /** Whether the listener was told something that nobody has handed on; the caller does. */
  boolean takeTold() {
    lock.lock();
    try {
      boolean news = told && !handingOn;
      handingOn |= news;
      return news;
    } finally {
      lock.unlock();
    }
  }

  /** Everything told so far is about to be handed on. */
  void handOn() {
    lock.lock();
    try {
      told = false;
      handingOn = false;
    } finally {
      lock.unlock();
    }
    listener.onReady(topic);
  }

  /** Whose waiting is over; to be completed outside of the lock. */
  List<CompletableFuture<Void>> heard() {
    lock.lock();
    try {
      if (waiters.isEmpty() || last == null) {
        return List.of();
      }
      List<CompletableFuture<Void>> done = new ArrayList<>();
      for (Iterator<Waiter> each = waiters.iterator(); each.hasNext(); ) {
        Waiter waiter = each.next();
        if (isPast(waiter.upTo(), last)) {
          each.remove();
          done.add(waiter.answer());
        }
      }
      return done;
    } finally {
      lock.unlock();
    }
  }

  /** One of another epoch is answered when it is sure which epoch is the present one. */
  private boolean isPast(Position upTo, Position now) {
    return upTo.epoch().equals(now.epoch())
        ? upTo.offset() <= now.offset()
        : !unsure && !upTo.epoch().equals(early.epoch());
  }

  /** Nothing is heard any more for now: nobody is left to wait. */
  List<CompletableFuture<Void>> abandon() {
    lock.lock();
    try {
      List<CompletableFuture<Void>> all = waiters.stream().map(Waiter::answer).toList();
      waiters.clear();
      unsure = true;
      notBefore = System.nanoTime();
      return all;
    } finally {
      lock.unlock();
    }
  }

  /**
   * A publication is known.
   *
   * @param inTurn whether all before it have come by the same way, or never will
   * @param answer completed once the listener has heard it, or null
   */
  Want offer(
      Publication publication, boolean inTurn, @Nullable CompletableFuture<Void> answer, long now) {
    Position at = publication.position();
    lock.lock();
    try {
      if (answer != null) {
        waiters.add(new Waiter(at, answer));
      }
      Position before = last;
      if (before == null || !before.epoch().equals(at.epoch())) {
        hold(publication);
        unsure = true;
        return before == null ? Want.NOTHING : want(Want.CHECK); // null: a check is under way
      }
      if (at.offset() <= before.offset()) {
        return Want.NOTHING;
      }
      hold(publication);
      release();
      return at.offset() > offset() ? behind(at.offset(), inTurn, now) : Want.NOTHING;
    } finally {
      lock.unlock();
    }
  }

  /** A publication is in the store, where it is to be read: nothing else will bring it. */
  Want announced(Position at, long now) {
    lock.lock();
    try {
      Position before = last;
      if (before == null || !before.epoch().equals(at.epoch())) {
        unsure = true;
        return before == null ? Want.NOTHING : want(Want.CHECK); // null: a check is under way
      }
      if (at.offset() <= before.offset()) {
        return Want.NOTHING;
      }
      readable = Math.max(readable, at.offset());
      return behind(at.offset(), true, now);
    } finally {
      lock.unlock();
    }
  }

  /** The store says how far the stream is. */
  Want checked(Position present, boolean urgent, long now) {
    lock.lock();
    try {
      asking = false;
      unsure = false;
      quietSince = now;
      Position before = last;
      if (before == null) {
        last = present;
      } else if (!before.epoch().equals(present.epoch())) {
        lose(Tail.Outcome.EPOCH, new Position(present.epoch(), 0));
      }
      early.keep(present.epoch());
      release();
      return present.offset() > offset() ? behind(present.offset(), urgent, now) : Want.NOTHING;
    } finally {
      lock.unlock();
    }
  }

  /** What a read after {@code since} found. */
  Want repaired(Position since, Tail tail, long now) {
    lock.lock();
    try {
      asking = false;
      Position before = last;
      if (before == null || !before.epoch().equals(since.epoch())) {
        return Want.NOTHING; // it was asked for an earlier life
      }
      switch (tail.outcome()) {
        case EPOCH -> {
          unsure = true;
          return want(Want.CHECK);
        }
        case EVICTED -> {
          if (tail.position().offset() > before.offset()) {
            lose(Tail.Outcome.EVICTED, tail.position());
          }
        }
        case COMPLETE -> tail.publications().forEach(this::hold);
      }
      release();
      return known > offset() ? behind(known, readable > offset(), now) : Want.NOTHING;
    } finally {
      lock.unlock();
    }
  }

  /** The question was not answered; it is asked again, but not at once. */
  void failed(long now) {
    lock.lock();
    try {
      asking = false;
      unsure = true;
      notBefore = now + RETRY_NANOS;
    } finally {
      lock.unlock();
    }
  }

  /** What is due: a gap that did not close by itself, or a look after a quiet time. */
  Want due(long now, long patience, long checkInterval) {
    lock.lock();
    try {
      if (asking || now - notBefore < 0) {
        return Want.NOTHING;
      }
      if (unsure) {
        return want(Want.CHECK);
      }
      if (known > offset()) {
        return now - behindSince >= patience ? want(Want.READ) : Want.NOTHING;
      }
      return now - quietSince >= checkInterval ? want(Want.CHECK) : Want.NOTHING;
    } finally {
      lock.unlock();
    }
  }

  private Want want(Want what) {
    if (asking) {
      return Want.NOTHING;
    }
    asking = true;
    return what;
  }

  private Want behind(long offset, boolean urgent, long now) {
    if (known <= offset()) {
      behindSince = now;
    }
    known = Math.max(known, offset);
    return urgent ? want(Want.READ) : Want.NOTHING;
  }

  private long offset() {
    return last == null ? 0 : last.offset();
  }

  private void hold(Publication publication) {
    Position at = publication.position();
    early.put(at.epoch(), at.offset(), publication);
  }

  /** Tells the listener everything that follows directly. */
  private void release() {
    Position at = last;
    while (at != null) {
      Publication next = early.take(at.epoch(), at.offset() + 1);
      if (next == null) {
        break;
      }
      at = next.position();
      last = at;
      told = true;
      behindSince = System.nanoTime(); // a gap is where nothing moves
      listener.onPublication(next);
    }
  }

  private void lose(Tail.Outcome why, Position position) {
    last = position;
    known = position.offset();
    readable = 0;
    told = true;
    listener.onLost(topic, why, position);
  }
}
