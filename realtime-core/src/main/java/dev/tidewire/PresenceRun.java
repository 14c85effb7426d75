package dev.tidewire;

import dev.tidewire.transport.Frame;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Presence differences of one channel that are delivered together, as {@link Run} is for
 * publications. Confined to the thread that drains the channel.
 */
final class PresenceRun {

  /** One difference, encoded. */
  record Step(long revision, Frame frame) {}

  private final List<Step> steps = new ArrayList<>(2);
  private int bytes;
  private @Nullable Frame frame;

  void add(Step step) {
    steps.add(step);
    bytes += step.frame().size();
  }

  int size() {
    return steps.size();
  }

  int bytes() {
    return bytes;
  }

  List<Step> steps() {
    return steps;
  }

  /** All steps as one frame. */
  Frame frame() {
    Frame known = frame;
    if (known == null) {
      known = Frame.join(steps.stream().map(Step::frame).toList());
      frame = known;
    }
    return known;
  }
}
