package dev.tidewire.broker;

import dev.tidewire.channel.ChannelOptions;
import dev.tidewire.channel.Draft;
import dev.tidewire.channel.Position;
import dev.tidewire.channel.Publication;
import java.time.Clock;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * Keeps all streams in this JVM. Every stage it returns is complete already.
 *
 * <p>A channel that nobody subscribes to and that retains nothing is forgotten after the idle time;
 * a later subscriber then finds a new epoch. Safe for any thread: one lock per channel.
 */
public final class MemoryBroker implements Broker {

  private static final long EVICTION_PAUSE_MS = 1_000;

  private final ConcurrentHashMap<String, MemoryStream> streams = new ConcurrentHashMap<>();
  private final Clock clock;
  private final Supplier<String> epochs;
  private final Duration idle;
  private final int maxChannels;
  private final RetainedBytes retained;
  private final AtomicLong lastEviction = new AtomicLong();
  // A channel's history may outlive its stream: the next stream's stamps go on above the last ones.
  private final AtomicLong persistedUntil = new AtomicLong();
  private volatile @Nullable BrokerListener listener;

  /**
   * @param clock gives the time stamps of publications and their age
   * @param epochs makes a new epoch name, unique with near certainty (48 random bits or more)
   * @param idle how long an unused channel is remembered; zero means until the next housekeeping
   */
  public MemoryBroker(Clock clock, Supplier<String> epochs, Duration idle) {
    this(clock, epochs, idle, 0, 0, () -> {});
  }

  /**
   * The same with bounds.
   *
   * @param maxChannels how many channels there is room for, 0 for no bound; what is published all
   *     the same is not refused
   * @param maxRetainedBytes what all channels retain together, about, 0 for no bound; beyond it the
   *     largest forget their oldest publications early
   * @param whenFull called each time that they have to, by a publishing thread; must not block
   */
  public MemoryBroker(
      Clock clock,
      Supplier<String> epochs,
      Duration idle,
      int maxChannels,
      long maxRetainedBytes,
      Runnable whenFull) {
    this.clock = clock;
    this.epochs = epochs;
    this.idle = idle;
    this.maxChannels = maxChannels;
    this.retained = new RetainedBytes(maxRetainedBytes, whenFull);
  }

  @Override
  public void start(BrokerListener listener) {
    this.listener = listener;
  }

  @Override
  public CompletionStage<Appended> append(
      Draft draft, ChannelOptions options, @Nullable String idempotencyKey) {
    BrokerListener to = listener;
    if (to == null) {
      throw new IllegalStateException("the broker was not started");
    }
    Appended appended = null;
    while (appended == null) { // null: the stream was forgotten between look-up and lock
      appended = stream(draft.topic()).append(draft, options, idempotencyKey, to, clock.millis());
    }
    retained.makeRoom(streams.values());
    to.onReady(draft.topic());
    return CompletableFuture.completedFuture(appended);
  }

  @Override
  public CompletionStage<Tail> read(String topic, @Nullable Position since, ReadLimit limit) {
    Tail tail = null;
    while (tail == null) {
      tail = stream(topic).read(since, limit, clock.millis());
    }
    return CompletableFuture.completedFuture(tail);
  }

  @Override
  public boolean isRestorable() {
    return true;
  }

  @Override
  public void restore(
      String topic, Position last, List<Publication> newest, ChannelOptions options) {
    streams.compute(
        topic,
        (t, known) -> {
          if (known != null && !known.isUnused()) {
            throw new IllegalStateException("the channel " + t + " is in use already");
          }
          return new MemoryStream(t, last, newest, options, clock.millis(), retained);
        });
  }

  @Override
  public int retained(String topic) {
    MemoryStream stream = streams.get(topic);
    return stream == null ? 0 : stream.retained(clock.millis());
  }

  @Override
  public void subscribe(String topic) {
    boolean counted = false;
    while (!counted) {
      counted = stream(topic).addSubscriber(1, clock.millis());
    }
  }

  @Override
  public void unsubscribe(String topic) {
    MemoryStream stream = streams.get(topic);
    if (stream != null) {
      stream.addSubscriber(-1, clock.millis());
    }
  }

  private MemoryStream stream(String topic) {
    MemoryStream known = streams.get(topic);
    return known != null
        ? known
        : streams.computeIfAbsent(
            topic,
            t -> new MemoryStream(t, epochs.get(), clock.millis(), persistedUntil.get(), retained));
  }

  @Override
  public void housekeep() {
    long now = clock.millis();
    streams.forEach((topic, stream) -> forget(topic, stream, now, idle));
  }

  private void forget(String topic, MemoryStream stream, long now, Duration after) {
    if (stream.forget(now, after)) {
      persistedUntil.accumulateAndGet(stream.persistedUntil(), Math::max);
      streams.remove(topic, stream);
    }
  }

  @Override
  public boolean isShared() {
    return false;
  }

  @Override
  public boolean hasRoomFor(String topic) {
    if (maxChannels == 0 || streams.size() < maxChannels || streams.containsKey(topic)) {
      return true;
    }
    long now = clock.millis();
    long last = lastEviction.get();
    // All of them are looked at, which nobody is to cause at will.
    if (now - EVICTION_PAUSE_MS >= last && lastEviction.compareAndSet(last, now)) {
      forgetUnused(now);
    }
    return streams.size() < maxChannels;
  }

  private record Unused(String topic, MemoryStream stream, boolean everPublished, long since) {}

  /** Forgets what nobody uses, a little more than needed; first what nothing was published to. */
  private void forgetUnused(long now) {
    List<Unused> unused = new ArrayList<>(); // with the time as it is now: it moves on
    streams.forEach(
        (topic, stream) ->
            unused.add(new Unused(topic, stream, stream.everPublished(), stream.lastUsed())));
    unused.sort(Comparator.comparing(Unused::everPublished).thenComparingLong(Unused::since));
    int enough = maxChannels - maxChannels / 10;
    for (Unused next : unused) {
      if (streams.size() < enough) {
        return;
      }
      forget(next.topic(), next.stream(), now, Duration.ZERO);
    }
  }

  @Override
  public int channelCount() {
    return streams.size();
  }

  @Override
  public void close() {
    streams.clear();
  }
}
