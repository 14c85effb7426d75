package dev.tidewire.redis;

import dev.tidewire.RealtimeException;
import dev.tidewire.broker.Broker;
import dev.tidewire.broker.BrokerListener;
import dev.tidewire.broker.Tail;
import dev.tidewire.channel.ChannelOptions;
import dev.tidewire.channel.Draft;
import dev.tidewire.channel.Position;
import dev.tidewire.channel.Publication;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.ConcurrentHashMap;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Keeps all streams in Redis 6.2 or newer, or Valkey: every node that is given the same one shares
 * channels, positions, recovery, idempotency keys and presence.
 *
 * <pre>{@code
 * Realtime.builder().broker(RedisBroker.connect("redis://cache:6379"))
 * }</pre>
 *
 * <p>While Redis cannot be reached, publishing and subscribing fail; what is connected stays so,
 * and goes on without a hole when Redis is back, or is told to reload.
 *
 * <p>Safe for any thread. The listener is called by the connections' threads; stages are completed
 * by threads that may be blocked.
 */
public final class RedisBroker implements Broker {

  private static final Logger log = LoggerFactory.getLogger(RedisBroker.class);
  private static final Duration TICK = Duration.ofMillis(100);
  private static final long PATIENCE_NANOS = Duration.ofMillis(200).toNanos();

  /** What a repair may bring at once; beyond, subscribers are told to reload. */
  private static final ReadLimit REPAIR = new ReadLimit(10_000, 16 << 20);

  private final RedisOptions options;
  private final ConcurrentHashMap<String, RedisStream> streams = new ConcurrentHashMap<>();
  private final RedisThreads threads = new RedisThreads();
  private final RedisLink link;
  private final StreamScripts scripts;
  private final RedisPresenceTracker presence;
  private volatile @Nullable BrokerListener listener;

  private RedisBroker(String uri, RedisOptions options) {
    this.options = options;
    List<Script> all = new ArrayList<>(StreamScripts.ALL);
    all.addAll(RoomScripts.ALL);
    link = new RedisLink(uri, options, all, threads);
    link.hear(StreamScripts.OUT, new FromRedis());
    scripts = new StreamScripts(link, options);
    presence = new RedisPresenceTracker(link, options, threads);
  }

  /**
   * Connects with the default options.
   *
   * @param uri {@code redis://[user:password@]host[:port][/database]}, {@code rediss://…} for TLS,
   *     {@code redis-sentinel://host,host/database#master}, {@code redis-cluster://host,host} or
   *     {@code rediss-cluster://…}
   * @throws RealtimeException if Redis cannot be reached
   */
  public static RedisBroker connect(String uri) {
    return connect(uri, RedisOptions.DEFAULT);
  }

  /** Connects with these options. */
  public static RedisBroker connect(String uri, RedisOptions options) {
    RedisBroker broker = new RedisBroker(uri, options);
    try {
      broker.link.open();
    } catch (RuntimeException e) {
      broker.threads.close();
      throw e;
    }
    return broker;
  }

  @Override
  public void start(BrokerListener newListener) {
    listener = newListener;
    threads.every(TICK, this::tick);
  }

  private BrokerListener listener() {
    BrokerListener known = listener;
    if (known == null) {
      throw new IllegalStateException("the broker was not started");
    }
    return known;
  }

  @Override
  public CompletionStage<Appended> append(
      Draft draft, ChannelOptions channel, @Nullable String idempotencyKey) {
    listener();
    String topic = draft.topic();
    RedisStream subscribed = streams.get(topic);
    Position known = subscribed == null ? null : subscribed.position();
    CompletableFuture<Appended> answer = new CompletableFuture<>();
    scripts
        .append(draft, channel, idempotencyKey, known)
        .whenComplete(
            (appended, failure) -> {
              if (failure != null) {
                threads.answer(() -> answer.completeExceptionally(failure));
              } else {
                appended(draft, appended, answer);
              }
            });
    return answer;
  }

  private void appended(Draft draft, Appended appended, CompletableFuture<Appended> answer) {
    RedisStream stream = streams.get(draft.topic());
    if (stream == null || appended.repeated()) {
      threads.answer(() -> answer.complete(appended));
      return;
    }
    CompletableFuture<Void> heard = new CompletableFuture<>();
    var unused =
        heard.whenComplete(
            (nothing, failure) -> {
              if (failure == null) {
                answer.complete(appended);
              } else {
                answer.completeExceptionally(failure);
              }
            });
    act(
        stream,
        stream.offer(
            draft.at(appended.position(), appended.timestamp()), false, heard, System.nanoTime()));
    lookAgain(stream);
  }

  @Override
  public CompletionStage<Tail> read(String topic, @Nullable Position since, ReadLimit limit) {
    CompletableFuture<Tail> answer = new CompletableFuture<>();
    fetch(topic, since, limit, answer);
    return answer;
  }

  /** Nobody is to wait for a stream that was given up in this very moment. */
  private void lookAgain(RedisStream stream) {
    if (streams.get(stream.topic()) != stream) {
      answer(stream.abandon(), null);
    } else if (!link.isOpen()) {
      answer(stream.abandon(), lost());
    }
  }

  private static RealtimeException lost() {
    return new RealtimeException("the connection to Redis was lost", null);
  }

  private void fetch(
      String topic, @Nullable Position since, ReadLimit limit, CompletableFuture<Tail> answer) {
    scripts
        .read(topic, since, limit)
        .whenComplete(
            (reply, failure) ->
                threads.answer(
                    () -> {
                      if (failure != null) {
                        answer.completeExceptionally(failure);
                      } else {
                        Tail tail = scripts.tail(topic, reply, limit);
                        hear(topic, tail.position());
                        answer.complete(tail);
                      }
                    }));
  }

  /** Whoever was told a position hears what comes after it, whatever became of the first check. */
  private void hear(String topic, Position from) {
    RedisStream stream = streams.get(topic);
    if (stream != null && stream.position() == null) {
      act(stream, stream.checked(from, false, System.nanoTime()));
    }
  }

  @Override
  public void subscribe(String topic) {
    streams.compute(
        topic,
        (t, known) -> {
          RedisStream stream = known == null ? new RedisStream(t, listener()) : known;
          if (stream.count(1) == 1) {
            link.subscribe(scripts.channelOf(t));
          }
          return stream;
        });
    // Before every command that follows, so that what those publish is heard.
    RedisStream stream = streams.get(topic);
    if (stream != null && stream.position() == null) {
      check(stream, false);
    }
  }

  @Override
  public void unsubscribe(String topic) {
    streams.computeIfPresent(
        topic,
        (t, stream) -> {
          if (stream.count(-1) > 0) {
            return stream;
          }
          link.unsubscribe(scripts.channelOf(t));
          threads.answer(() -> answer(stream.abandon(), null));
          return null;
        });
  }

  /** On the timer: what did not come by itself is asked for. */
  private void tick() {
    if (!link.isOpen()) {
      return;
    }
    long now = System.nanoTime();
    for (RedisStream stream : streams.values()) {
      act(stream, stream.due(now, PATIENCE_NANOS, options.checkInterval().toNanos()));
    }
  }

  /** Does what a stream wants, hands on what it told, and answers who waited for it. */
  private void act(RedisStream stream, RedisStream.Want want) {
    switch (want) {
      case NOTHING -> {}
      case CHECK -> check(stream, false);
      case READ -> repair(stream);
    }
    if (stream.takeTold()) {
      threads.answer(stream::handOn);
    }
    answer(stream.heard(), null);
  }

  private void answer(List<CompletableFuture<Void>> waiting, @Nullable Throwable failure) {
    for (CompletableFuture<Void> answer : waiting) {
      threads.answer(
          () -> {
            if (failure == null) {
              answer.complete(null);
            } else {
              answer.completeExceptionally(failure);
            }
          });
    }
  }

  private void check(RedisStream stream, boolean urgent) {
    scripts
        .check(stream.topic(), stream.position())
        .whenComplete(
            (present, failure) -> {
              if (failure == null) {
                act(stream, stream.checked(present, urgent, System.nanoTime()));
              } else {
                stream.failed(System.nanoTime());
              }
            });
  }

  private void repair(RedisStream stream) {
    Position since = stream.position();
    if (since == null) {
      stream.failed(System.nanoTime());
      return;
    }
    CompletableFuture<Tail> found = new CompletableFuture<>();
    fetch(stream.topic(), since, REPAIR, found);
    var unused =
        found.whenComplete(
            (tail, failure) -> {
              if (failure == null) {
                act(stream, stream.repaired(since, tail, System.nanoTime()));
              } else {
                log.debug("Channel {} could not be read after {}", stream.topic(), since, failure);
                stream.failed(System.nanoTime());
              }
            });
  }

  /** Who is present on any node that shares this Redis. */
  @Override
  public RedisPresenceTracker presence() {
    return presence;
  }

  /** Whether both connections stand; false from the moment that Redis is found to be away. */
  @Override
  public boolean isReachable() {
    return link.isOpen();
  }

  @Override
  public void housekeep() {} // Redis forgets by itself

  /** Channels that this node subscribes to. */
  @Override
  public int channelCount() {
    return streams.size();
  }

  @Override
  public void close() {
    presence.close();
    link.close();
    streams.values().forEach(stream -> answer(stream.abandon(), lost()));
    streams.clear();
    threads.close();
  }

  /** What comes from Redis, on its connections' threads. */
  private final class FromRedis implements RedisLink.Listener {
    @Override
    public void opened() {}

    @Override
    public void lost() {
      for (RedisStream stream : streams.values()) {
        answer(stream.abandon(), RedisBroker.lost());
      }
    }

    @Override
    public void subscribed(String topic) {
      RedisStream stream = streams.get(topic);
      if (stream != null) {
        check(stream, true);
      }
    }

    @Override
    public void message(String topic, byte[] payload) {
      RedisStream stream = streams.get(topic);
      if (stream == null) {
        return;
      }
      try {
        Publication publication = scripts.told(stream.topic(), payload);
        act(stream, stream.offer(publication, true, null, System.nanoTime()));
      } catch (RuntimeException e) {
        log.error("A message of channel {} cannot be read", stream.topic(), e);
      }
    }
  }
}
