package dev.tidewire.broker;

import dev.tidewire.channel.Position;
import dev.tidewire.channel.Publication;

/** Hears every publication of a broker. Implemented by the hub. */
public interface BrokerListener {

  /**
   * A publication got its place. Called in offset order per channel, possibly under the channel's
   * lock: must only take note of it, without I/O, application code or waiting.
   */
  void onPublication(Publication publication);

  /**
   * Publications of a subscribed channel can not be told any more: subscribers must load again.
   * What comes next follows {@code position}. Called in turn with, and as, {@link #onPublication}.
   *
   * @param why {@code EPOCH} if the stream lost its past, {@code EVICTED} if this node missed more
   *     than is retained
   */
  void onLost(String topic, Tail.Outcome why, Position position);

  /** The lock is free again: what was noted may be delivered now, on this thread or another. */
  void onReady(String topic);
}
