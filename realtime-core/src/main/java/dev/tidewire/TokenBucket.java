package dev.tidewire;

/** Lets through so many a second after a burst. Not thread-safe: guarded by whoever has it. */
final class TokenBucket {

  private static final long SECOND = 1_000;

  private final int perSecond;
  private final int burst;
  // In thousandths of a token, so that short intervals are not rounded away.
  private long level;
  private long filledAt;

  /**
   * @param perSecond tokens added a second; 0 lets everything through
   * @param burst tokens held at most
   */
  TokenBucket(int perSecond, int burst, long now) {
    this.perSecond = perSecond;
    this.burst = Math.max(burst, 1);
    this.level = this.burst * SECOND;
    this.filledAt = now;
  }

  /** Takes a token; returns 0, or the milliseconds after which there will be one. */
  long take(long now) {
    if (perSecond == 0) {
      return 0;
    }
    fill(now);
    if (level >= SECOND) {
      level -= SECOND;
      return 0;
    }
    return (SECOND - level + perSecond - 1) / perSecond;
  }

  /** Whether it is as if nothing had been taken. */
  boolean isFull(long now) {
    if (perSecond > 0) {
      fill(now);
    }
    return level >= burst * SECOND;
  }

  private void fill(long now) {
    long toFull = burst * SECOND / perSecond + 1;
    long elapsed = Math.min(toFull, Math.max(0, now - filledAt));
    level = Math.min(burst * SECOND, level + elapsed * perSecond);
    filledAt = now;
  }
}
