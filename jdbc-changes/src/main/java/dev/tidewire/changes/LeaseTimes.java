package dev.tidewire.changes;

import java.time.Duration;

/**
 * How long a node that relays the outbox for others may be silent. Immutable, safe for any thread.
 *
 * @param lease after so long without a beat another node takes over
 * @param beat how often the owner gives a sign of life
 * @param keys how long the broker surely remembers idempotency keys
 */
record LeaseTimes(Duration lease, Duration beat, Duration keys) {

  /** Brokers forget keys after five minutes. */
  static final LeaseTimes DEFAULT =
      new LeaseTimes(Duration.ofSeconds(10), Duration.ofSeconds(1), Duration.ofMinutes(4));

  /** Who could not renew the lease for so long publishes nothing until it has. */
  long ownNanos() {
    return lease.toNanos() / 10 * 6;
  }
}
