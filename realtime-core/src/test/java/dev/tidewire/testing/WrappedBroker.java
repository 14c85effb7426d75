package dev.tidewire.testing;

import dev.tidewire.broker.BrokerListener;
import dev.tidewire.broker.MemoryBroker;
import dev.tidewire.broker.Tail;
import dev.tidewire.channel.ChannelOptions;
import dev.tidewire.channel.Draft;
import dev.tidewire.channel.Position;
import java.time.Clock;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * A memory broker that can answer late, in another order, or not at all, as one behind a network
 * may. Not thread-safe where answers are held back.
 */
public final class WrappedBroker extends ForwardingBroker {

  private final Deque<Runnable> heldReads = new ArrayDeque<>();
  private boolean holding;
  private @Nullable BrokerListener hub;
  private volatile @Nullable RuntimeException failure;
  private volatile boolean reachable = true;

  public WrappedBroker(Clock clock) {
    super(memory(clock, new AtomicInteger()));
  }

  private static MemoryBroker memory(Clock clock, AtomicInteger epochs) {
    return new MemoryBroker(clock, () -> "e" + epochs.incrementAndGet(), Duration.ofMinutes(10));
  }

  /** Reads from now on are carried out at once but answered later. */
  public void holdReads() {
    holding = true;
  }

  /** Answers the read held back first. */
  public void answerFirst() {
    heldReads.removeFirst().run();
  }

  /** Answers the read held back last. */
  public void answerLast() {
    heldReads.removeLast().run();
  }

  /** The channel's present position, asked past everything that is held back or fails. */
  public Position position(String topic) {
    return Drafts.await(broker.read(topic, null, new ReadLimit(1, 1))).position();
  }

  public int held() {
    return heldReads.size();
  }

  /** Every operation fails from now on, at once if {@code thrown}; null for none. */
  public void failWith(@Nullable RuntimeException with) {
    failure = with;
  }

  /** Publications up to this position can not be told any more. */
  public void lose(String topic, Tail.Outcome why, Position upTo) {
    hub.onLost(topic, why, upTo);
    hub.onReady(topic);
  }

  /** What it says about its backend from now on. */
  public void reachable(boolean answers) {
    reachable = answers;
  }

  @Override
  public boolean isReachable() {
    return reachable;
  }

  private <T> CompletionStage<T> orFailure(Supplier<CompletionStage<T>> operation) {
    RuntimeException with = failure;
    if (with instanceof IllegalStateException) {
      throw with;
    }
    return with == null ? operation.get() : CompletableFuture.failedStage(with);
  }

  @Override
  public void start(BrokerListener listener) {
    hub = listener;
    super.start(listener);
  }

  @Override
  public CompletionStage<Appended> append(
      Draft draft, ChannelOptions options, @Nullable String idempotencyKey) {
    return orFailure(() -> super.append(draft, options, idempotencyKey));
  }

  @Override
  public CompletionStage<Tail> read(String topic, @Nullable Position since, ReadLimit limit) {
    CompletionStage<Tail> answer = orFailure(() -> super.read(topic, since, limit));
    if (!holding) {
      return answer;
    }
    CompletableFuture<Tail> later = new CompletableFuture<>();
    heldReads.add(() -> answer.thenAccept(later::complete));
    return later;
  }
}
