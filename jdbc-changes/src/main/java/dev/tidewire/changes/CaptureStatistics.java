package dev.tidewire.changes;

/**
 * What a capture of this node has done since it was built, and what it still has to do. Immutable,
 * safe for any thread.
 *
 * @param published row changes handed to the bus so far
 * @param resets resets of channels handed to the bus so far
 * @param failed row changes and resets so far that the bus did not take; a reset follows each
 * @param waiting row changes that are committed and wait in memory to be handed over
 * @param backlog transactions in the outbox that this node has not handed over, as far as it knows:
 *     it looks once a second; on a broker that nodes share, those that no node has; 0 without an
 *     outbox
 */
public record CaptureStatistics(
    long published, long resets, long failed, int waiting, long backlog) {}
