package dev.tidewire.redis;

import dev.tidewire.broker.Early;
import dev.tidewire.presence.Member.Link;
import dev.tidewire.presence.PresenceDiff;
import dev.tidewire.presence.PresenceListener;
import dev.tidewire.presence.PresenceState;
import dev.tidewire.redis.RoomScripts.Revision;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Iterator;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * A channel's members as this node knows them: how far it has heard the differences, and what it
 * wants of its own connections there. Differences are told one after the other; where some are
 * missing, those that follow wait until the whole state was read and told in their place.
 *
 * <p>Safe for any thread. All state is guarded by the lock, under which nothing is called but the
 * listener, which only takes note.
 */
final class RedisRoom {

  /** What the room wants to ask Redis. */
  enum Question {
    NONE,
    /** How far it is. */
    LOOK,
    /** Who is there. */
    READ
  }

  private static final long RETRY_NANOS = Duration.ofSeconds(1).toNanos();
  private static final long PATIENCE_NANOS = Duration.ofMillis(200).toNanos();

  /** Somebody who is answered when the listener has heard everything up to a revision. */
  private record Waiter(Revision upTo, List<CompletableFuture<Void>> answers) {}

  private final ReentrantLock lock = new ReentrantLock();
  private final String topic;
  private final PresenceListener listener;

  private final Handover handover = new Handover();
  private final Wishes wishes = new Wishes();
  private final List<Waiter> waiters = new ArrayList<>();
  private List<CompletableFuture<PresenceState>> askers = new ArrayList<>();
  private List<CompletableFuture<PresenceState>> asked = List.of();

  private boolean hearing;
  private @Nullable Revision last;
  private final Early<PresenceDiff> early = new Early<>();

  /** How far the room is known to be, in the epoch of {@code last}, and since when. */
  private long known;

  private long behindSince;

  /** How often differences were found missing, and up to which time the state was told for it. */
  private long losses;

  private long told;
  private long lossesAtQuestion;
  private boolean asking;
  private long notBefore = System.nanoTime();
  private long quietSince = notBefore;
  private long usedAt = notBefore;

  RedisRoom(String topic, PresenceListener listener) {
    this.topic = topic;
    this.listener = listener;
  }

  String topic() {
    return topic;
  }

  /** Up to where the listener has heard the room. */
  Revision known() {
    lock.lock();
    try {
      return last == null ? Revision.UNKNOWN : last;
    } finally {
      lock.unlock();
    }
  }

  /** A connection of this node is to be present, or absent if {@code link} is null. */
  void want(
      String userId,
      String connectionId,
      @Nullable Link link,
      PresenceDiff.Reason reason,
      CompletableFuture<Void> answer) {
    lock.lock();
    try {
      usedAt = System.nanoTime();
      if (!wishes.add(userId, connectionId, link, reason, answer)) {
        handover.answer(() -> answer.complete(null));
      }
    } finally {
      lock.unlock();
    }
  }

  /** Somebody wants to know who is there from now on. */
  void ask(CompletableFuture<PresenceState> answer) {
    lock.lock();
    try {
      usedAt = System.nanoTime();
      askers.add(answer);
    } finally {
      lock.unlock();
    }
  }

  /** Redis may not have what this node wanted. */
  void again() {
    lock.lock();
    try {
      wishes.again();
    } finally {
      lock.unlock();
    }
  }

  /** What is to be carried out now. */
  List<Wishes.Order> orders(long now) {
    lock.lock();
    try {
      boolean canBe = isHeard() && now - notBefore >= 0;
      return canBe ? wishes.take() : List.of();
    } finally {
      lock.unlock();
    }
  }

  void carriedOut(Wishes.Order order, Revision revision) {
    lock.lock();
    try {
      wishes.outcome(order, true);
      waiters.add(new Waiter(revision, order.answers()));
      if (last != null && !last.epoch().equals(revision.epoch())) {
        losses++;
      }
      settle();
    } finally {
      lock.unlock();
    }
  }

  void failed(Wishes.Order order, Throwable failure) {
    lock.lock();
    try {
      wishes.outcome(order, false);
      notBefore = System.nanoTime() + RETRY_NANOS;
      fail(order.answers(), failure);
    } finally {
      lock.unlock();
    }
  }

  /** From here on all differences come. What came before is unknown. */
  void subscribed() {
    lock.lock();
    try {
      hearing = true;
      notBefore = System.nanoTime();
      if (last != null) {
        losses++;
      }
    } finally {
      lock.unlock();
    }
  }

  /** Nothing is heard any more for now: nobody is left to wait. */
  void lost(Throwable failure) {
    lock.lock();
    try {
      hearing = false;
      unreachable(failure);
      waiters.forEach(waiter -> fail(waiter.answers(), failure));
      waiters.clear();
    } finally {
      lock.unlock();
    }
  }

  /** Redis cannot be reached: who waits for what was not begun is told so. */
  void unreachable(Throwable failure) {
    lock.lock();
    try {
      fail(wishes.takeAnswers(), failure);
      if (!askers.isEmpty()) {
        losses++; // whoever was not told must be, in the end
        fail(askers, failure);
        askers = new ArrayList<>();
      }
    } finally {
      lock.unlock();
    }
  }

  private <T> void fail(List<CompletableFuture<T>> answers, Throwable failure) {
    answers.forEach(each -> handover.answer(() -> each.completeExceptionally(failure)));
  }

  /** A difference came. */
  void heard(RoomScripts.Told news, long now) {
    lock.lock();
    try {
      early.put(news.epoch(), news.diff().revision(), news.diff());
      if (last != null && !last.epoch().equals(news.epoch())) {
        losses++;
        return;
      }
      release();
      behind(news.diff().revision(), now);
    } finally {
      lock.unlock();
    }
  }

  /** What is to be asked now; the answer, or its failure, must follow. */
  Question question(long now, long checkInterval) {
    lock.lock();
    try {
      if (asking || !hearing || now - notBefore < 0) {
        return Question.NONE;
      }
      boolean isBehind = last != null && known > last.number();
      if (isHeard() && isBehind && now - behindSince >= PATIENCE_NANOS) {
        losses++;
      }
      if (isHeard() && askers.isEmpty() && now - quietSince < checkInterval) {
        return Question.NONE;
      }
      boolean isRead = !isHeard() || !askers.isEmpty();
      asking = true;
      lossesAtQuestion = losses;
      if (isRead) {
        asked = askers;
        askers = new ArrayList<>();
      }
      return isRead ? Question.READ : Question.LOOK;
    } finally {
      lock.unlock();
    }
  }

  /** Whether differences are told as they come. */
  private boolean isHeard() {
    return hearing && last != null && losses == told;
  }

  void looked(Revision at, long now) {
    lock.lock();
    try {
      asking = false;
      quietSince = now;
      if (last != null && !last.epoch().equals(at.epoch())) {
        losses++;
      } else {
        behind(at.number(), now);
      }
    } finally {
      lock.unlock();
    }
  }

  void read(PresenceState state, Revision at, long now) {
    lock.lock();
    try {
      asking = false;
      quietSince = now;
      asked.forEach(each -> handover.answer(() -> each.complete(state)));
      asked = List.of();
      if (!hearing) {
        return;
      }
      Revision before = last;
      boolean isNewLife = before != null && !before.epoch().equals(at.epoch());
      if (before == null || isNewLife || lossesAtQuestion != told) {
        last = at;
        known = at.number();
        if (isNewLife) {
          wishes.again();
        }
        if (isNewLife || lossesAtQuestion != told) {
          listener.onState(state);
          handover.news();
        }
        told = lossesAtQuestion;
      }
      if (losses == told) {
        early.keep(at.epoch());
      }
      release();
      behind(at.number(), now);
      settle();
    } finally {
      lock.unlock();
    }
  }

  /** The question was not answered; it is asked again, but not at once. */
  void unanswered(Throwable failure, long now) {
    lock.lock();
    try {
      asking = false;
      notBefore = now + RETRY_NANOS;
      if (!asked.isEmpty()) {
        losses++;
        fail(asked, failure);
        asked = List.of();
      }
    } finally {
      lock.unlock();
    }
  }

  private void behind(long number, long now) {
    Revision at = last;
    if (at != null && number > Math.max(at.number(), known)) {
      behindSince = known <= at.number() ? now : behindSince;
      known = number;
    }
  }

  /** Tells the listener everything that follows directly. */
  private void release() {
    Revision at = last;
    while (at != null && isHeard()) {
      PresenceDiff next = early.take(at.epoch(), at.number() + 1);
      if (next == null) {
        break;
      }
      at = new Revision(at.epoch(), next.revision());
      last = at;
      behindSince = System.nanoTime(); // a gap is where nothing moves
      listener.onDiff(next);
      handover.news();
    }
    settle();
  }

  /** Lets those go whose waiting is over. One for another life is answered when that is told. */
  private void settle() {
    Revision at = last;
    if (at == null || !isHeard()) {
      return;
    }
    for (Iterator<Waiter> each = waiters.iterator(); each.hasNext(); ) {
      Waiter waiter = each.next();
      if (!waiter.upTo().epoch().equals(at.epoch()) || waiter.upTo().number() <= at.number()) {
        each.remove();
        waiter.answers().forEach(it -> handover.answer(() -> it.complete(null)));
      }
    }
  }

  /** Whether something is to be handed on that nobody hands on; then the caller does. */
  boolean takeHandover() {
    return handover.take();
  }

  /** Hands on what was told, then has those answered who waited for it. */
  void handOn(Consumer<Runnable> answering) {
    handover.run(() -> listener.onReady(topic), answering);
  }

  boolean hasMembers() {
    lock.lock();
    try {
      return wishes.hasMembers();
    } finally {
      lock.unlock();
    }
  }

  /** Whether nobody has needed it for so long. */
  boolean isIdle(long now, long idleNanos) {
    lock.lock();
    try {
      return wishes.isEmpty()
          && askers.isEmpty()
          && asked.isEmpty()
          && waiters.isEmpty()
          && now - usedAt > idleNanos;
    } finally {
      lock.unlock();
    }
  }
}
