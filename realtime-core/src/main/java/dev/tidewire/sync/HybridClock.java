package dev.tidewire.sync;

import java.util.function.LongSupplier;

/**
 * A hybrid logical clock: follows the time of day, never goes back, and is ahead of every stamp it
 * has seen. So a write made in knowledge of another one is later than that, whatever the clocks of
 * the two machines say. Safe for any thread.
 */
public final class HybridClock {

  private final String replica;
  private final LongSupplier millis;
  private long time;
  private int count;

  /**
   * @param replica the name in its stamps; nobody else may use it
   * @param millis the time of day, milliseconds since 1970
   */
  public HybridClock(String replica, LongSupplier millis) {
    this.replica = new Stamp(0, 0, replica).replica();
    this.millis = millis;
  }

  /** A stamp that is later than all it made or saw before. */
  public synchronized Stamp next() {
    long now = millis.getAsLong();
    if (now > time) {
      time = now;
      count = 0;
    } else if (count < Stamp.MAX_COUNT) {
      count++;
    } else {
      time++;
      count = 0;
    }
    return new Stamp(time, count, replica);
  }

  /** Takes notice of another replica's stamp. */
  public synchronized void observe(Stamp stamp) {
    if (stamp.time() > time) {
      time = stamp.time();
      count = stamp.count();
    } else if (stamp.time() == time) {
      count = Math.max(count, stamp.count());
    }
  }
}
