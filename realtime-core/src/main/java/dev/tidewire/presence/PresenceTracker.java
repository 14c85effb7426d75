package dev.tidewire.presence;

import java.util.concurrent.CompletionStage;

/**
 * Knows who is in which channel.
 *
 * <p>Contract, held by every implementation: connections of one user are one member; the first
 * track of a user is a join, the last untrack a leave, everything between an update, and a track
 * that changes nothing is not told; revisions of a channel rise by one per difference, also when
 * the channel was empty in between (a tracker that forgot a long empty channel may skip revisions,
 * but never goes back); the listener has heard of a difference before the stage completes, or,
 * where differences were lost, of the whole state in their place; every stage completes, in the
 * end.
 *
 * <p>A tracker behind a network fails a stage of {@link #track} or {@link #untrack} that it can not
 * carry out now, and carries it out as soon as it can, unless a later call for the same connection
 * has taken its place.
 *
 * <p>Safe for any thread.
 */
public interface PresenceTracker extends AutoCloseable {

  /** Called once, before anything else. */
  void start(PresenceListener listener);

  /**
   * This node has its first subscriber of the channel, so that differences are of use from now on.
   * Called under a lock: must neither wait nor throw, as {@link #unsubscribe}.
   */
  default void subscribe(String topic) {}

  /** This node's last subscriber of the channel has gone. */
  default void unsubscribe(String topic) {}

  /** Sets the state of one connection in a channel; the second call updates it. */
  CompletionStage<Void> track(String topic, String userId, Member.Link connection);

  /** Takes one connection out of a channel; nothing happens if it is not there. */
  CompletionStage<Void> untrack(
      String topic, String userId, String connectionId, PresenceDiff.Reason reason);

  /** Everybody in the channel now. */
  CompletionStage<PresenceState> state(String topic);

  /** How many are in the channel now; to be overridden where that is cheaper than the members. */
  default CompletionStage<Occupancy> occupancy(String topic) {
    return state(topic)
        .thenApply(state -> new Occupancy(topic, state.revision(), state.members().size()));
  }

  @Override
  void close();
}
