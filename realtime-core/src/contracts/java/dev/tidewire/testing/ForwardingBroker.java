package dev.tidewire.testing;

import dev.tidewire.broker.Broker;
import dev.tidewire.broker.BrokerListener;
import dev.tidewire.broker.Tail;
import dev.tidewire.channel.ChannelOptions;
import dev.tidewire.channel.Draft;
import dev.tidewire.channel.Position;
import java.util.concurrent.CompletionStage;
import org.jspecify.annotations.Nullable;

/**
 * A broker in front of another one, of which a test changes something. What every broker must do is
 * forwarded, the rest is as it is by default. As safe for threads as the other.
 */
public abstract class ForwardingBroker implements Broker {

  /** Where everything goes. */
  protected final Broker broker;

  protected ForwardingBroker(Broker broker) {
    this.broker = broker;
  }

  @Override
  public void start(BrokerListener listener) {
    broker.start(listener);
  }

  @Override
  public CompletionStage<Appended> append(
      Draft draft, ChannelOptions options, @Nullable String idempotencyKey) {
    return broker.append(draft, options, idempotencyKey);
  }

  @Override
  public CompletionStage<Tail> read(String topic, @Nullable Position since, ReadLimit limit) {
    return broker.read(topic, since, limit);
  }

  @Override
  public void subscribe(String topic) {
    broker.subscribe(topic);
  }

  @Override
  public void unsubscribe(String topic) {
    broker.unsubscribe(topic);
  }

  @Override
  public void housekeep() {
    broker.housekeep();
  }

  @Override
  public int channelCount() {
    return broker.channelCount();
  }

  @Override
  public void close() {
    broker.close();
  }
}
