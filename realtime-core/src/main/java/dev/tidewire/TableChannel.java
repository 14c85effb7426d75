package dev.tidewire;

import dev.tidewire.broker.Broker;
import dev.tidewire.broker.Tail;
import dev.tidewire.channel.Position;
import dev.tidewire.channel.RowChange;
import java.util.List;
import java.util.concurrent.CompletionStage;
import org.jspecify.annotations.Nullable;

/**
 * The way in for row changes: a channel to which nobody else may publish. Used by change capture.
 *
 * <p>Safe for any thread; the order of calls is the order of the stream, so one table's changes
 * come from one thread.
 */
public final class TableChannel {

  private static final int MAX_KEY_LENGTH = 128;

  private final Publisher publisher;
  private final Broker broker;
  private final String topic;

  TableChannel(Publisher publisher, Broker broker, String topic) {
    this.publisher = publisher;
    this.broker = broker;
    this.topic = topic;
  }

  /** Name of the channel. */
  public String topic() {
    return topic;
  }

  /**
   * Publishes a committed change. One that is larger than a publication may be is told as {@link
   * #reset()}.
   *
   * @throws IllegalArgumentException if the change belongs to another channel
   */
  public CompletionStage<Position> publish(RowChange change) {
    return publisher.publish(mine(change), null);
  }

  /**
   * The same once: a change whose fate is not known is published again with its key. A repeat of
   * the key on this channel within five minutes, by whatever node, publishes nothing and completes
   * with the first position.
   *
   * @param key 1 to 128 printable characters of ASCII without blanks
   * @throws IllegalArgumentException if the change belongs to another channel, or the key is none
   */
  public CompletionStage<Position> publish(RowChange change, String key) {
    return publisher.publish(mine(change), scoped(key));
  }

  private RowChange mine(RowChange change) {
    if (!change.topic().equals(topic)) {
      throw new IllegalArgumentException("a change of " + change.topic() + " given to " + topic);
    }
    return change;
  }

  /** Apart from the keys that clients and the application give. */
  private static String scoped(String key) {
    boolean isKey =
        !key.isEmpty()
            && key.length() <= MAX_KEY_LENGTH
            && key.chars().allMatch(c -> c > 0x20 && c < 0x7f);
    if (!isKey) {
      throw new IllegalArgumentException(
          "not a key (1 to 128 printable characters of ASCII without blanks): '" + key + "'");
    }
    return "table " + key;
  }

  /**
   * Goes on where an earlier life of the channel ended. Comes before any use of the channel.
   *
   * @param last the place of the newest change, offset 0 if there was none
   * @param newest the newest changes, oldest first, the last of them at {@code last}; as many as
   *     are known
   * @throws IllegalStateException if the channel is in use already
   * @throws UnsupportedOperationException if the bus has a broker that keeps its streams itself;
   *     see {@link #isRestorable}
   */
  public void restore(Position last, List<Past> newest) {
    publisher.restore(topic, last, newest);
  }

  /**
   * Whether an earlier life can be put back. If not, the bus has a broker that keeps its streams
   * itself, most often for several nodes.
   */
  public boolean isRestorable() {
    return broker.isRestorable();
  }

  /**
   * A change of an earlier life. Immutable, safe for any thread.
   *
   * @param change null for a reset
   * @param timestamp when it was published, milliseconds since 1970
   */
  public record Past(@Nullable RowChange change, long timestamp) {}

  /** Tells that the table changed in a way that cannot be told row by row: load it again. */
  public CompletionStage<Position> reset() {
    return publisher.reset(topic, null);
  }

  /** The same once, as {@link #publish(RowChange, String)}. */
  public CompletionStage<Position> reset(String key) {
    return publisher.reset(topic, scoped(key));
  }

  /** The place of the last publication, with every one whose stage has completed. */
  public CompletionStage<Position> position() {
    return Backend.call(
            "channel " + topic + " cannot be read",
            () -> broker.read(topic, null, new Broker.ReadLimit(0, 0)))
        .thenApply(Tail::position);
  }
}
