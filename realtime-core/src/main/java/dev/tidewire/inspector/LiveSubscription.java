package dev.tidewire.inspector;

import java.util.List;

/**
 * One subscription of a connection. Immutable, safe for any thread.
 *
 * @param topic name of the channel
 * @param where the columns that the client's own condition names, without its values; empty if it
 *     has none
 * @param restricted whether the row policy of the table shows it less than everything
 * @param presence whether it is told who is in the channel
 */
public record LiveSubscription(
    String topic, List<String> where, boolean restricted, boolean presence) {

  public LiveSubscription {
    where = List.copyOf(where);
  }
}
