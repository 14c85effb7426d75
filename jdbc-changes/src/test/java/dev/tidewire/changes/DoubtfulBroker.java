package dev.tidewire.changes;

import dev.tidewire.broker.Broker;
import dev.tidewire.broker.BrokerListener;
import dev.tidewire.broker.Tail;
import dev.tidewire.channel.ChannelOptions;
import dev.tidewire.channel.Draft;
import dev.tidewire.channel.Position;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.function.Supplier;

/** A broker whose appends fail where a test wants it, carried out or not. */
final class DoubtfulBroker implements Broker {

  /** What becomes of an append. */
  enum Fate {
    ANSWERED,
    UNANSWERED,
    LOST
  }

  private final Broker broker;
  private volatile Supplier<Fate> fate = () -> Fate.ANSWERED;

  DoubtfulBroker(Broker broker) {
    this.broker = broker;
  }

  /** Asked for every append from now on. */
  void fate(Supplier<Fate> of) {
    fate = of;
  }

  @Override
  public void start(BrokerListener listener) {
    broker.start(listener);
  }

  @Override
  public CompletionStage<Appended> append(
      Draft draft, ChannelOptions options, String idempotencyKey) {
    Fate what = fate.get();
    if (what == Fate.LOST) {
      return CompletableFuture.failedStage(new IllegalStateException("the test loses it"));
    }
    CompletionStage<Appended> answer = broker.append(draft, options, idempotencyKey);
    return what == Fate.ANSWERED
        ? answer
        : answer.thenApply(
            appended -> {
              throw new IllegalStateException("the test loses the answer");
            });
  }

  @Override
  public CompletionStage<Tail> read(String topic, Position since, ReadLimit limit) {
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
  public boolean isReachable() {
    return broker.isReachable();
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
