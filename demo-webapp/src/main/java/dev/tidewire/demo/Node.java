package dev.tidewire.demo;

import dev.tidewire.RealtimeException;
import dev.tidewire.broker.Broker;
import dev.tidewire.redis.RedisBroker;
import java.util.UUID;
import org.jspecify.annotations.Nullable;

/**
 * This instance of the demo: the only one, or one of those that share a Redis and a database.
 * Immutable, safe for any thread.
 *
 * @param name for people
 * @param broker what the nodes share; null for a bus in memory. The bus closes it
 * @param bus for people: where the bus is
 */
record Node(String name, @Nullable Broker broker, String bus) {
  private static final int MAX_NAME = 100;

  /** A Redis that is not there, or is not named well, is an exception that says so in a line. */
  static Node of(Settings settings) {
    String name = settings.node();
    String url = settings.redisUrl();
    return new Node(
        name == null
            ? "node-" + UUID.randomUUID().toString().substring(0, 4)
            : name.substring(0, Math.min(name.length(), MAX_NAME)),
        url == null ? null : connect(url),
        url == null ? "bus in memory" : "bus on " + withoutPassword(url));
  }

  private static Broker connect(String url) {
    try {
      return RedisBroker.connect(url);
    } catch (IllegalArgumentException e) {
      throw new IllegalStateException(
          "The demo cannot use -Dredis.url="
              + withoutPassword(url)
              + "; it is of the form redis://127.0.0.1:6379",
          e);
    } catch (RealtimeException e) {
      throw new IllegalStateException(
          "The demo cannot reach its Redis at " + withoutPassword(url) + "; see -Dredis.url", e);
    }
  }

  private static String withoutPassword(String url) {
    return url.replaceFirst("//.*@", "//");
  }

  /** Where there will be no bus to do that. */
  void leave() {
    if (broker != null) {
      broker.close();
    }
  }

  /** Whether what this node publishes gets to the others, as far as is known now. */
  boolean isConnected() {
    return broker == null || broker.isReachable();
  }
}
