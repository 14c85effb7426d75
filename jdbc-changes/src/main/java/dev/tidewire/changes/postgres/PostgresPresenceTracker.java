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
import java.util.ArrayList;
import java.util.Iterator;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.Executor;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.locks.ReentrantLock;
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
  private static final int MAX_EMPTY = 10_000;

  private record Mine(String topic, String userId, String connectionId) {}

  private record Waiter(long version, long since, CompletableFuture<Void> answer) {}

  private final ReentrantLock lock = new ReentrantLock();
  private final Map<String, Mirror> mirrors = new LinkedHashMap<>();
  private final Map<String, List<Waiter>> waiters = new LinkedHashMap<>();
  private final Set<String> reading = new LinkedHashSet<>();
  private int empty;

  /** Whether all rooms were read: whatever is not mirrored had nobody then. */
  private boolean complete;

  /** Whether something was heard before. */
  private volatile boolean early;

  private final ConcurrentHashMap<Mine, Link> mine = new ConcurrentHashMap<>();
  private final AtomicBoolean dirty = new AtomicBoolean();
  private final AtomicBoolean beating = new AtomicBoolean();
  private final PostgresSettings settings;
  private final Executor answers;
  private final String node = Long.toString(new SecureRandom().nextLong() >>> 1, 36);
  private final PresenceNodes nodes;
  private final Lane<Presences.Task> lane;
  private volatile @Nullable PresenceListener listener;
  private volatile long nextBeat = System.nanoTime();
  private volatile long nextForget = System.nanoTime() + FORGET_NANOS;

  PostgresPresenceTracker(PostgresSettings settings, Executor answers) {
    this.settings = settings;
    this.answers = answers;
    lane = new Lane<>("presence", settings, new Presences(settings, node), this::weather);
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
    listener = newListener;
    lane.start();
    opened();
  }

  boolean isReachable() {
    return lane.isReachable();
  }

  private void weather(boolean reachable) {
    nodes.forgetLooks();
    if (reachable) {
      dirty.set(true);
      opened();
    }
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
    lock.lock();
    try {
      Mirror mirror = mirrors.get(topic);
      if (mirror != null) {
        return CompletableFuture.completedFuture(mirror.state());
      }
    } finally {
      lock.unlock();
    }
    CompletableFuture<PresenceState> answer = new CompletableFuture<>();
    lane.submit(
        new Presences.Load(topic) {
          @Override
          void done() {
            merge(found, false);
            answers.execute(() -> answer.complete(mirrored(topic)));
          }

          @Override
          void failed(RealtimeException why) {
            answers.execute(() -> answer.completeExceptionally(why));
          }
        });
    return answer;
  }

  private PresenceState mirrored(String topic) {
    lock.lock();
    try {
      Mirror mirror = mirrors.get(topic);
      return mirror == null ? new PresenceState(topic, 0, List.of()) : mirror.state();
    } finally {
      lock.unlock();
    }
  }

  /** The nodes are heard from here on: what was said before is read. */
  void opened() {
    if (listener == null) {
      return;
    }
    lane.submit(
        new Presences.Load(null) {
          @Override
          void done() {
            boolean first;
            lock.lock();
            try {
              first = !complete;
              complete = true;
            } finally {
              lock.unlock();
            }
            merge(found, !first);
            if (first && early) {
              opened();
            }
          }

          @Override
          void failed(RealtimeException why) {} // at the next opening, or when the lane is back
        });
  }

  /** A node told a step. */
  void heard(Message message) {
    byte[] content = message.content();
    PresenceStep step = content == null ? null : PresenceStep.read(content);
    String topic = message.topic();
    long version = message.at().offset();
    List<CompletableFuture<Void>> done;
    boolean whole;
    lock.lock();
    try {
      if (!complete) {
        early = true;
        return;
      }
      Mirror mirror = mirrors.get(topic);
      if (mirror == null) {
        // nobody was there: what came before is of no interest
        mirror = new Mirror(topic, step == null ? 0 : version - 1, 0);
        put(topic, mirror);
      }
      boolean wasEmpty = mirror.isEmpty();
      whole = mirror.take(version, step, this::tell);
      counted(topic, mirror, wasEmpty);
      done = answered(topic, mirror);
    } finally {
      lock.unlock();
    }
    ready(topic, done);
    if (!whole) {
      read(topic);
    }
  }

  /** Reads what is missing of a room, unless that is under way. */
  private void read(String topic) {
    lock.lock();
    try {
      if (!reading.add(topic)) {
        return;
      }
    } finally {
      lock.unlock();
    }
    lane.submit(
        new Presences.Load(topic) {
          @Override
          void done() {
            end();
            merge(found, true);
          }

          @Override
          void failed(RealtimeException why) {
            end(); // all are read when the database is back
          }

          private void end() {
            lock.lock();
            try {
              reading.remove(topic);
            } finally {
              lock.unlock();
            }
          }
        });
  }

  private void merge(List<Presences.Loaded> found, boolean tell) {
    for (Presences.Loaded loaded : found) {
      String topic = loaded.state().topic();
      List<CompletableFuture<Void>> done;
      boolean whole;
      lock.lock();
      try {
        Mirror mirror = mirrors.get(topic);
        boolean unknown = mirror == null;
        if (mirror == null) {
          if (tell && loaded.state().members().isEmpty()) {
            continue;
          }
          mirror = new Mirror(topic, 0, 0);
          put(topic, mirror);
        }
        boolean wasEmpty = mirror.isEmpty();
        whole = mirror.merge(loaded, unknown && !tell ? diff -> {} : this::tell);
        counted(topic, mirror, wasEmpty);
        done = answered(topic, mirror);
      } finally {
        lock.unlock();
      }
      ready(topic, done);
      if (!whole) {
        read(topic);
      }
    }
  }

  private void tell(PresenceDiff diff) {
    PresenceListener to = listener;
    if (to != null) {
      to.onDiff(diff);
    }
  }

  private void put(String topic, Mirror mirror) {
    mirrors.put(topic, mirror);
    empty++;
  }

  /** Empty rooms are remembered up to a number, beyond that found in the tables. */
  private void counted(String topic, Mirror mirror, boolean wasEmpty) {
    if (wasEmpty && !mirror.isEmpty()) {
      empty--;
    } else if (!wasEmpty && mirror.isEmpty()) {
      empty++;
      mirrors.remove(topic); // to the end of the line
      mirrors.put(topic, mirror);
    }
    if (empty > MAX_EMPTY) {
      for (Iterator<Mirror> each = mirrors.values().iterator(); each.hasNext(); ) {
        if (each.next().isEmpty()) {
          each.remove();
          empty--;
          return;
        }
      }
    }
  }

  /** Whose change has been heard here. */
  private List<CompletableFuture<Void>> answered(String topic, Mirror mirror) {
    List<Waiter> waiting = waiters.get(topic);
    if (waiting == null) {
      return List.of();
    }
    List<CompletableFuture<Void>> done = new ArrayList<>();
    waiting.removeIf(waiter -> waiter.version() <= mirror.version() && done.add(waiter.answer()));
    if (waiting.isEmpty()) {
      waiters.remove(topic);
    }
    return done;
  }

  private void ready(String topic, List<CompletableFuture<Void>> done) {
    answers.execute(
        () -> {
          PresenceListener to = listener;
          if (to != null) {
            to.onReady(topic);
          }
          done.forEach(answer -> answer.complete(null));
        });
  }

  /** A change that nobody waits for. */
  private class Unheard extends Presences.Change {
    Unheard(Mine what, @Nullable Link link, PresenceDiff.Reason reason) {
      super(what.topic(), what.userId(), what.connectionId(), link, reason);
    }

    @Override
    void done() {}

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
      if (tracked != null) {
        mine.put(new Mine(topic, userId, connectionId), tracked);
      }
      lock.lock();
      try {
        Mirror mirror = mirrors.get(topic);
        if (version > 0 && (mirror == null || mirror.version() < version)) {
          waiters
              .computeIfAbsent(topic, t -> new ArrayList<>())
              .add(new Waiter(version, System.nanoTime(), answer));
          return;
        }
      } finally {
        lock.unlock();
      }
      ready(topic, List.of(answer));
    }

    @Override
    void failed(RealtimeException why) {
      super.failed(why);
      answers.execute(() -> answer.completeExceptionally(why));
    }
  }

  /** About ten times a second. */
  void tick() {
    PresenceListener to = listener;
    if (to == null) {
      return;
    }
    lane.expire();
    expire();
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
      lane.submit(new Forget());
    }
  }

  /** What was not heard in time fails: the connection that tracked is taken out again. */
  private void expire() {
    long oldest = System.nanoTime() - settings.timeout().toNanos();
    List<CompletableFuture<Void>> late = new ArrayList<>();
    lock.lock();
    try {
      waiters
          .values()
          .forEach(
              waiting ->
                  waiting.removeIf(
                      waiter -> waiter.since() - oldest < 0 && late.add(waiter.answer())));
      waiters.values().removeIf(List::isEmpty);
    } finally {
      lock.unlock();
    }
    for (CompletableFuture<Void> answer : late) {
      answers.execute(
          () ->
              answer.completeExceptionally(
                  new RealtimeException("the nodes were not heard", null)));
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

  private static final class Forget extends Presences.Task {
    @Override
    void run(Presences presences, Session session) throws SQLException {
      presences.forget(session);
    }

    @Override
    void done() {}

    @Override
    void failed(RealtimeException why) {} // the next one follows
  }

  /** Takes out who is still in, and the node. */
  @Override
  public void close() {
    listener = null;
    beating.set(true); // no more of it
    for (Mine left : List.copyOf(mine.keySet())) {
      lane.submit(new Unheard(left, null, PresenceDiff.Reason.LEFT));
    }
    lane.submit(new PresenceNodes.Remove(node, -1));
    lane.close();
    List<Waiter> left = new ArrayList<>();
    lock.lock();
    try {
      waiters.values().forEach(left::addAll);
      waiters.clear();
    } finally {
      lock.unlock();
    }
    left.forEach(
        waiter -> waiter.answer().completeExceptionally(new RealtimeException("closed", null)));
  }
}
