package dev.tidewire.presence;

/** Hears every difference of a presence tracker. Implemented by the hub. */
public interface PresenceListener {

  /**
   * Called in revision order per channel, possibly under the channel's lock: must only take note,
   * without I/O, application code or waiting.
   */
  void onDiff(PresenceDiff diff);

  /**
   * Differences can not be told any more: this is everybody who is in the channel, in their place.
   * The next difference follows its revision. Called in turn with, and as, {@link #onDiff}; never
   * by a tracker that loses nothing.
   */
  default void onState(PresenceState state) {}

  /** The lock is free again: what was noted may be delivered now, on this thread or another. */
  void onReady(String topic);
}
