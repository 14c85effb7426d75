package dev.tidewire.sync;

import java.time.Duration;
import java.util.Objects;

/**
 * How shared documents are kept and what they may cost. Immutable; the methods return a changed
 * copy. Safe for any thread.
 *
 * @param store where documents are; closed with the bus
 * @param maxFields fields with a value in one document, default 1,000; {@code LIMIT_EXCEEDED}
 * @param maxBytes UTF-8 bytes of their names and values, default 256 KiB; {@code LIMIT_EXCEEDED}
 * @param maxRemovals removed fields that a document remembers, default 1,000
 * @param removalAge how long it remembers them, default 30 days
 * @param maxDrift how far a write's stamp may be ahead of the server's clock, default 60 seconds;
 *     {@code CONFLICT}
 * @param idle after what time without use a document leaves memory, default 5 minutes
 */
public record DocumentOptions(
    DocumentStore store,
    int maxFields,
    int maxBytes,
    int maxRemovals,
    Duration removalAge,
    Duration maxDrift,
    Duration idle) {

  private static final int DEFAULT_COUNT = 1_000;
  private static final int DEFAULT_BYTES = 256 * 1024;
  private static final Duration DEFAULT_AGE = Duration.ofDays(30);
  private static final Duration DEFAULT_DRIFT = Duration.ofSeconds(60);
  private static final Duration DEFAULT_IDLE = Duration.ofMinutes(5);

  public DocumentOptions {
    Objects.requireNonNull(store, "store");
    if (maxFields < 1 || maxBytes < 1 || maxRemovals < 0) {
      throw new IllegalArgumentException(
          "not a limit: " + maxFields + ", " + maxBytes + ", " + maxRemovals);
    }
    if (removalAge.isNegative() || maxDrift.isNegative() || idle.isNegative()) {
      throw new IllegalArgumentException("negative: " + removalAge + ", " + maxDrift + ", " + idle);
    }
  }

  /** Documents in this store, with the defaults. */
  public static DocumentOptions in(DocumentStore store) {
    return new DocumentOptions(
        store,
        DEFAULT_COUNT,
        DEFAULT_BYTES,
        DEFAULT_COUNT,
        DEFAULT_AGE,
        DEFAULT_DRIFT,
        DEFAULT_IDLE);
  }

  /** With other sizes of a document. */
  public DocumentOptions limit(int fields, int bytes) {
    return new DocumentOptions(store, fields, bytes, maxRemovals, removalAge, maxDrift, idle);
  }

  /** With other bounds of what is remembered of removed fields. */
  public DocumentOptions removals(int count, Duration age) {
    return new DocumentOptions(store, maxFields, maxBytes, count, age, maxDrift, idle);
  }

  /** With another bound of clocks that are ahead. */
  public DocumentOptions drift(Duration bound) {
    return new DocumentOptions(store, maxFields, maxBytes, maxRemovals, removalAge, bound, idle);
  }

  /** With another time in memory. */
  public DocumentOptions idleAfter(Duration time) {
    return new DocumentOptions(store, maxFields, maxBytes, maxRemovals, removalAge, maxDrift, time);
  }
}
