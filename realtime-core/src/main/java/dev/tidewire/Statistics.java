package dev.tidewire;

import dev.tidewire.transport.Transport;
import java.time.Instant;
import java.util.Map;

/**
 * What the bus of this node holds at one moment, and what it has done since it was built. Numbers
 * that are "so far" only rise; the others are of this moment, each taken by itself, while the bus
 * goes on. Immutable, safe for any thread.
 *
 * @param since when the bus was built
 * @param connections live connections of every transport
 * @param connectionsOpened connections so far, each poll among them
 * @param channels channels that have a subscriber on this node
 * @param channelsInMemory channels that the broker holds on this node, with or without subscribers
 * @param subscriptions subscriptions to channels, of clients and of Java code
 * @param refusals how often something was refused so far, for every limit
 * @param refusedWhileDraining connections and requests that were refused because of a drain so far
 */
public record Statistics(
    Instant since,
    Map<Transport, Integer> connections,
    long connectionsOpened,
    int channels,
    int channelsInMemory,
    int subscriptions,
    Publishing publishing,
    Delivery delivery,
    Recovery recovery,
    Presence presence,
    Map<Limit, Long> refusals,
    long refusedWhileDraining) {

  /** Copies the maps. */
  public Statistics {
    connections = Map.copyOf(connections);
    refusals = Map.copyOf(refusals);
  }

  /** Live connections of all transports. */
  public int connectionCount() {
    return connections.values().stream().mapToInt(Integer::intValue).sum();
  }

  /**
   * Publications on their way to the broker: events, row changes and resets. Immutable, safe for
   * any thread.
   *
   * @param accepted publications of this node that got a position so far
   * @param repeated publications so far whose idempotency key was known, so that nothing happened
   * @param failed publications so far that the broker did not acknowledge; each may have happened
   * @param underWay publications whose answer is still to come
   */
  public record Publishing(long accepted, long repeated, long failed, long underWay) {}

  /**
   * The way from the broker to the clients. Immutable, safe for any thread.
   *
   * @param deliveries publications so far, each times the subscribers that its channel had on this
   *     node; what a subscriber did not get because of its rows or its own echo is counted too
   * @param messages messages handed to connections so far; one carries one frame or many
   * @param bytes the bytes of those messages, before the transport's own framing
   * @param waitingBytes bytes that wait for clients now
   * @param longestQueueBytes the most that waits for one of them
   * @param slowReaders connections closed so far because their client read too slowly
   */
  public record Delivery(
      long deliveries,
      long messages,
      long bytes,
      long waitingBytes,
      long longestQueueBytes,
      long slowReaders) {}

  /**
   * What clients were told that came back. Immutable, safe for any thread.
   *
   * @param complete subscriptions so far that got all they had missed, perhaps nothing
   * @param resets how often clients were told to load again so far: one for each client that could
   *     not be told what it missed, one for each time that a channel was reset for all
   */
  public record Recovery(long complete, Map<Reset, Long> resets) {

    /** Copies the map. */
    public Recovery {
      resets = Map.copyOf(resets);
    }
  }

  /** Why clients are told to load again. An immutable constant. */
  public enum Reset {
    /** The stream began anew: another life of the server, or of the channel. */
    EPOCH,
    /** What was missed is no longer retained, or too much for one recovery. */
    EVICTED,
    /** Something was written that cannot be told row by row, or could not be published. */
    UNKNOWN_CHANGE
  }

  /**
   * Who is where. Immutable, safe for any thread.
   *
   * @param present in how many channels the connections of this node are present, all together
   * @param changes joins, updates and leaves that this node heard of so far
   */
  public record Presence(int present, long changes) {}
}
