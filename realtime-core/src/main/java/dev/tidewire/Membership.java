package dev.tidewire;

import dev.tidewire.broker.Tail;
import dev.tidewire.channel.Position;
import dev.tidewire.channel.Publication;
import dev.tidewire.presence.Occupancy;
import dev.tidewire.presence.PresenceState;
import dev.tidewire.transport.Frame;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;

/**
 * A subscriber's place in a hub channel. Between joining and the broker's answer it holds back what
 * is published, so that the subscriber first hears what it missed and then, without hole or repeat,
 * what came after; the same for presence. Confined to the thread that drains the channel.
 */
final class Membership {

  /** A backend that takes so long to answer while so much is published is as good as gone. */
  private static final int MAX_HELD = 10_000;

  private final Subscriber subscriber;

  // Set before the hub is told, and not changed while it is asked.
  private @Nullable HubChannel channel;
  private @Nullable Membership earlier;

  private int index = -1;
  private volatile boolean started; // set in the drain
  private boolean stands;
  private List<Runnable> whenStarted = List.of();

  private @Nullable List<Publication> held = new ArrayList<>();
  private String epoch = "";
  private long from;

  private boolean presenceAsked;
  private @Nullable List<PresenceRun> heldRuns;
  private @Nullable PresenceState heldState;
  private int heldDiffs;
  private long presenceFrom = Long.MAX_VALUE;

  private int counted = -1;
  private long countedAt = -1;

  Membership(Subscriber subscriber) {
    this.subscriber = subscriber;
  }

  Subscriber subscriber() {
    return subscriber;
  }

  /** The same client had given this one up, and was not answered yet: it is answered first. */
  void comesAfter(Membership givenUp) {
    earlier = givenUp;
  }

  void joins(HubChannel itsChannel) {
    channel = itsChannel;
  }

  /**
   * Runs the task in the drain of {@code here}, once whatever the same client gave up before is
   * answered: answers keep the order of commands, whatever order the broker answers in.
   */
  void inTurn(HubChannel here, Runnable task) {
    Membership first = earlier;
    HubChannel there = first == null ? null : first.channel;
    if (first == null || there == null || first.started) {
      here.later(task);
    } else if (there == here) {
      here.later(() -> first.whenStarted(task));
    } else { // another life of the channel, with a drain of its own
      there.later(() -> first.whenStarted(() -> here.later(task)));
    }
  }

  /** Whether it is in the channel's list. */
  boolean isPresent() {
    return index >= 0;
  }

  /** Its place in the channel's list, negative if it is not there. */
  int index() {
    return index;
  }

  /** Whether the subscriber was told that it started. */
  boolean hasStarted() {
    return started;
  }

  void moveTo(int newIndex) {
    index = newIndex;
  }

  /** The channel is read again: what was published before is in that answer. */
  void holdAnew() {
    held = started ? null : new ArrayList<>();
  }

  /** Runs the task as soon as the subscriber was told that it started, or that it could not. */
  void whenStarted(Runnable task) {
    if (started) {
      task.run();
    } else {
      whenStarted = new ArrayList<>(whenStarted);
      whenStarted.add(task);
    }
  }

  /**
   * The broker answered.
   *
   * @param read null if the channel cannot be read
   * @param replaced the membership of the same subscriber before this one, or null; it has started
   * @return whether the membership stands
   */
  boolean start(@Nullable Tail read, @Nullable Membership replaced) {
    List<Publication> meanwhile = held == null ? List.of() : held;
    Tail answer = read == null || replaced == null ? read : onwards(read, replaced, meanwhile);
    stands = answer != null && held != null;
    started = true;
    held = null;
    earlier = null;
    try {
      if (answer != null && stands) {
        epoch = answer.position().epoch();
        from = answer.position().offset();
        if (replaced != null && replaced.stands && subscriber.continues()) {
          // It goes on where the other stopped, so what came before the answer is news, too.
          deliver(meanwhile, p -> !isAfterStart(p) && !replaced.hasTold(p));
        }
        subscriber.started(answer);
        deliver(meanwhile, this::isAfterStart);
      } else {
        subscriber.started(null);
      }
    } finally {
      whenStarted.forEach(Runnable::run);
      whenStarted = List.of();
    }
    return stands;
  }

  /** Whether it is in what the subscriber was told that it missed. */
  private boolean hasTold(Publication publication) {
    return subscriber.since() != null && !isAfterStart(publication);
  }

  /**
   * The one that this one replaces may have had to wait for room, and have been read later than
   * this one: then that is how far the client is.
   */
  private Tail onwards(Tail read, Membership replaced, List<Publication> meanwhile) {
    Position at = read.position();
    boolean isBehind =
        replaced.stands && replaced.epoch.equals(at.epoch()) && replaced.from > at.offset();
    if (!isBehind || subscriber.scope() != null) { // rows are as they were when they were read
      return read;
    }
    List<Publication> missed = new ArrayList<>(read.publications());
    if (read.outcome() == Tail.Outcome.COMPLETE && subscriber.since() != null) {
      for (Publication publication : meanwhile) {
        Position position = publication.position();
        if (position.epoch().equals(at.epoch())
            && position.offset() > at.offset()
            && position.offset() <= replaced.from) {
          missed.add(publication);
        }
      }
    }
    return new Tail(new Position(at.epoch(), replaced.from), read.outcome(), missed);
  }

  void deliver(Run run) {
    if (!started) {
      hold(run);
    } else if (run.firstOffset() > from) {
      subscriber.deliver(run);
    } else {
      deliver(run.publications(), this::isAfterStart); // it reaches back to before the start
    }
  }

  private void hold(Run run) {
    if (held != null) {
      held.addAll(run.publications());
      held = held.size() > MAX_HELD ? null : held;
    }
  }

  private boolean isAfterStart(Publication publication) {
    Position position = publication.position();
    return position.offset() > from || !position.epoch().equals(epoch);
  }

  private void deliver(List<Publication> publications, Predicate<Publication> which) {
    List<Publication> chosen = publications.stream().filter(which).toList();
    if (!chosen.isEmpty()) {
      subscriber.deliver(new Run(chosen));
    }
  }

  /** So many members there are, by an answer of the tracker; perhaps known already. */
  void count(Occupancy occupancy, Frame frame) {
    if (!started) {
      return; // it asks itself
    }
    if (occupancy.revision() > countedAt && occupancy.count() != counted) {
      counted = occupancy.count();
      subscriber.count(frame);
    }
    countedAt = Math.max(countedAt, occupancy.revision());
  }

  void awaitPresence() {
    presenceAsked = true;
    heldRuns = new ArrayList<>();
    heldDiffs = 0;
  }

  /** The tracker answered, or could not. */
  void present(@Nullable PresenceState answer) {
    List<PresenceRun> meanwhile = heldRuns;
    PresenceState state = meanwhile == null ? null : newer(answer, heldState);
    heldRuns = null;
    heldState = null;
    presenceFrom = state == null ? Long.MAX_VALUE : state.revision();
    subscriber.present(state);
    if (meanwhile != null) {
      meanwhile.forEach(this::present);
    }
  }

  private static @Nullable PresenceState newer(
      @Nullable PresenceState answer, @Nullable PresenceState told) {
    boolean isOlder = answer == null || (told != null && told.revision() > answer.revision());
    return isOlder ? told : answer;
  }

  /** The tracker lost differences; the state stands in their place. */
  void presentAnew(PresenceState state) {
    if (heldRuns != null) {
      heldRuns = new ArrayList<>();
      heldDiffs = 0;
      heldState = state;
    } else if (presenceAsked
        && (presenceFrom == Long.MAX_VALUE || state.revision() >= presenceFrom)) {
      presenceFrom = state.revision();
      subscriber.present(state);
    }
  }

  void present(PresenceRun run) {
    if (heldRuns != null) {
      heldRuns.add(run);
      heldDiffs += run.size();
      heldRuns = heldDiffs > MAX_HELD ? null : heldRuns;
      return;
    }
    PresenceRun rest = run.after(presenceFrom);
    if (rest != null) {
      subscriber.present(rest);
    }
  }
}
