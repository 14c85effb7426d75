package dev.tidewire.protocol;

import java.util.concurrent.atomic.AtomicLong;

/**
 * Makes the ids of frames that stand in no stream (acks, errors, presence). They differ between
 * connections, restarts and nodes, so that a client which remembers seen ids across reconnects
 * never takes a new frame for an old one. Safe for any thread.
 */
public final class FrameIds {

  private final String prefix;
  private final AtomicLong count = new AtomicLong();

  /**
   * @param node a random name of this server's life
   */
  public FrameIds(String node) {
    this.prefix = "s" + node + "-";
  }

  /** A new id. */
  public String next() {
    return prefix + Long.toString(count.incrementAndGet(), Character.MAX_RADIX);
  }
}
