package dev.tidewire;

import dev.tidewire.broker.Tail;
import dev.tidewire.channel.Position;
import dev.tidewire.presence.PresenceDiff;
import dev.tidewire.presence.PresenceState;
import dev.tidewire.transport.Frame;
import org.jspecify.annotations.Nullable;

/**
 * Somebody who receives a channel's publications. All methods but {@link #since} are called by the
 * thread that drains the channel, one at a time; none may block.
 */
interface Subscriber {

  /** The position to resume after, or null to start with what comes. */
  @Nullable Position since();

  /**
   * The subscription stands: everything after the tail's position follows.
   *
   * @param tail what the broker found, or null if it could not be read; then nothing follows
   */
  void started(@Nullable Tail tail);

  /** Publications, none of them before the start. */
  void deliver(Run run);

  /** Whether the subscriber wants to know who is in the channel. */
  boolean wantsPresence();

  /** Everybody in the channel, once after the start. */
  void present(PresenceState state);

  /**
   * A later difference.
   *
   * @param frame its encoding, shared by all subscribers
   */
  void present(PresenceDiff diff, Frame frame);
}
