package dev.tidewire.demo;

import dev.tidewire.jakarta.ChaosProxy;
import dev.tidewire.redis.RedisProcess;
import io.zonky.test.db.postgres.embedded.EmbeddedPostgres;
import java.net.URI;
import java.util.List;

/**
 * Two demos in JVMs of their own with one Redis, which has on its disk what it has accepted, and
 * one empty PostgreSQL, on which they start at the same moment. The second node reaches Redis
 * through a network that can fall silent. Driven by one thread.
 */
final class TwoNodes implements AutoCloseable {
  final RedisProcess redis = RedisProcess.create("--appendonly", "yes", "--appendfsync", "always");
  final EmbeddedPostgres postgres;
  final ChaosProxy network;
  final NodeProcess one;
  final NodeProcess two;

  TwoNodes(long seed) throws Exception {
    postgres = EmbeddedPostgres.builder().setPort(0).start();
    network = new ChaosProxy(redis.port(), seed);
    one = node(redis.uri());
    two = node("redis://127.0.0.1:" + network.port());
    try {
      nodes().forEach(NodeProcess::start);
      nodes().forEach(NodeProcess::awaitStart);
    } catch (RuntimeException | AssertionError e) {
      close(); // processes do not end with the test
      throw e;
    }
  }

  private NodeProcess node(String redisUrl) {
    return new NodeProcess(
        "-Dredis.url=" + redisUrl,
        "-Ddb.url=jdbc:postgresql://localhost:" + postgres.getPort() + "/postgres",
        "-Ddb.user=postgres",
        "-Ddb.password=postgres");
  }

  List<NodeProcess> nodes() {
    return List.of(one, two);
  }

  List<URI> urls() {
    return List.of(one.url(), two.url());
  }

  @Override
  public void close() throws Exception {
    one.close();
    two.close();
    network.close();
    redis.close();
    postgres.close();
  }
}
