package dev.tidewire;

/** Judges how a client behaves. Not thread-safe: guarded by its session's lock. */
final class SessionGuard {

  private static final long BAD_FRAME_WINDOW_MS = 10_000;

  private final TokenBucket bucket;
  private final int floodAfter;
  private final int maxBadFrames;
  private int refusedInARow;
  private int badFrames;
  private long badFramesSince;

  SessionGuard(Limits limits, long now) {
    bucket = new TokenBucket(limits.framesPerSecond(), limits.frameBurst(), now);
    floodAfter = limits.frameBurst();
    maxBadFrames = limits.badFrames();
  }

  /** Counts a frame; returns 0 to let it through, or the milliseconds until it may come again. */
  long admit(long now) {
    long wait = bucket.take(now);
    refusedInARow = wait > 0 ? refusedInARow + 1 : 0;
    return wait;
  }

  /** Whether so many frames were refused one after another that the client does not listen. */
  boolean isFlood() {
    return refusedInARow > floodAfter;
  }

  /** Counts a malformed frame; true if there were too many within ten seconds. */
  boolean isAbuse(long now) {
    if (now - badFramesSince > BAD_FRAME_WINDOW_MS) {
      badFramesSince = now;
      badFrames = 0;
    }
    badFrames++;
    return maxBadFrames > 0 && badFrames > maxBadFrames;
  }
}
