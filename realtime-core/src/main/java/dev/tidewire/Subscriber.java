package dev.tidewire;

import dev.tidewire.broker.Tail;
import dev.tidewire.channel.Position;
import dev.tidewire.presence.PresenceState;
import dev.tidewire.transport.Frame;
import java.util.concurrent.CompletionStage;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/**
 * Somebody who receives a channel's publications. All methods but {@link #since} and {@link
 * #wantsPresence} are called by the thread that drains the channel, one at a time; none may block.
 */
interface Subscriber {

  /** The position to resume after, or null to start with what comes. */
  @Nullable Position since();

  /**
   * Finds out where the subscription begins. Called by the subscribing thread, must not wait.
   *
   * @param read reads the channel after a position
   */
  default CompletionStage<Tail> open(Function<@Nullable Position, CompletionStage<Tail>> read) {
    return read.apply(since());
  }

  /** Whether one that replaces another goes on where that stopped. */
  default boolean continues() {
    return since() == null;
  }

  /** Whether it could not start before and tries again: then its failure is known already. */
  default boolean isLate() {
    return false;
  }

  /** What it sees of a table channel, once it is open; null if that is everything. */
  default @Nullable RowScope scope() {
    return null;
  }

  /** It is one of a class from now on. */
  default void enter(RowClass rows) {}

  /** The class that it is one of, or null. */
  default @Nullable RowClass rowClass() {
    return null;
  }

  /**
   * Whether it can be told of what it missed now.
   *
   * @param later called once, on any thread, when the channel is to be read again and this to be
   *     asked again; never if it can
   */
  default boolean admits(Tail tail, Runnable later) {
    return true;
  }

  /**
   * The subscription stands: everything after the tail's position follows. Called once, also if it
   * was ended meanwhile.
   *
   * @param tail what the broker found, or null if it could not be read; then nothing follows
   */
  void started(@Nullable Tail tail);

  /** Whether it is a client's, not the server's own. */
  default boolean isClient() {
    return false;
  }

  /** Publications, none of them before the start. */
  void deliver(Run run);

  /** Whether the subscriber wants to know who is in the channel. */
  boolean wantsPresence();

  /** Whether the subscriber wants to know how many are in the channel. */
  default boolean wantsCount() {
    return false;
  }

  /** How many are in the channel; the frame is shared by all subscribers. */
  default void count(Frame number) {}

  /**
   * Everybody in the channel, once after the start, and again where differences were lost.
   *
   * @param state null if it could not be read; then no differences follow
   */
  void present(@Nullable PresenceState state);

  /** Later differences; their frames are shared by all subscribers. */
  void present(PresenceRun differences);
}
