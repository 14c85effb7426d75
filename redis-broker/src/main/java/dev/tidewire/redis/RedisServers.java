package dev.tidewire.redis;

import io.lettuce.core.AbstractRedisClient;
import io.lettuce.core.ClientOptions;
import io.lettuce.core.RedisClient;
import io.lettuce.core.RedisURI;
import io.lettuce.core.SocketOptions;
import io.lettuce.core.TimeoutOptions;
import io.lettuce.core.api.StatefulConnection;
import io.lettuce.core.cluster.ClusterClientOptions;
import io.lettuce.core.cluster.RedisClusterClient;
import io.lettuce.core.cluster.RedisClusterURIUtil;
import io.lettuce.core.cluster.api.async.RedisClusterAsyncCommands;
import io.lettuce.core.codec.ByteArrayCodec;
import io.lettuce.core.codec.RedisCodec;
import io.lettuce.core.codec.StringCodec;
import io.lettuce.core.pubsub.StatefulRedisPubSubConnection;
import io.lettuce.core.resource.ClientResources;
import java.net.URI;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CompletionStage;

/**
 * Makes connections: to one server, to the master that sentinels name, or to a cluster, whose
 * scripts go to where their keys are. Safe for any thread.
 */
final class RedisServers {

  private static final String CLUSTER = "redis-cluster://";
  private static final String CLUSTER_TLS = "rediss-cluster://";
  private static final RedisCodec<String, byte[]> CODEC =
      RedisCodec.of(StringCodec.UTF8, ByteArrayCodec.INSTANCE);

  private final List<RedisURI> uris;
  private final AbstractRedisClient client;

  /** A connection for scripts. */
  record Commands(
      StatefulConnection<String, byte[]> connection,
      RedisClusterAsyncCommands<String, byte[]> async) {}

  /**
   * @param uri as {@link RedisBroker#connect(String)} takes it
   * @throws IllegalArgumentException if it is not one; then nothing was started
   */
  static List<RedisURI> addresses(String uri) {
    return isCluster(uri)
        ? RedisClusterURIUtil.toRedisURIs(URI.create(uri.replaceFirst("-cluster", "")))
        : List.of(RedisURI.create(uri));
  }

  static boolean isCluster(String uri) {
    return uri.startsWith(CLUSTER) || uri.startsWith(CLUSTER_TLS);
  }

  /**
   * @param uris of one server, or some of a cluster's
   * @param connecting how long a connection may take to stand
   */
  RedisServers(
      List<RedisURI> uris,
      boolean isCluster,
      RedisOptions options,
      Duration connecting,
      ClientResources resources) {
    this.uris = uris;
    uris.forEach(each -> each.setTimeout(connecting));
    SocketOptions sockets =
        SocketOptions.builder().connectTimeout(connecting).keepAlive(true).build();
    if (isCluster) {
      RedisClusterClient cluster = RedisClusterClient.create(resources, uris);
      cluster.setOptions(
          ClusterClientOptions.builder()
              .autoReconnect(false) // a command that was sent is never sent again
              .socketOptions(sockets)
              .timeoutOptions(TimeoutOptions.enabled(options.timeout())) // any server may be silent
              .build());
      client = cluster;
    } else {
      RedisClient single = RedisClient.create(resources);
      single.setOptions(
          ClientOptions.builder().autoReconnect(false).socketOptions(sockets).build());
      client = single;
    }
  }

  CompletionStage<Commands> commands() {
    if (client instanceof RedisClusterClient cluster) {
      return cluster
          .refreshPartitionsAsync() // masters may be others than when the last connection was made
          .thenCompose(known -> cluster.connectAsync(CODEC))
          .thenApply(connection -> new Commands(connection, connection.async()));
    }
    return ((RedisClient) client)
        .connectAsync(CODEC, uris.get(0))
        .thenApply(connection -> new Commands(connection, connection.async()));
  }

  /** What any server of a cluster is told to publish all of them do. */
  CompletionStage<StatefulRedisPubSubConnection<String, byte[]>> messages() {
    return client instanceof RedisClusterClient cluster
        ? cluster.connectPubSubAsync(CODEC).thenApply(connection -> connection)
        : ((RedisClient) client).connectPubSubAsync(CODEC, uris.get(0));
  }

  void close(Duration patience) {
    client.shutdown(Duration.ZERO, patience);
  }

  /** Addresses, without passwords. */
  @Override
  public String toString() {
    return uris.size() == 1 ? uris.get(0).toString() : uris.toString();
  }
}
