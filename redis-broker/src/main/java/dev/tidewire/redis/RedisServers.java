package dev.tidewire.redis;

import io.lettuce.core.AbstractRedisClient;
import io.lettuce.core.ClientOptions;
import io.lettuce.core.RedisClient;
import io.lettuce.core.RedisCommandExecutionException;
import io.lettuce.core.RedisURI;
import io.lettuce.core.SocketOptions;
import io.lettuce.core.TimeoutOptions;
import io.lettuce.core.api.StatefulConnection;
import io.lettuce.core.api.StatefulRedisConnection;
import io.lettuce.core.cluster.ClusterClientOptions;
import io.lettuce.core.cluster.RedisClusterClient;
import io.lettuce.core.cluster.RedisClusterURIUtil;
import io.lettuce.core.cluster.api.StatefulRedisClusterConnection;
import io.lettuce.core.cluster.api.async.RedisClusterAsyncCommands;
import io.lettuce.core.cluster.models.partitions.Partitions;
import io.lettuce.core.cluster.models.partitions.RedisClusterNode;
import io.lettuce.core.codec.ByteArrayCodec;
import io.lettuce.core.codec.RedisCodec;
import io.lettuce.core.codec.StringCodec;
import io.lettuce.core.pubsub.StatefulRedisPubSubConnection;
import io.lettuce.core.resource.ClientResources;
import java.net.URI;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CompletableFuture;
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
  private final RedisOptions options;
  private final AbstractRedisClient client;

  /** A connection for scripts. */
  record Commands(
      StatefulConnection<String, byte[]> connection,
      RedisClusterAsyncCommands<String, byte[]> async) {

    /** Each server that carries out scripts; fails if one of them cannot be reached. */
    CompletionStage<List<RedisClusterAsyncCommands<String, byte[]>>> masters() {
      if (!(connection instanceof StatefulRedisClusterConnection<String, byte[]> cluster)) {
        return CompletableFuture.completedStage(List.of(async));
      }
      List<CompletableFuture<StatefulRedisConnection<String, byte[]>>> each =
          RedisServers.masters(cluster.getPartitions()).stream()
              .map(RedisClusterNode::getUri) // by address: those that scripts go by must stand
              .map(at -> cluster.getConnectionAsync(at.getHost(), at.getPort()))
              .toList();
      return CompletableFuture.allOf(each.toArray(CompletableFuture<?>[]::new))
          .thenApply(
              all ->
                  each.stream()
                      .<RedisClusterAsyncCommands<String, byte[]>>map(one -> one.join().async())
                      .toList());
    }
  }

  /** The masters that have slots: one that failed and was replaced has none. */
  static List<RedisClusterNode> masters(Partitions partitions) {
    return partitions.stream()
        .filter(node -> node.getRole().isUpstream() && !node.hasNoSlots())
        .toList();
  }

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
    this.options = options;
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
      return refresh() // masters may be others than when the last connection was made
          .thenCompose(known -> cluster.connectAsync(CODEC))
          .thenApply(connection -> new Commands(connection, connection.async()));
    }
    return ((RedisClient) client)
        .connectAsync(CODEC, uris.get(0))
        .thenApply(connection -> new Commands(connection, connection.async()));
  }

  /** Looks which masters there are. */
  CompletionStage<Void> refresh() {
    return client instanceof RedisClusterClient cluster
        ? cluster.refreshPartitionsAsync()
        : CompletableFuture.completedStage(null);
  }

  /**
   * Whether messages are to be sharded: where every master of a cluster knows how, and the options
   * allow it. The same for all nodes, as long as the cluster is the same.
   */
  CompletionStage<Boolean> isSharded(Commands commands) {
    if (!(client instanceof RedisClusterClient) || !options.shardedMessages()) {
      return CompletableFuture.completedStage(false);
    }
    return commands
        .masters()
        .thenCompose(
            masters -> {
              List<CompletableFuture<Boolean>> each =
                  masters.stream().map(RedisServers::knowsSharded).toList();
              return CompletableFuture.allOf(each.toArray(CompletableFuture<?>[]::new))
                  .thenApply(all -> each.stream().allMatch(CompletableFuture::join));
            });
  }

  private static CompletableFuture<Boolean> knowsSharded(
      RedisClusterAsyncCommands<String, byte[]> master) {
    return master
        .commandInfo("spublish")
        .thenApply(found -> found.stream().anyMatch(it -> it instanceof List<?> l && !l.isEmpty()))
        .exceptionallyCompose(
            failure ->
                failure.getCause() instanceof RedisCommandExecutionException // may not be asked
                    ? CompletableFuture.completedStage(false)
                    : CompletableFuture.failedStage(failure))
        .toCompletableFuture();
  }

  /** For messages. What any server of a cluster is told to publish all of them do. */
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
