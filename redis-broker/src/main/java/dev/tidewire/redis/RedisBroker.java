package dev.tidewire.redis;

import dev.tidewire.RealtimeException;
import dev.tidewire.broker.Broker;
import dev.tidewire.broker.BrokerListener;
import dev.tidewire.broker.SharedStreams;
import dev.tidewire.broker.StreamStore;
import dev.tidewire.broker.Tail;
import dev.tidewire.channel.ChannelOptions;
import dev.tidewire.channel.Draft;
import dev.tidewire.channel.Position;
import dev.tidewire.channel.Publication;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletionStage;
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

  private final RedisThreads threads = new RedisThreads();
  private final RedisLink link;
  private final StreamScripts scripts;
  private final SharedStreams streams;
  private final RedisPresenceTracker presence;

  private RedisBroker(String uri, RedisOptions options) {
    List<Script> all = new ArrayList<>(StreamScripts.ALL);
    all.addAll(RoomScripts.ALL);
    link = new RedisLink(uri, options, all, threads);
    link.hear(StreamScripts.OUT, new FromRedis());
    scripts = new StreamScripts(link, options);
    streams =
        new SharedStreams(
            new Scripted(),
            threads::answer,
            options.checkInterval(),
            () -> new RealtimeException("the connection to Redis was lost", null));
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
  public void start(BrokerListener listener) {
    streams.start(listener);
    threads.every(TICK, streams::tick);
  }

  @Override
  public CompletionStage<Appended> append(
      Draft draft, ChannelOptions channel, @Nullable String idempotencyKey) {
    return streams.append(draft, channel, idempotencyKey);
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
    return streams.topics().size();
  }

  /** Known of the channels that this node subscribes to. */
  @Override
  public int retained(String topic) {
    return scripts.places().retained(topic);
  }

  @Override
  public void close() {
    presence.close();
    link.close();
    streams.close();
    threads.close();
  }

  /** Redis, as the streams use it: connections carry out scripts in their order. */
  private final class Scripted implements StreamStore {
    @Override
    public CompletionStage<Appended> append(
        Draft draft, ChannelOptions channel, @Nullable String key, @Nullable Position known) {
      return scripts.append(draft, channel, key, known);
    }

    @Override
    public CompletionStage<Position> check(String topic, @Nullable Position known) {
      return scripts.check(topic, known);
    }

    @Override
    public CompletionStage<Tail> read(String topic, @Nullable Position since, ReadLimit limit) {
      return scripts.read(topic, since, null, limit, threads::answer);
    }

    @Override
    public CompletionStage<Tail> repair(String topic, Position since, ReadLimit limit) {
      return scripts.read(topic, since, since, limit, threads::answer);
    }

    @Override
    public void listen(String topic) {
      scripts.places().follow(topic);
      link.subscribe(scripts.channelOf(topic));
    }

    @Override
    public void ignore(String topic) {
      link.unsubscribe(scripts.channelOf(topic));
      scripts.places().forget(topic);
    }

    @Override
    public boolean isReachable() {
      return link.isOpen();
    }
  }

  /** What comes from Redis, on its connections' threads. */
  private final class FromRedis implements RedisLink.Listener {
    @Override
    public void opened() {}

    @Override
    public void lost() {
      streams.lost();
    }

    @Override
    public void subscribed(String topic) {
      streams.stands(topic);
    }

    @Override
    public void message(String topic, byte[] payload) {
      try {
        Publication told = scripts.told(topic, payload);
        if (told != null) {
          streams.told(told);
        } else {
          streams.stands(topic); // Redis says how far the stream is, and of which life
        }
      } catch (RuntimeException e) {
        Unreadable.log(log, "A message of channel {} cannot be read", topic, e);
      }
    }
  }
}
