package dev.tidewire.changes;

/**
 * How far a capture from the write-ahead log has come. Immutable, safe for any thread.
 *
 * @param connected whether the log is being read now
 * @param slot the replication slot's name
 * @param lagBytes bytes of the log that were written and are not confirmed yet; the server keeps
 *     them. -1 if there is no such slot
 * @param walStatus PostgreSQL's {@code wal_status} of the slot: {@code reserved}, {@code extended},
 *     {@code unreserved} or {@code lost}; empty if there is no such slot
 */
public record ReplicationStatus(boolean connected, String slot, long lagBytes, String walStatus) {}
