package dev.tidewire;

import java.util.concurrent.atomic.AtomicLong;

/**
 * Keeps what may come in floods from flooding the log: lets one through in a minute, and counts the
 * others. Safe for any thread.
 */
final class Sparing {

  private static final long PAUSE_MS = 60_000;
  private static final long NEVER = Long.MIN_VALUE;

  private final AtomicLong last = new AtomicLong(NEVER);
  private final AtomicLong kept = new AtomicLong();

  /** How many were kept back before this one; negative if this one is kept back, too. */
  long ask(long now) {
    long before = last.get();
    if ((before == NEVER || now - before >= PAUSE_MS) && last.compareAndSet(before, now)) {
      return kept.getAndSet(0);
    }
    kept.incrementAndGet();
    return -1;
  }
}
