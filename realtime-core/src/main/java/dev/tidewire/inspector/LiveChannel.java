package dev.tidewire.inspector;

import dev.tidewire.channel.Position;
import java.util.Comparator;
import org.jspecify.annotations.Nullable;

/**
 * A channel that somebody on this node subscribes to, at one moment. Immutable, safe for any
 * thread.
 *
 * @param topic its name
 * @param table whether it is a table's
 * @param subscribers how many subscribe to it on this node, Java subscribers included
 * @param position the newest publication that was delivered here; null if there was none since the
 *     first of them came
 * @param perSecond publications per second over about the last second; null if that is not known
 *     yet
 */
public record LiveChannel(
    String topic,
    boolean table,
    int subscribers,
    @Nullable Position position,
    @Nullable Double perSecond) {

  /** What channels are sorted by; the name settles what is equal. */
  public enum Order {
    /** The busiest first. */
    RATE(Comparator.comparingDouble(LiveChannel::rate).reversed()),
    /** Those with most subscribers first. */
    SUBSCRIBERS(Comparator.comparingInt(LiveChannel::subscribers).reversed()),
    /** By name. */
    TOPIC(Comparator.comparing(LiveChannel::topic));

    @SuppressWarnings("ImmutableEnumChecker") // comparators of fields are
    private final Comparator<LiveChannel> comparator;

    Order(Comparator<LiveChannel> comparator) {
      this.comparator = comparator.thenComparing(LiveChannel::topic);
    }

    /** The order as a comparator. */
    public Comparator<LiveChannel> comparator() {
      return comparator;
    }
  }

  private double rate() {
    return perSecond == null ? 0 : perSecond;
  }
}
