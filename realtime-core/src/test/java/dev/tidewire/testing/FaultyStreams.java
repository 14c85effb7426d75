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
import java.util.List;
import java.util.Map;
import java.util.Queue;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.atomic.AtomicInteger;
import org.jspecify.annotations.Nullable;

/**
 * Streams of several nodes, each behind a network of its own that may fail: then nothing can be
 * published or read there, and what the others publish is lost and told as such. Safe for any
 * thread.
 */
public final class FaultyStreams {

  private final List<Node> nodes = new CopyOnWriteArrayList<>();
  private final Map<String, AtomicInteger> appended = new ConcurrentHashMap<>();
  private final MemoryBroker streams;

  public FaultyStreams(Clock clock) {
    streams = new MemoryBroker(clock, () -> "shared", Duration.ofDays(1));
    streams.start(
        new BrokerListener() {
          @Override
          public void onPublication(Publication publication) {
            nodes.forEach(node -> node.hear(publication));
          }

          @Override
          public void onLost(String topic, Tail.Outcome why, Position position) {}

          @Override
          public void onReady(String topic) {
            nodes.forEach(node -> node.listener.onReady(topic));
          }
        });
  }

  /** How much was published on all streams whose names begin so. */
  public int appended(String beginning) {
    return appended.entrySet().stream()
        .filter(entry -> entry.getKey().startsWith(beginning))
        .mapToInt(entry -> entry.getValue().get())
        .sum();
  }

  /** The broker of one more node. */
  public Node node() {
    return new Node();
  }

  /** One node's broker. Safe for any thread. */
  public final class Node implements Broker {

    private final Set<String> subscribed = ConcurrentHashMap.newKeySet();
    private final Map<String, Position> lost = new ConcurrentHashMap<>();
    private final AtomicInteger toDrop = new AtomicInteger();
    private final AtomicInteger toDeny = new AtomicInteger();
    private final Queue<Runnable> answers = new ConcurrentLinkedQueue<>();
    private volatile BrokerListener listener;
    private volatile boolean down;
    private volatile boolean holding;

    /** Cuts it off, or ends that. */
    public void down(boolean yes) {
      down = yes;
      if (!yes) {
        lost.keySet().forEach(this::tellLost);
      }
    }

    public boolean isDown() {
      return down;
    }

    /** So many publications do not get here. */
    public void drop(int publications) {
      toDrop.set(publications);
    }

    /** So many publications are done, and answered as if they were not. */
    public void deny(int publications) {
      toDeny.set(publications);
    }

    /** Publications from now on are done at once, but answered later. */
    public void holdAnswers() {
      holding = true;
    }

    /** Gives all answers that were held back. */
    public void answer() {
      while (!answers.isEmpty()) {
        answers.remove().run();
      }
    }

    /** The JVM ends without a word. */
    public void die() {
      nodes.remove(this);
      down = true;
    }

    public Set<String> subscribed() {
      return Set.copyOf(subscribed);
    }

    private void hear(Publication publication) {
      String topic = publication.topic();
      if (!subscribed.contains(topic)) {
        return;
      }
      if (down || toDrop.getAndUpdate(left -> Math.max(0, left - 1)) > 0) {
        lost.put(topic, publication.position());
        return;
      }
      tellLost(topic);
      listener.onPublication(publication);
    }

    /** As a broker does that looks for what it has missed. */
    private void tellLost(String topic) {
      Position upTo = lost.remove(topic);
      if (upTo != null && subscribed.contains(topic)) {
        listener.onLost(topic, Tail.Outcome.EVICTED, upTo);
      }
    }

    @Override
    public void start(BrokerListener newListener) {
      listener = newListener;
      nodes.add(this);
    }

    @Override
    public CompletionStage<Appended> append(
        Draft draft, ChannelOptions options, @Nullable String idempotencyKey) {
      if (down) {
        return CompletableFuture.failedStage(new IllegalStateException("down"));
      }
      appended.computeIfAbsent(draft.topic(), topic -> new AtomicInteger()).incrementAndGet();
      CompletionStage<Appended> done = streams.append(draft, options, idempotencyKey);
      if (toDeny.getAndUpdate(left -> Math.max(0, left - 1)) > 0) {
        return CompletableFuture.failedStage(new IllegalStateException("no answer"));
      }
      if (!holding) {
        return done;
      }
      CompletableFuture<Appended> later = new CompletableFuture<>();
      answers.add(() -> done.thenAccept(later::complete));
      return later;
    }

    @Override
    public CompletionStage<Tail> read(String topic, @Nullable Position since, ReadLimit limit) {
      return down
          ? CompletableFuture.failedStage(new IllegalStateException("down"))
          : streams.read(topic, since, limit);
    }

    @Override
    public void subscribe(String topic) {
      subscribed.add(topic);
      streams.subscribe(topic);
    }

    @Override
    public void unsubscribe(String topic) {
      subscribed.remove(topic);
      lost.remove(topic);
      streams.unsubscribe(topic);
    }

    @Override
    public boolean isReachable() {
      return !down;
    }

    @Override
    public void housekeep() {
      if (!down) {
        lost.keySet().forEach(this::tellLost);
      }
    }

    @Override
    public int channelCount() {
      return subscribed.size();
    }

    @Override
    public void close() {
      nodes.remove(this);
    }
  }
}
