package dev.tidewire.inspector;

import dev.tidewire.channel.Position;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * A channel from near by. Immutable, safe for any thread.
 *
 * @param channel what is known of it here; null if nobody on this node subscribes to it
 * @param position the broker's newest position
 * @param retained how many publications the broker keeps for recovery; null if it does not tell
 * @param javaSubscribers those of the application itself
 * @param classes groups of subscribers that see the same rows of a table, where not all see all
 * @param connections the subscribed connections that most waits for, at most {@link Listing#MAX}
 * @param members who is present, in the order they joined; null if that cannot be read now
 */
public record ChannelDetail(
    @Nullable LiveChannel channel,
    Position position,
    @Nullable Integer retained,
    int javaSubscribers,
    int classes,
    List<LiveConnection> connections,
    @Nullable Listing<LiveMember> members) {

  public ChannelDetail {
    connections = List.copyOf(connections);
  }

  /** The same with its members. */
  public ChannelDetail with(@Nullable Listing<LiveMember> present) {
    return new ChannelDetail(
        channel, position, retained, javaSubscribers, classes, connections, present);
  }
}
