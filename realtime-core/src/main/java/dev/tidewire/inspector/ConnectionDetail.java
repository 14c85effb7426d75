package dev.tidewire.inspector;

import java.util.List;

/**
 * A connection and what it subscribes to, by name of the channel. Immutable, safe for any thread.
 */
public record ConnectionDetail(LiveConnection connection, List<LiveSubscription> subscriptions) {

  public ConnectionDetail {
    subscriptions = List.copyOf(subscriptions);
  }
}
