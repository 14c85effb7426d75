package dev.tidewire;

import dev.tidewire.broker.Tail;
import dev.tidewire.channel.Publication;
import dev.tidewire.presence.PresenceDiff;
import dev.tidewire.presence.PresenceState;
import dev.tidewire.transport.Frame;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * A subscriber's place in a hub channel. Between joining and the broker's answer it holds back what
 * is published, so that the subscriber first hears what it missed and then, without hole or repeat,
 * what came after; the same for presence. Confined to the thread that drains the channel.
 */
final class Membership {

  private record HeldDiff(PresenceDiff diff, Frame frame) {}

  private final Subscriber subscriber;
  private @Nullable List<Publication> held = new ArrayList<>();
  private @Nullable List<HeldDiff> heldDiffs;
  private String epoch = "";
  private long from;
  private long presenceFrom = Long.MAX_VALUE;

  Membership(Subscriber subscriber) {
    this.subscriber = subscriber;
  }

  Subscriber subscriber() {
    return subscriber;
  }

  void started(Tail tail) {
    epoch = tail.position().epoch();
    from = tail.position().offset();
    List<Publication> meanwhile = held;
    held = null;
    subscriber.started(tail);
    if (meanwhile != null && !meanwhile.isEmpty()) {
      deliver(new Run(meanwhile));
    }
  }

  void deliver(Run run) {
    if (held != null) {
      held.addAll(run.publications());
      return;
    }
    if (run.firstOffset() > from) {
      subscriber.deliver(run);
      return;
    }
    // Only just after the start: the run reaches back to before it.
    List<Publication> rest =
        run.publications().stream()
            .filter(p -> !p.position().epoch().equals(epoch) || p.position().offset() > from)
            .toList();
    if (!rest.isEmpty()) {
      subscriber.deliver(new Run(rest));
    }
  }

  void awaitPresence() {
    heldDiffs = new ArrayList<>();
  }

  void present(PresenceState state) {
    presenceFrom = state.revision();
    subscriber.present(state);
    List<HeldDiff> meanwhile = heldDiffs;
    heldDiffs = null;
    if (meanwhile != null) {
      meanwhile.forEach(d -> present(d.diff(), d.frame()));
    }
  }

  void present(PresenceDiff diff, Frame frame) {
    if (heldDiffs != null) {
      heldDiffs.add(new HeldDiff(diff, frame));
    } else if (diff.revision() > presenceFrom) {
      subscriber.present(diff, frame);
    }
  }
}
