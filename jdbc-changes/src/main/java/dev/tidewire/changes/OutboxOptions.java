package dev.tidewire.changes;

import java.time.Duration;

/**
 * How much an outbox keeps of what is published already: from there the channels' tails are filled
 * again after a restart, unless a broker keeps them. Immutable; the methods return a changed copy.
 * Safe for any thread.
 *
 * @param keepFor age up to which a transaction is kept, default 10 minutes; more than the channels'
 *     {@code retain} is of no use
 * @param keepTransactions how many are kept at most, default 10,000
 */
public record OutboxOptions(Duration keepFor, int keepTransactions) {

  public static final OutboxOptions DEFAULT = new OutboxOptions(Duration.ofMinutes(10), 10_000);

  public OutboxOptions {
    if (keepFor.isNegative()) {
      throw new IllegalArgumentException("keepFor is negative: " + keepFor);
    }
    if (keepTransactions < 0) {
      throw new IllegalArgumentException("keepTransactions is negative: " + keepTransactions);
    }
  }

  /** Keeps transactions up to this age. */
  public OutboxOptions keepFor(Duration age) {
    return new OutboxOptions(age, keepTransactions);
  }

  /** Keeps at most so many transactions. */
  public OutboxOptions keepTransactions(int count) {
    return new OutboxOptions(keepFor, count);
  }
}
