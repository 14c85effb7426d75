package dev.tidewire.redis;

import static java.nio.charset.StandardCharsets.UTF_8;

import dev.tidewire.RealtimeException;
import io.lettuce.core.RedisChannelHandler;
import io.lettuce.core.RedisConnectionStateListener;
import io.lettuce.core.RedisFuture;
import io.lettuce.core.cluster.SlotHash;
import io.lettuce.core.cluster.models.partitions.RedisClusterNode;
import io.lettuce.core.cluster.pubsub.StatefulRedisClusterPubSubConnection;
import io.lettuce.core.pubsub.RedisPubSubAdapter;
import io.lettuce.core.pubsub.StatefulRedisPubSubConnection;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * The messages of one session: on one connection to any server, or, where they are sharded, on one
 * to each master, which has the messages of its own slots only. A subscription that a server ends
 * or has no more right to breaks the session, for the next one knows where the slot lies.
 *
 * <p>Safe for any thread, but for {@link #pulse}, which belongs to the timer.
 */
final class RedisMessages {

  /** Hears the messages, on a connection's thread. */
  interface Listener {
    void subscribed(String channel);

    void message(String channel, byte[] payload);

    /** Not all messages may come any more. */
    void broken(Throwable why);
  }

  /** One connection, and the channel on which it is to hear the node itself. */
  private record Line(
      StatefulRedisPubSubConnection<String, byte[]> connection, String pulseChannel) {}

  private final RedisServers.Commands commands;
  private final StatefulRedisPubSubConnection<String, byte[]> connection;
  private final boolean isSharded;
  private final Duration timeout;
  private final Listener listener;

  /** By the master's id; the only one has none. */
  private final Map<String, Line> lines = new ConcurrentHashMap<>();

  /** When a pulse was sent that has not come back, by its channel. */
  private final Map<String, Long> pulses = new ConcurrentHashMap<>();

  /** How often a channel was given up whose end was not confirmed yet. */
  private final Map<String, Integer> ending = new ConcurrentHashMap<>();

  /**
   * @param commands publishes
   * @param connection to any server; to a cluster's, if messages are sharded
   */
  RedisMessages(
      RedisServers.Commands commands,
      StatefulRedisPubSubConnection<String, byte[]> connection,
      boolean isSharded,
      Duration timeout,
      Listener listener) {
    this.commands = commands;
    this.connection = connection;
    this.isSharded = isSharded;
    this.timeout = timeout;
    this.listener = listener;
  }

  private StatefulRedisClusterPubSubConnection<String, byte[]> cluster() {
    return (StatefulRedisClusterPubSubConnection<String, byte[]>) connection;
  }

  /** Completes when the node hears itself wherever it is to hear something. */
  CompletionStage<Void> open(String pulseChannel) {
    if (!isSharded) {
      return begin("", new Line(connection, pulseChannel));
    }
    List<CompletableFuture<Void>> all = new ArrayList<>();
    for (RedisClusterNode master : RedisServers.masters(cluster().getPartitions())) {
      String channel = inSlotOf(master, pulseChannel);
      all.add(
          cluster()
              .getConnectionAsync(master.getNodeId())
              .thenCompose(own -> begin(master.getNodeId(), new Line(own, channel))));
    }
    return CompletableFuture.allOf(all.toArray(CompletableFuture<?>[]::new));
  }

  /** A name that lies at this master. */
  private static String inSlotOf(RedisClusterNode master, String name) {
    for (int i = 0; ; i++) {
      String candidate = name + ":{" + i + "}";
      if (master.hasSlot(slot(candidate))) {
        return candidate;
      }
    }
  }

  private static int slot(String channel) {
    return SlotHash.getSlot(channel.getBytes(UTF_8));
  }

  private CompletionStage<Void> begin(String id, Line line) {
    lines.put(id, line);
    line.connection()
        .addListener(
            new RedisConnectionStateListener() {
              @Override
              public void onRedisDisconnected(RedisChannelHandler<?, ?> gone) {
                listener.broken(new RealtimeException("disconnected", null));
              }
            });
    line.connection().addListener(new Heard());
    return subscribed(line, line.pulseChannel());
  }

  private RedisFuture<Void> subscribed(Line line, String channel) {
    return isSharded
        ? line.connection().async().ssubscribe(channel)
        : line.connection().async().subscribe(channel);
  }

  private RedisFuture<Void> unsubscribed(Line line, String channel) {
    return isSharded
        ? line.connection().async().sunsubscribe(channel)
        : line.connection().async().unsubscribe(channel);
  }

  /** Where the channel's messages come from; null if that is not known in this session. */
  private @Nullable Line line(String channel) {
    if (!isSharded) {
      return lines.get("");
    }
    RedisClusterNode master = cluster().getPartitions().getMasterBySlot(slot(channel));
    return master == null ? null : lines.get(master.getNodeId());
  }

  private interface Order {
    RedisFuture<Void> to(Line line, String channel);
  }

  void subscribe(String channel) {
    order(channel, this::subscribed);
  }

  void unsubscribe(String channel) {
    ending.merge(channel, 1, Integer::sum);
    order(channel, this::unsubscribed);
  }

  private void order(String channel, Order order) {
    Line line = line(channel);
    if (line == null) {
      listener.broken(new RealtimeException("the cluster's slots have moved", null));
      return;
    }
    tried(() -> order.to(line, channel));
  }

  private <T> void tried(Supplier<CompletionStage<T>> step) {
    RedisSession.started(step)
        .whenComplete(
            (done, failure) -> {
              if (failure != null) {
                listener.broken(failure);
              }
            });
  }

  /**
   * Sends a message to itself on each connection, or finds that the last one has not come back.
   *
   * @param late whether this JVM stood still, so that nothing can be said about Redis
   */
  void pulse(long now, boolean late) {
    for (Line line : lines.values()) {
      String channel = line.pulseChannel();
      Long sent = pulses.get(channel);
      if (sent == null || late) {
        pulses.put(channel, now);
        tried(() -> publish(channel));
      } else if (now - sent > timeout.toNanos()) {
        listener.broken(new RealtimeException("no answer within " + timeout, null));
        return;
      }
    }
  }

  private CompletionStage<Long> publish(String channel) {
    return isSharded
        ? commands.async().spublish(channel, new byte[0])
        : commands.async().publish(channel, new byte[0]);
  }

  /** What comes on a connection. */
  private final class Heard extends RedisPubSubAdapter<String, byte[]> {
    @Override
    public void message(String channel, byte[] payload) {
      if (pulses.remove(channel) == null) {
        listener.message(channel, payload);
      }
    }

    @Override
    public void smessage(String channel, byte[] payload) {
      message(channel, payload);
    }

    @Override
    public void subscribed(String channel, long count) {
      listener.subscribed(channel);
    }

    @Override
    public void ssubscribed(String channel, long count) {
      subscribed(channel, count);
    }

    @Override
    public void unsubscribed(String channel, long count) {
      boolean[] wanted = new boolean[1];
      ending.computeIfPresent(
          channel,
          (c, times) -> {
            wanted[0] = true;
            return times > 1 ? times - 1 : null;
          });
      if (!wanted[0]) {
        listener.broken(new RealtimeException("the slot of " + channel + " has moved", null));
      }
    }

    @Override
    public void sunsubscribed(String channel, long count) {
      unsubscribed(channel, count);
    }
  }
}
