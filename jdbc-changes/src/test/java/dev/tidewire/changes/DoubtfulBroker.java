package dev.tidewire.changes;

import dev.tidewire.broker.Broker;
import dev.tidewire.channel.ChannelOptions;
import dev.tidewire.channel.Draft;
import dev.tidewire.testing.ForwardingBroker;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.function.Supplier;

/** A broker whose appends fail where a test wants it, carried out or not. */
final class DoubtfulBroker extends ForwardingBroker {

  /** What becomes of an append. */
  enum Fate {
    ANSWERED,
    UNANSWERED,
    LOST
  }

  private volatile Supplier<Fate> fate = () -> Fate.ANSWERED;

  DoubtfulBroker(Broker broker) {
    super(broker);
  }

  /** Asked for every append from now on. */
  void fate(Supplier<Fate> of) {
    fate = of;
  }

  @Override
  public CompletionStage<Appended> append(
      Draft draft, ChannelOptions options, String idempotencyKey) {
    Fate what = fate.get();
    if (what == Fate.LOST) {
      return CompletableFuture.failedStage(new IllegalStateException("the test loses it"));
    }
    CompletionStage<Appended> answer = super.append(draft, options, idempotencyKey);
    return what == Fate.ANSWERED
        ? answer
        : answer.thenApply(
            appended -> {
              throw new IllegalStateException("the test loses the answer");
            });
  }

  @Override
  public boolean isReachable() {
    return broker.isReachable();
  }
}
