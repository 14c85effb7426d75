package dev.tidewire;

import dev.tidewire.transport.Frame;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * What waits in an {@link OutboundQueue} at one moment. Immutable, safe for any thread.
 *
 * @param bytes how much waits, without the message that is on its way
 * @param sending the message that is on its way, if there is one and it was asked for
 * @param closed whether nothing is taken any more
 * @param frames what waits, if it was asked for
 */
record Waiting(long bytes, @Nullable Frame sending, boolean closed, List<Frame> frames) {

  /** Whether the publication waits. */
  boolean holds(String topic, String position) {
    return frames.stream().anyMatch(frame -> holds(frame, topic, position));
  }

  /** Whether the publication is in the message that is on its way. */
  boolean isSending(String topic, String position) {
    return sending != null && holds(sending, topic, position);
  }

  private static boolean holds(Frame frame, String topic, String position) {
    boolean[] found = new boolean[1];
    frame.forEach(
        part -> {
          Frame.Mark mark = part.mark();
          found[0] |=
              mark != null && topic.equals(mark.topic()) && position.equals(mark.position());
        });
    return found[0];
  }
}
