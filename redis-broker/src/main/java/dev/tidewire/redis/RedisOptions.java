package dev.tidewire.redis;

import java.time.Clock;
import java.time.Duration;
import org.jspecify.annotations.Nullable;

/**
 * How Redis is used. Immutable; each method returns a changed copy. Safe for any thread.
 *
 * @param prefix what every key and channel in Redis begins with, default {@code tidewire}; nodes of
 *     one application share it, applications that share a Redis do not
 * @param timeout after such a silence Redis counts as unreachable, default 2 s: what waits fails,
 *     and the connections are made anew
 * @param checkInterval how often a node asks how far a quiet channel is, default 3 s: within that
 *     time it notices what it did not hear
 * @param nodeTimeout when a node has given no sign of life for so long, default 6 s, the others let
 *     its members leave; one that was only slow puts them back. Give all nodes the same
 * @param maxWaitingBytes bytes that may wait for Redis's answer, default 64 MiB; beyond, publishing
 *     fails at once
 * @param shardedMessages whether messages stay within the shard of a cluster that their channel
 *     lies in, default true; holds where all masters know how (Redis 7, Valkey). Without, every
 *     server passes every message to every other. Give all nodes the same: one that hears otherwise
 *     than another publishes has it a check interval later
 * @param clock gives the time stamps; null for Redis's own clock
 */
public record RedisOptions(
    String prefix,
    Duration timeout,
    Duration checkInterval,
    Duration nodeTimeout,
    long maxWaitingBytes,
    boolean shardedMessages,
    @Nullable Clock clock) {

  private static final String END = "}:";

  public static final RedisOptions DEFAULT =
      new RedisOptions(
          "tidewire",
          Duration.ofSeconds(2),
          Duration.ofSeconds(3),
          Duration.ofSeconds(6),
          64L << 20,
          true,
          null);

  public RedisOptions {
    if (prefix.isEmpty() || prefix.indexOf('{') >= 0 || prefix.indexOf('}') >= 0) {
      throw new IllegalArgumentException("not a prefix (no braces, not empty): '" + prefix + "'");
    }
    if (timeout.toMillis() < 100) {
      throw new IllegalArgumentException("a timeout is at least 100 ms: " + timeout);
    }
    if (checkInterval.toMillis() < 100) {
      throw new IllegalArgumentException("a check interval is at least 100 ms: " + checkInterval);
    }
    if (nodeTimeout.toMillis() < 1_000) {
      throw new IllegalArgumentException("a node time-out is at least 1 s: " + nodeTimeout);
    }
    if (maxWaitingBytes < 1) {
      throw new IllegalArgumentException("not a number of bytes: " + maxWaitingBytes);
    }
  }

  /** Keys and channels begin with this. */
  public RedisOptions withPrefix(String newPrefix) {
    return new RedisOptions(
        newPrefix, timeout, checkInterval, nodeTimeout, maxWaitingBytes, shardedMessages, clock);
  }

  /** Redis is unreachable after this silence. */
  public RedisOptions withTimeout(Duration newTimeout) {
    return new RedisOptions(
        prefix, newTimeout, checkInterval, nodeTimeout, maxWaitingBytes, shardedMessages, clock);
  }

  /** Quiet channels are checked this often. */
  public RedisOptions withCheckInterval(Duration interval) {
    return new RedisOptions(
        prefix, timeout, interval, nodeTimeout, maxWaitingBytes, shardedMessages, clock);
  }

  /** Nodes that are silent for so long are taken for dead. */
  public RedisOptions withNodeTimeout(Duration silence) {
    return new RedisOptions(
        prefix, timeout, checkInterval, silence, maxWaitingBytes, shardedMessages, clock);
  }

  /** At most so many bytes wait for Redis. */
  public RedisOptions withMaxWaitingBytes(long bytes) {
    return new RedisOptions(
        prefix, timeout, checkInterval, nodeTimeout, bytes, shardedMessages, clock);
  }

  /** Whether messages stay within the shard of a cluster, where all masters know how. */
  public RedisOptions withShardedMessages(boolean sharded) {
    return new RedisOptions(
        prefix, timeout, checkInterval, nodeTimeout, maxWaitingBytes, sharded, clock);
  }

  /** The time; for tests. */
  public RedisOptions withClock(Clock newClock) {
    return new RedisOptions(
        prefix, timeout, checkInterval, nodeTimeout, maxWaitingBytes, shardedMessages, newClock);
  }

  /** The time to give to a script; empty for Redis's own. */
  String time() {
    return clock == null ? "" : Long.toString(clock.millis());
  }

  /** A name in Redis; all that belong to one topic are kept by the same node of a cluster. */
  String name(String topic, String what) {
    return prefix + ":{" + topic + END + what;
  }

  /** The topic in a {@link #name}. */
  String topic(String name) {
    return name.substring(prefix.length() + 2, name.indexOf(END));
  }

  /** What a {@link #name} stands for; empty if it belongs to no topic. */
  static String what(String name) {
    int end = name.indexOf(END);
    return end < 0 ? "" : name.substring(end + END.length());
  }
}
