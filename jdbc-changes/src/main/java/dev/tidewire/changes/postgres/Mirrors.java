package dev.tidewire.changes.postgres;

import dev.tidewire.RealtimeException;
import dev.tidewire.presence.PresenceDiff;
import dev.tidewire.presence.PresenceListener;
import dev.tidewire.presence.PresenceState;
import java.util.ArrayList;
import java.util.Iterator;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.Executor;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * All rooms as this node has heard of them, and who waits to hear of a step. What a room lacks is
 * read from the tables.
 *
 * <p>Safe for any thread. Everything is guarded by one lock, under which nothing is called but the
 * listener, which only takes note.
 */
final class Mirrors {

  private static final int MAX_EMPTY = 10_000;

  /** Somebody who is answered when a room has come to a version here. */
  private record Waiter(long version, long since, CompletableFuture<Void> answer, Runnable undo) {}

  private final ReentrantLock lock = new ReentrantLock();
  private final Map<String, Mirror> mirrors = new LinkedHashMap<>();
  private final Map<String, List<Waiter>> waiters = new LinkedHashMap<>();
  private final Set<String> reading = new LinkedHashSet<>();
  private final PostgresSettings settings;
  private final Executor answers;
  private final Consumer<Presences.Task> lane;
  private int empty;

  /** Whether all rooms were read: whatever is not mirrored had nobody then. */
  private boolean complete;

  /** Whether something was heard before. */
  private volatile boolean early;

  /** Whether something could not be read. */
  private volatile boolean stale;

  private volatile @Nullable PresenceListener listener;

  Mirrors(PostgresSettings settings, Executor answers, Consumer<Presences.Task> lane) {
    this.settings = settings;
    this.answers = answers;
    this.lane = lane;
  }

  /** Who is told from here on; null for nobody. */
  void tellTo(@Nullable PresenceListener newListener) {
    listener = newListener;
  }

  boolean isStarted() {
    return listener != null;
  }

  /** As {@link dev.tidewire.presence.PresenceTracker#state}. */
  CompletionStage<PresenceState> state(String topic) {
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
    lane.accept(
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
  void readAll() {
    if (listener == null) {
      return;
    }
    lane.accept(
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
              readAll();
            }
          }

          @Override
          void failed(RealtimeException why) {
            stale = true;
          }
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
    lane.accept(
        new Presences.Load(topic) {
          @Override
          void done() {
            end();
            merge(found, true);
          }

          @Override
          void failed(RealtimeException why) {
            end();
            stale = true;
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

  /**
   * Answers when this node has heard that the room came to this version.
   *
   * @param version 0 for at once
   * @param undo called if it does not hear that in time
   */
  void whenHeard(String topic, long version, CompletableFuture<Void> answer, Runnable undo) {
    lock.lock();
    try {
      Mirror mirror = mirrors.get(topic);
      if (version > 0 && (mirror == null || mirror.version() < version)) {
        waiters
            .computeIfAbsent(topic, t -> new ArrayList<>())
            .add(new Waiter(version, System.nanoTime(), answer, undo));
        return;
      }
    } finally {
      lock.unlock();
    }
    ready(topic, List.of(answer));
  }

  /** On the timer: what was not heard in time fails, what could not be read is tried again. */
  void tick() {
    if (stale) {
      stale = false;
      readAll();
    }
    long oldest = System.nanoTime() - settings.timeout().toNanos();
    List<Waiter> late = new ArrayList<>();
    lock.lock();
    try {
      waiters
          .values()
          .forEach(
              waiting ->
                  waiting.removeIf(waiter -> waiter.since() - oldest < 0 && late.add(waiter)));
      waiters.values().removeIf(List::isEmpty);
    } finally {
      lock.unlock();
    }
    fail(late, "the nodes were not heard");
  }

  private void fail(List<Waiter> late, String why) {
    for (Waiter waiter : late) {
      waiter.undo().run();
      answers.execute(
          () -> waiter.answer().completeExceptionally(new RealtimeException(why, null)));
    }
  }

  /** Lets nobody wait. */
  void close() {
    List<Waiter> left = new ArrayList<>();
    lock.lock();
    try {
      waiters.values().forEach(left::addAll);
      waiters.clear();
    } finally {
      lock.unlock();
    }
    fail(left, "the broker is closed");
  }
}
