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
    if (!change.topic().equals(topic)) {
      throw new IllegalArgumentException("a change of " + change.topic() + " given to " + topic);
    }
    return publisher.publish(change);
  }

  /**
   * Goes on where an earlier life of the channel ended. Comes before any use of the channel.
   *
   * @param last the place of the newest change, offset 0 if there was none
   * @param newest the newest changes, oldest first, the last of them at {@code last}; as many as
   *     are known
   * @throws IllegalStateException if the channel is in use already
   * @throws UnsupportedOperationException if the bus has a broker that keeps its streams itself
   */
  public void restore(Position last, List<Past> newest) {
    publisher.restore(topic, last, newest);
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
    return publisher.reset(topic);
  }

  /** The place of the last publication, with every one whose stage has completed. */
  public CompletionStage<Position> position() {
    return Backend.call(
            "channel " + topic + " cannot be read",
            () -> broker.read(topic, null, new Broker.ReadLimit(0, 0)))
        .thenApply(Tail::position);
  }
}
