package dev.tidewire.changes.postgres;

import dev.tidewire.RealtimeException;
import dev.tidewire.presence.Member.Link;
import dev.tidewire.presence.PresenceDiff;
import dev.tidewire.presence.PresenceListener;
import dev.tidewire.presence.PresenceState;
import dev.tidewire.presence.PresenceTracker;
import java.security.SecureRandom;
import java.sql.SQLException;
import java.time.Duration;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.Executor;
import java.util.concurrent.atomic.AtomicBoolean;
import org.jspecify.annotations.Nullable;

/**
 * Knows who is present on any node that shares the tables. Every node keeps a mirror of all rooms,
 * which answers {@link #state}; a stage completes when the change has come back to this node by the
 * way all nodes hear of it.
 *
 * <p>What this node's own connections want is kept here: after a failure, or when somebody took
 * this node for dead, the tables are made to say the same.
 *
 * <p>Safe for any thread. All mirrors are guarded by one lock, under which nothing is called but
 * the listener, which only takes note.
 */
final class PostgresPresenceTracker implements PresenceTracker {

  private static final long BEAT_NANOS = Duration.ofSeconds(1).toNanos();
  private static final long FORGET_NANOS = Duration.ofMinutes(1).toNanos();

  private record Mine(String topic, String userId, String connectionId) {}

  private final ConcurrentHashMap<Mine, Link> mine = new ConcurrentHashMap<>();
  private final AtomicBoolean dirty = new AtomicBoolean();
  private final AtomicBoolean beating = new AtomicBoolean();
  private final Executor answers;
  private final String node = Long.toString(new SecureRandom().nextLong() >>> 1, 36);
  private final PresenceNodes nodes;
  private final Mirrors mirrors;
  private final Lane<Presences.Task> lane;
  private volatile long nextBeat = System.nanoTime();
  private volatile long nextForget = System.nanoTime() + FORGET_NANOS;

  PostgresPresenceTracker(PostgresSettings settings, Executor answers) {
    this.answers = answers;
    lane = new Lane<>("presence", settings, new Presences(settings, node), this::weather);
    mirrors = new Mirrors(settings, answers, lane::submit);
    nodes =
        new PresenceNodes(
            node,
            new PresenceNodes.Verdict() {
              @Override
              public void wasTakenForDead() {
                dirty.set(true);
              }

              @Override
              public void dead(Presences.Task bury) {
                lane.submit(bury);
              }

              @Override
              public void orphans(String other, long beat, List<Presences.Change> orphans) {
                orphans.forEach(lane::submit);
                lane.submit(new PresenceNodes.Remove(other, beat));
              }
            },
            (topic, userId, connectionId) ->
                new Unheard(
                    new Mine(topic, userId, connectionId), null, PresenceDiff.Reason.TIMEOUT));
  }

  @Override
  public void start(PresenceListener newListener) {
    mirrors.tellTo(newListener);
    lane.start();
    mirrors.readAll();
  }

  boolean isReachable() {
    return lane.isReachable();
  }

  private void weather(boolean reachable) {
    nodes.forgetLooks();
    if (reachable) {
      dirty.set(true);
      mirrors.readAll();
    }
  }

  /** The nodes are heard from here on: what was said before is read. */
  void opened() {
    mirrors.readAll();
  }

  /** A node told a step. */
  void heard(Message message) {
    mirrors.heard(message);
  }

  @Override
  public CompletionStage<Void> track(String topic, String userId, Link connection) {
    return submit(
        new Heard(new Mine(topic, userId, connection.id()), connection, PresenceDiff.Reason.LEFT));
  }

  @Override
  public CompletionStage<Void> untrack(
      String topic, String userId, String connectionId, PresenceDiff.Reason reason) {
    Mine gone = new Mine(topic, userId, connectionId);
    mine.remove(gone);
    return submit(new Heard(gone, null, reason));
  }

  private CompletionStage<Void> submit(Heard change) {
    lane.submit(change);
    return change.answer;
  }

  @Override
  public CompletionStage<PresenceState> state(String topic) {
    return mirrors.state(topic);
  }

  /** A change that nobody waits for. */
  private class Unheard extends Presences.Change {
    Unheard(Mine what, @Nullable Link link, PresenceDiff.Reason reason) {
      super(what.topic(), what.userId(), what.connectionId(), link, reason);
    }

    /** What was found missing or left over may have been wanted otherwise by now. */
    @Override
    void done() {
      boolean isWanted = mine.containsKey(new Mine(topic, userId, connectionId));
      if (isWanted == (link == null)) {
        dirty.set(true);
      }
    }

    @Override
    void failed(RealtimeException why) {
      dirty.set(true);
    }
  }

  /** A change that is answered when this node has heard of it. */
  private final class Heard extends Unheard {
    private final CompletableFuture<Void> answer = new CompletableFuture<>();

    Heard(Mine what, @Nullable Link link, PresenceDiff.Reason reason) {
      super(what, link, reason);
    }

    @Override
    void done() {
      Link tracked = link;
      Mine what = new Mine(topic, userId, connectionId);
      if (tracked != null) {
        mine.put(what, tracked);
      } else {
        mine.remove(what); // once more: the track may have been on its way before
      }
      mirrors.whenHeard(
          topic,
          version,
          answer,
          () -> {
            if (tracked != null) {
              mine.remove(what, tracked); // whoever tracked is told that it failed
              dirty.set(true);
            }
          });
    }

    @Override
    void failed(RealtimeException why) {
      super.failed(why);
      if (link == null) {
        mine.remove(new Mine(topic, userId, connectionId));
      }
      answers.execute(() -> answer.completeExceptionally(why));
    }
  }

  /** About ten times a second. */
  void tick() {
    if (!mirrors.isStarted()) {
      return;
    }
    lane.expire();
    mirrors.tick();
    long now = System.nanoTime();
    if (!lane.isReachable()) {
      return;
    }
    if (now - nextBeat >= 0 && beating.compareAndSet(false, true)) {
      nextBeat = now + BEAT_NANOS;
      lane.submit(nodes.new Beat(() -> beating.set(false)));
      if (dirty.compareAndSet(true, false)) {
        lane.submit(new Reconcile());
      }
    }
    if (now - nextForget >= 0) {
      nextForget = now + FORGET_NANOS;
      lane.submit(new Presences.Forget());
    }
  }

  /** Makes the tables say of this node what its connections want. */
  private final class Reconcile extends Presences.Task {
    private final Map<Mine, Boolean> found = new LinkedHashMap<>();

    @Override
    void run(Presences presences, Session session) throws SQLException {
      found.clear();
      try (var statement =
          session
              .connection()
              .prepareStatement(
                  presences.sql(
                      "select topic, user_id, connection_id from {links} where node = ?"))) {
        statement.setString(1, node);
        try (var rows = statement.executeQuery()) {
          while (rows.next()) {
            found.put(new Mine(rows.getString(1), rows.getString(2), rows.getString(3)), true);
          }
        }
      }
    }

    @Override
    void done() {
      for (Mine there : found.keySet()) {
        if (!mine.containsKey(there)) {
          lane.submit(new Unheard(there, null, PresenceDiff.Reason.LEFT));
        }
      }
      mine.forEach(
          (what, link) -> {
            if (!found.containsKey(what)) {
              lane.submit(new Unheard(what, link, PresenceDiff.Reason.LEFT));
            }
          });
    }

    @Override
    void failed(RealtimeException why) {
      dirty.set(true);
    }
  }

  /** Takes out who is still in, and the node. */
  @Override
  public void close() {
    mirrors.tellTo(null);
    beating.set(true); // no more of it
    for (Mine left : List.copyOf(mine.keySet())) {
      lane.submit(new Unheard(left, null, PresenceDiff.Reason.LEFT));
    }
    lane.submit(new PresenceNodes.Remove(node, -1));
    lane.close();
    mirrors.close();
  }
}
