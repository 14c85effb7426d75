package dev.tidewire;

/** Judges how a client behaves. Not thread-safe: guarded by its session's lock. */
final class SessionGuard {

  private static final long WINDOW_MS = 10_000;

  private final TokenBucket bucket;
  private final Window refused;
  private final Window malformed;

  SessionGuard(Limits limits, long now) {
    bucket = new TokenBucket(limits.framesPerSecond(), limits.frameBurst(), now);
    refused = new Window(limits.frameBurst());
    malformed = new Window(limits.badFrames());
  }

  /** Counts a frame; returns 0 to let it through, or the milliseconds until it may come again. */
  long admit(long now) {
    return bucket.take(now);
  }

  /** Counts a frame that was not let through; true if there were too many within ten seconds. */
  boolean isFlood(long now) {
    return refused.exceeds(now);
  }

  /** Counts a malformed frame; true if there were too many within ten seconds. */
  boolean isAbuse(long now) {
    return malformed.exceeds(now);
  }

  /** Counts what should be rare. */
  private static final class Window {

    private final int max;
    private int count;
    private long since;

    /**
     * @param max how often within ten seconds is still tolerated, 0 for always
     */
    Window(int max) {
      this.max = max;
    }

    boolean exceeds(long now) {
      if (count == 0 || now - since > WINDOW_MS) {
        since = now;
        count = 0;
      }
      count++;
      return max > 0 && count > max;
    }
  }
}
