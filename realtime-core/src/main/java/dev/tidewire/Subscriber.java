package dev.tidewire;

import dev.tidewire.broker.Tail;
import dev.tidewire.channel.Position;
import dev.tidewire.presence.PresenceState;
import dev.tidewire.transport.Frame;
import org.jspecify.annotations.Nullable;

/**
 * Somebody who receives a channel's publications. All methods but {@link #since} and {@link
 * #wantsPresence} are called by the thread that drains the channel, one at a time; none may block.
 */
interface Subscriber {

  /** The position to resume after, or null to start with what comes. */
  @Nullable Position since();

  /**
   * The subscription stands: everything after the tail's position follows. Called once, also if it
   * was ended meanwhile.
   *
   * @param tail what the broker found, or null if it could not be read; then nothing follows
   */
  void started(@Nullable Tail tail);

  /** Publications, none of them before the start. */
  void deliver(Run run);

  /** Whether the subscriber wants to know who is in the channel. */
  boolean wantsPresence();

  /**
   * Everybody in the channel, once after the start.
   *
   * @param state null if it could not be read; then no differences follow
   */
  void present(@Nullable PresenceState state);

  /** Later differences, encoded; the frame is shared by all subscribers. */
  void present(Frame differences);
}
