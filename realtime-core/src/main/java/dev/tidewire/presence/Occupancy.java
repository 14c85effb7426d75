package dev.tidewire.presence;

/**
 * How many members a channel has at one moment. Immutable, safe for any thread.
 *
 * @param topic name of the channel
 * @param revision number of the state in which they are so many
 * @param count members, each counted once whatever the number of its connections
 */
public record Occupancy(String topic, long revision, int count) {}
