package dev.tidewire;

import dev.tidewire.channel.Position;
import dev.tidewire.channel.RowChange;
import dev.tidewire.history.HistoryMessage;
import dev.tidewire.history.HistoryQuery;
import dev.tidewire.presence.PresenceState;
import java.util.List;
import java.util.concurrent.CompletionStage;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * A named stream, as server code uses it. A light handle: holds nothing open until something is
 * subscribed. Safe for any thread.
 */
public final class Channel {

  private final ChannelPorts ports;
  private final String topic;

  Channel(ChannelPorts ports, String topic) {
    this.ports = ports;
    this.topic = topic;
  }

  /** Name of the channel. */
  public String topic() {
    return topic;
  }

  /**
   * Publishes an event to everybody who subscribed.
   *
   * @param data anything that becomes JSON
   * @return its place in the stream, when it is accepted; fails with a {@link Rejection} if an
   *     interceptor refuses it, the channel is a table's, or the payload is too large, and with
   *     another {@link RealtimeException} if the broker or the history cannot be reached or the bus
   *     is closed
   * @throws IllegalArgumentException if {@code event} cannot be the name of an event, or {@code
   *     data} cannot become JSON
   */
  public CompletionStage<Position> publish(String event, @Nullable Object data) {
    return publish(event, data, PublishOptions.NONE);
  }

  /** The same with options; with {@code persist}, accepted means that the history has it too. */
  public CompletionStage<Position> publish(
      String event, @Nullable Object data, PublishOptions options) {
    return ports.publish(topic, event, data, options);
  }

  /**
   * Calls {@code listener} for every event of this name from now on; {@code "*"} for all, {@link
   * Message#RESET} for "load again". One at a time, in order, on a thread of the bus; the listener
   * may block, which delays its own next message only (as long as fewer than 64 do so at once). An
   * exception is logged. A listener that falls 10,000 messages behind gets one {@code RESET} in
   * place of them, whatever event it listens for; so does one whose channel could not be read at
   * first, because the broker was away, as soon as it can be.
   */
  public Subscription on(String event, Consumer<Message> listener) {
    return ports.subscribe(topic, event.equals("*") ? null : event, listener);
  }

  /**
   * Calls {@code listener} for every row change of this table channel; otherwise as {@link #on}. A
   * change that cannot be told row by row is not heard: see {@link #onChange(Consumer, Runnable)}.
   */
  public Subscription onChange(Consumer<RowChange> listener) {
    return onChange(listener, () -> {});
  }

  /**
   * Calls {@code listener} for every row change of this table channel, and {@code reload} where
   * something changed that cannot be told row by row; otherwise as {@link #on}.
   */
  public Subscription onChange(Consumer<RowChange> listener, Runnable reload) {
    return ports.subscribe(
        topic,
        null,
        message -> {
          RowChange change = message.change();
          if (change != null) {
            listener.accept(change);
          } else if (message.event().equals(Message.RESET)) {
            reload.run();
          }
        });
  }

  /** Everybody who is present now. */
  public CompletionStage<PresenceState> presence() {
    return ports.presence(topic);
  }

  /** How many are present now. */
  public CompletionStage<Integer> occupancy() {
    return ports.occupancy(topic);
  }

  /** The newest {@code limit} persisted messages, oldest of them first. */
  public CompletionStage<List<HistoryMessage>> history(int limit) {
    return ports.history(HistoryQuery.latest(topic, limit));
  }

  /** The newest {@code limit} persisted messages before the one at {@code before}. */
  public CompletionStage<List<HistoryMessage>> history(int limit, Position before) {
    return ports.history(HistoryQuery.latest(topic, limit).before(before));
  }

  @Override
  public String toString() {
    return "Channel[" + topic + ']';
  }
}
