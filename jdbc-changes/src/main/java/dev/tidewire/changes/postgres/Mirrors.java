package dev.tidewire.changes.postgres;

import dev.tidewire.RealtimeException;
import dev.tidewire.changes.postgres.Waiters.Waiter;
import dev.tidewire.presence.PresenceDiff;
import dev.tidewire.presence.PresenceListener;
import dev.tidewire.presence.PresenceState;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.Executor;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * All rooms as this node has heard of them, and who waits to hear of a step. What a room lacks is
 * read from the tables. A state that is read because somebody asks for it never runs ahead of what
 * is told: the steps that lead there are on their way, and each of them is told.
 *
 * <p>Safe for any thread. Everything is guarded by one lock, under which nothing is called but the
 * listener, which only takes note.
 */
final class Mirrors {

  private static final int MAX_EARLY = 1_000;

  private final ReentrantLock lock = new ReentrantLock();
  private final KnownRooms rooms = new KnownRooms();
  private final Waiters waiters = new Waiters();
  private final Set<String> reading = new LinkedHashSet<>();
  private final PostgresSettings settings;
  private final Executor answers;
  private final Consumer<Presences.Task> lane;

  /** Whether all rooms were read: whatever is not mirrored had nobody then. */
  private boolean complete;

  /** What was heard before. */
  private final List<Runnable> early = new ArrayList<>();

  /** How many readings of all rooms are under way. */
  private int readingAll;

  /** Whether something was missed that a reading of all rooms will find. */
  private boolean stale;

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
    PresenceState known = known(topic, 0);
    if (known != null) {
      return CompletableFuture.completedFuture(known);
    }
    CompletableFuture<PresenceState> answer = new CompletableFuture<>();
    lane.accept(
        new Presences.Load(topic) {
          @Override
          void done() {
            found.forEach(loaded -> asked(loaded, answer));
          }

          @Override
          void failed(RealtimeException why) {
            answers.execute(() -> answer.completeExceptionally(why));
          }
        });
    return answer;
  }

  private @Nullable PresenceState known(String topic, long version) {
    lock.lock();
    try {
      return rooms.state(topic, version);
    } finally {
      lock.unlock();
    }
  }

  /** A room was read that had no mirror: answers when all that led there is told. */
  private void asked(Presences.Loaded loaded, CompletableFuture<PresenceState> answer) {
    String topic = loaded.state().topic();
    boolean told;
    lock.lock();
    try {
      boolean isVacant = loaded.state().members().isEmpty() && rooms.get(topic) == null;
      if (complete && isVacant) {
        rooms.foundVacant(loaded);
      }
      told = !complete || isVacant; // before all was read, nothing is told
    } finally {
      lock.unlock();
    }
    if (told) {
      answers.execute(() -> answer.complete(loaded.state()));
      return;
    }
    CompletableFuture<Void> heard = new CompletableFuture<>();
    var unused =
        heard.handle(
            (all, late) -> {
              PresenceState known = known(topic, loaded.version());
              return answer.complete(known == null ? loaded.state() : known);
            });
    whenHeard(topic, loaded.version(), heard, () -> merge(List.of(loaded), false));
  }

  /** The nodes are heard from here on: what was said before is read. */
  void readAll() {
    if (listener == null) {
      return;
    }
    lock.lock();
    try {
      readingAll++;
      stale = false;
    } finally {
      lock.unlock();
    }
    lane.accept(
        new Presences.Load(null) {
          @Override
          void done() {
            boolean first = !isComplete();
            merge(found, first);
            ended(true);
            if (first) {
              completed();
            }
          }

          @Override
          void failed(RealtimeException why) {
            ended(false);
          }

          private void ended(boolean well) {
            lock.lock();
            try {
              readingAll--;
              stale |= !well;
            } finally {
              lock.unlock();
            }
          }
        });
  }

  private boolean isComplete() {
    lock.lock();
    try {
      return complete;
    } finally {
      lock.unlock();
    }
  }

  /** All rooms were read: what was heard meanwhile follows. */
  private void completed() {
    while (true) {
      List<Runnable> next;
      lock.lock();
      try {
        if (early.isEmpty()) {
          complete = true;
          return;
        }
        next = List.copyOf(early);
        early.clear();
      } finally {
        lock.unlock();
      }
      next.forEach(Runnable::run);
    }
  }

  /** A node told a step. */
  void heard(Message message) {
    byte[] content = message.content();
    PresenceStep step = content == null ? null : PresenceStep.read(content);
    String topic = message.topic();
    long version = message.at().offset();
    lock.lock();
    try {
      if (!complete) {
        if (early.size() < MAX_EARLY) {
          early.add(() -> take(topic, version, step));
        } else {
          stale = true;
        }
        return;
      }
    } finally {
      lock.unlock();
    }
    take(topic, version, step);
  }

  private void take(String topic, long version, @Nullable PresenceStep step) {
    List<CompletableFuture<Void>> done;
    boolean whole;
    lock.lock();
    try {
      Mirror mirror = rooms.get(topic);
      if (mirror == null) {
        // nobody was there, so what came before is of no interest, unless something was missed
        boolean isNext = step != null && readingAll == 0 && !stale;
        mirror = rooms.open(topic, isNext ? version - 1 : 0);
      }
      boolean wasEmpty = mirror.isEmpty();
      whole = mirror.take(version, step, this::tell);
      rooms.moved(topic, mirror, wasEmpty);
      done = waiters.heard(topic, mirror.version());
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
            ended(true);
            merge(found, false);
          }

          @Override
          void failed(RealtimeException why) {
            ended(false);
          }

          private void ended(boolean well) {
            lock.lock();
            try {
              reading.remove(topic);
              stale |= !well;
            } finally {
              lock.unlock();
            }
          }
        });
  }

  /** Goes on to what was found; the differences are told, or at first the states in their place. */
  private void merge(List<Presences.Loaded> found, boolean first) {
    for (Presences.Loaded loaded : found) {
      String topic = loaded.state().topic();
      List<CompletableFuture<Void>> done;
      boolean whole;
      lock.lock();
      try {
        Mirror mirror = rooms.get(topic);
        if (mirror == null) {
          boolean isVacant = loaded.state().members().isEmpty();
          if (!first && isVacant && !waiters.isAwaited(topic)) {
            rooms.foundStillVacant(loaded);
            continue;
          }
          mirror = rooms.open(topic, 0);
        }
        boolean wasEmpty = mirror.isEmpty();
        whole = mirror.merge(loaded, first ? diff -> {} : this::tell);
        if (first) {
          tell(mirror.state());
        }
        rooms.moved(topic, mirror, wasEmpty);
        done = waiters.heard(topic, mirror.version());
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

  private void tell(PresenceState state) {
    PresenceListener to = listener;
    if (to != null) {
      to.onState(state);
    }
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
   * @param late called if it does not hear that in time, before the answer fails
   */
  void whenHeard(String topic, long version, CompletableFuture<Void> answer, Runnable late) {
    lock.lock();
    try {
      Mirror mirror = rooms.get(topic);
      if (version > 0 && (mirror == null || mirror.version() < version)) {
        waiters.add(topic, new Waiter(version, System.nanoTime(), answer, late));
        return;
      }
    } finally {
      lock.unlock();
    }
    ready(topic, List.of(answer));
  }

  /** On the timer: what was not heard in time fails, what could not be read is tried again. */
  void tick() {
    long oldest = System.nanoTime() - settings.timeout().toNanos();
    List<Waiter> late;
    boolean again;
    lock.lock();
    try {
      again = stale && readingAll == 0;
      late = waiters.takeIf(waiter -> waiter.since() - oldest < 0);
    } finally {
      lock.unlock();
    }
    fail(late, "the nodes were not heard");
    if (again) {
      readAll();
    }
  }

  private void fail(List<Waiter> late, String why) {
    for (Waiter waiter : late) {
      waiter.late().run();
      answers.execute(
          () -> waiter.answer().completeExceptionally(new RealtimeException(why, null)));
    }
  }

  /** Lets nobody wait. */
  void close() {
    List<Waiter> left;
    lock.lock();
    try {
      left = waiters.takeIf(waiter -> true);
    } finally {
      lock.unlock();
    }
    fail(left, "the broker is closed");
  }
}
