package dev.tidewire.broker;

import dev.tidewire.channel.Position;
import dev.tidewire.channel.Publication;
import java.util.List;

/**
 * What a broker read from a channel. Immutable, safe for any thread.
 *
 * @param position the newest position of the channel at the time of the read
 * @param outcome whether {@code publications} is all that was missed
 * @param publications everything after the asked position up to {@code position}, oldest first;
 *     empty unless {@code outcome} is {@code COMPLETE}
 */
public record Tail(Position position, Outcome outcome, List<Publication> publications) {

  /** How a read ended. */
  public enum Outcome {
    /** All that was missed is here. */
    COMPLETE,
    /** The asked position belongs to another life of the stream, or lies in its future. */
    EPOCH,
    /** What was missed is no longer retained, or is more than one read may carry. */
    EVICTED
  }
}
