package dev.tidewire.inspector;

/**
 * Somebody who is present in a channel; what they tell of themselves is not told here. Immutable,
 * safe for any thread.
 *
 * @param userId who
 * @param online whether at the keyboard, and not away
 * @param connections with how many connections
 * @param since since when, milliseconds since 1970
 */
public record LiveMember(String userId, boolean online, int connections, long since) {}
