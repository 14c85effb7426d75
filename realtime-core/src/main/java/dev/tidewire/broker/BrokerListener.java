package dev.tidewire.broker;

import dev.tidewire.channel.Publication;

/** Hears every publication of a broker. Implemented by the hub. */
public interface BrokerListener {

  /**
   * A publication got its place. Called in offset order per channel, possibly under the channel's
   * lock: must only take note of it, without I/O, application code or waiting.
   */
  void onPublication(Publication publication);

  /** The lock is free again: what was noted may be delivered now, on this thread or another. */
  void onReady(String topic);
}
