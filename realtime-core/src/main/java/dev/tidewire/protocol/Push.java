package dev.tidewire.protocol;

import dev.tidewire.channel.Position;
import dev.tidewire.presence.PresenceDiff;
import dev.tidewire.presence.PresenceState;

/**
 * A frame the server sends unasked, other than a publication (see {@link
 * dev.tidewire.channel.Publication#frame()}). Immutable, safe for any thread.
 */
public sealed interface Push {

  /**
   * The connection stands and its identity is settled.
   *
   * @param connection public name of the connection
   * @param session secret that proves to be the same client
   */
  record Welcome(
      String connection,
      String session,
      String userId,
      long pingIntervalMs,
      long pongTimeoutMs,
      int maxFrameBytes)
      implements Push {}

  /** A member joined, changed or left. */
  record Presence(PresenceDiff diff) implements Push {}

  /**
   * Everybody in a channel.
   *
   * @param limit at most so many are told
   */
  record Members(PresenceState state, int limit) implements Push {}

  /** What was missed cannot be told: load again and go on from {@code position}. */
  record Reset(String topic, String reason, Position position) implements Push {}

  /** How to reconnect: wait a random time between the bounds, or not at all. */
  record Advice(boolean retry, long minDelayMs, long maxDelayMs) implements Push {}

  /** The answer to a ping. */
  record Pong() implements Push {}
}
