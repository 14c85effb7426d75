package dev.tidewire.presence;

import java.util.List;

/**
 * Everybody in a channel at one moment. Immutable, safe for any thread.
 *
 * @param topic name of the channel
 * @param revision number of this state; the next {@link PresenceDiff} has one more
 * @param members in the order they joined
 */
public record PresenceState(String topic, long revision, List<Member> members) {}
