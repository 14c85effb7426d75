package dev.tidewire.inspector;

import dev.tidewire.transport.Transport;
import java.util.Comparator;
import org.jspecify.annotations.Nullable;

/**
 * A client's connection at one moment. Immutable, safe for any thread.
 *
 * @param id its public name, as in its {@code welcome}
 * @param userId who it is, or null if that is not settled yet
 * @param guest whether nobody vouches for the user
 * @param transport what kind of link it is
 * @param address the client's network address, or an empty string
 * @param since when it began, milliseconds since 1970
 * @param heard when the client was last heard of, milliseconds since 1970
 * @param subscriptions how many channels it subscribes to
 * @param queuedBytes what waits to be sent to it, without the message that is on its way
 * @param ending whether it has ended and only its link is still to go
 */
public record LiveConnection(
    String id,
    @Nullable String userId,
    boolean guest,
    Transport transport,
    String address,
    long since,
    long heard,
    int subscriptions,
    long queuedBytes,
    boolean ending) {

  /** What connections are sorted by; the id settles what is equal. */
  public enum Order {
    /** Those that most waits for first. */
    QUEUE(Comparator.comparingLong(LiveConnection::queuedBytes).reversed()),
    /** The newest first. */
    SINCE(Comparator.comparingLong(LiveConnection::since).reversed()),
    /** Those that have been silent longest first. */
    SILENCE(Comparator.comparingLong(LiveConnection::heard)),
    /** Those with most subscriptions first. */
    SUBSCRIPTIONS(Comparator.comparingInt(LiveConnection::subscriptions).reversed());

    @SuppressWarnings("ImmutableEnumChecker") // comparators of fields are
    private final Comparator<LiveConnection> comparator;

    Order(Comparator<LiveConnection> comparator) {
      this.comparator = comparator.thenComparing(LiveConnection::id);
    }

    /** The order as a comparator. */
    public Comparator<LiveConnection> comparator() {
      return comparator;
    }
  }
}
