package dev.tidewire;

import dev.tidewire.AccessPolicy.Action;
import dev.tidewire.presence.PresenceDiff.Reason;
import dev.tidewire.presence.PresenceTracker;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.Iterator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.Function;
import java.util.function.Predicate;
import java.util.function.UnaryOperator;
import org.jspecify.annotations.Nullable;

/**
 * Connections that were lost and whose users may still come back. Until the grace window is over
 * they stay present; a user who tracks again meanwhile, here or on another node, was never away,
 * because to the tracker that is one more connection of a member who is there.
 *
 * <p>The scan that looks after sessions looks after these, too. At most {@value #MAX_CONNECTIONS}
 * are kept: with more, the window of the oldest is over. Safe for any thread; the tracker is never
 * called under the lock.
 */
final class Absences {

  static final int MAX_CONNECTIONS = 10_000;

  /** A lost connection. */
  private static final class Absence {
    final String connection;
    final Standing who;
    final Reason reason;
    final long until;
    // Guarded by the lock.
    final Set<String> topics = ConcurrentHashMap.newKeySet(2); // read without it

    Absence(String connection, Standing who, Reason reason, long until, Set<String> topics) {
      this.connection = connection;
      this.who = who;
      this.reason = reason;
      this.until = until;
      this.topics.addAll(topics);
    }
  }

  /** Somebody who is to leave a channel now. */
  private record Leave(String topic, String userId, String connection, Reason reason) {}

  private final PresenceTracker tracker;
  private final Duration grace;
  private final long graceMs;
  private final ReentrantLock lock = new ReentrantLock();
  private final Map<String, Absence> oldestFirst = new LinkedHashMap<>();
  private final Map<String, ArrayDeque<Absence>> byUser = new HashMap<>();
  private boolean closed;

  Absences(PresenceTracker tracker, Duration grace) {
    this.tracker = tracker;
    this.grace = grace;
    this.graceMs = grace.toMillis();
  }

  Duration grace() {
    return grace;
  }

  /** Whether anybody is waited for at all. */
  boolean areKept() {
    return graceMs > 0;
  }

  /**
   * A connection was lost.
   *
   * @param topics where it is present
   * @param reason why it leaves if the user does not come back
   */
  void begin(String connection, Standing who, Set<String> topics, Reason reason, long now) {
    Absence absence = new Absence(connection, who, reason, now + graceMs, topics);
    List<Leave> leaves = new ArrayList<>();
    lock.lock();
    try {
      if (closed) {
        leaveAll(absence, reason, leaves);
      } else {
        oldestFirst.put(connection, absence);
        byUser.computeIfAbsent(who.identity().userId(), user -> new ArrayDeque<>(2)).add(absence);
        if (oldestFirst.size() > MAX_CONNECTIONS) {
          Absence oldest = oldestFirst.values().iterator().next();
          oldestFirst.remove(oldest.connection);
          forget(oldest);
          leaveAll(oldest, oldest.reason, leaves);
        }
      }
    } finally {
      lock.unlock();
    }
    carryOut(leaves);
  }

  /** The user is present in the channel over another connection: one lost one is not needed. */
  void end(String userId, String topic) {
    List<Leave> leaves = new ArrayList<>(1);
    lock.lock();
    try {
      for (Absence absence : byUser.getOrDefault(userId, new ArrayDeque<>(0))) {
        if (absence.topics.remove(topic)) {
          leaves.add(new Leave(topic, userId, absence.connection, absence.reason));
          if (absence.topics.isEmpty()) {
            oldestFirst.remove(absence.connection);
            forget(absence);
          }
          break;
        }
      }
    } finally {
      lock.unlock();
    }
    carryOut(leaves);
  }

  /** Called about once a second: whoever did not come back in time leaves. */
  void check(long now) {
    endWhere(absence -> isOver(absence, now));
  }

  private static @Nullable Reason isOver(Absence absence, long now) {
    Instant expiry = absence.who.identity().expiresAt();
    if (expiry != null && expiry.toEpochMilli() <= now) {
      return Reason.LOGOUT;
    }
    return absence.until <= now ? absence.reason : null;
  }

  /** Those whose identity the predicate picks may not be here any more. */
  void revoke(Predicate<Identity> whose) {
    endWhere(absence -> absence.who.is(whose) ? Reason.LOGOUT : null);
  }

  /** Those who may not be seen everywhere any more do not stay anywhere. */
  void recheck(Predicate<Identity> whose, UnaryOperator<Identity> change, AccessControl access) {
    endWhere(
        absence -> {
          if (!absence.who.is(whose)) {
            return null;
          }
          Identity now = absence.who.changed(change).identity();
          return absence.topics.stream()
                  .allMatch(topic -> access.allows(now, topic, Action.PRESENCE_WRITE))
              ? null
              : Reason.LOGOUT;
        });
  }

  /** Revokes one connection. */
  void revoke(String connection) {
    endWhere(absence -> absence.connection.equals(connection) ? Reason.LOGOUT : null);
  }

  /** The bus ends: nobody is waited for any more. */
  void close() {
    lock.lock();
    try {
      closed = true;
    } finally {
      lock.unlock();
    }
    endWhere(absence -> absence.reason);
  }

  /**
   * Ends those for which the function has a reason. It is the application's: not under the lock.
   */
  private void endWhere(Function<Absence, @Nullable Reason> why) {
    Map<Absence, Reason> over = new LinkedHashMap<>();
    for (Absence absence : now()) {
      Reason reason = why.apply(absence);
      if (reason != null) {
        over.put(absence, reason);
      }
    }
    List<Leave> leaves = new ArrayList<>();
    lock.lock();
    try {
      over.forEach(
          (absence, reason) -> {
            if (oldestFirst.remove(absence.connection, absence)) {
              forget(absence);
              leaveAll(absence, reason, leaves);
            }
          });
    } finally {
      lock.unlock();
    }
    carryOut(leaves);
  }

  private List<Absence> now() {
    lock.lock();
    try {
      return List.copyOf(oldestFirst.values());
    } finally {
      lock.unlock();
    }
  }

  /** Under the lock. */
  private void forget(Absence absence) {
    byUser.computeIfPresent(
        absence.who.identity().userId(),
        (user, absences) -> {
          for (Iterator<Absence> all = absences.iterator(); all.hasNext(); ) {
            if (all.next().connection.equals(absence.connection)) {
              all.remove();
            }
          }
          return absences.isEmpty() ? null : absences;
        });
  }

  /** Under the lock. */
  private static void leaveAll(Absence absence, Reason reason, List<Leave> to) {
    for (String topic : absence.topics) {
      to.add(new Leave(topic, absence.who.identity().userId(), absence.connection, reason));
    }
  }

  private void carryOut(List<Leave> leaves) {
    for (Leave leave : leaves) {
      SessionPresence.leave(
          tracker, leave.topic(), leave.userId(), leave.connection(), leave.reason());
    }
  }

  /** How many lost connections are waited for. */
  int count() {
    lock.lock();
    try {
      return oldestFirst.size();
    } finally {
      lock.unlock();
    }
  }
}
