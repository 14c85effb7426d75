package dev.tidewire.testing;

import dev.tidewire.broker.Broker;
import dev.tidewire.broker.BrokerListener;
import dev.tidewire.broker.MemoryBroker;
import dev.tidewire.broker.Tail;
import dev.tidewire.channel.ChannelOptions;
import dev.tidewire.channel.Draft;
import dev.tidewire.channel.Position;
import dev.tidewire.channel.Publication;
import java.time.Clock;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.CopyOnWriteArrayList;
import org.jspecify.annotations.Nullable;

/** Streams of several nodes, each of which has a broker of its own on them. Safe for any thread. */
public final class SharedStreams {

  private final List<BrokerListener> hubs = new CopyOnWriteArrayList<>();
  private final MemoryBroker streams;

  public SharedStreams(Clock clock) {
    streams = new MemoryBroker(clock, () -> "shared", Duration.ofMinutes(10));
    streams.start(
        new BrokerListener() {
          @Override
          public void onPublication(Publication publication) {
            hubs.forEach(hub -> hub.onPublication(publication));
          }

          @Override
          public void onLost(String topic, Tail.Outcome why, Position position) {
            hubs.forEach(hub -> hub.onLost(topic, why, position));
          }

          @Override
          public void onReady(String topic) {
            hubs.forEach(hub -> hub.onReady(topic));
          }
        });
  }

  /** The broker of one more node. */
  public Node node() {
    return new Node();
  }

  /** One node's broker; it answers publishers when the test says so. Not thread-safe. */
  public final class Node implements Broker {

    private final Deque<Runnable> answers = new ArrayDeque<>();
    private boolean holding;
    private @Nullable BrokerListener hub;

    /** Publications from now on happen at once, but are answered later. */
    public void holdAnswers() {
      holding = true;
    }

    /** Gives all answers that were held back. */
    public void answer() {
      while (!answers.isEmpty()) {
        answers.remove().run();
      }
    }

    @Override
    public void start(BrokerListener listener) {
      hub = listener;
      hubs.add(listener);
    }

    @Override
    public CompletionStage<Appended> append(
        Draft draft, ChannelOptions options, @Nullable String idempotencyKey) {
      CompletionStage<Appended> done = streams.append(draft, options, idempotencyKey);
      if (!holding) {
        return done;
      }
      CompletableFuture<Appended> later = new CompletableFuture<>();
      answers.add(() -> done.thenAccept(later::complete));
      return later;
    }

    @Override
    public CompletionStage<Tail> read(String topic, @Nullable Position since, ReadLimit limit) {
      return streams.read(topic, since, limit);
    }

    @Override
    public void subscribe(String topic) {
      streams.subscribe(topic);
    }

    @Override
    public void unsubscribe(String topic) {
      streams.unsubscribe(topic);
    }

    @Override
    public void housekeep() {
      streams.housekeep();
    }

    @Override
    public int channelCount() {
      return streams.channelCount();
    }

    @Override
    public void close() {
      hubs.remove(hub);
    }
  }
}
