package dev.tidewire.changes;

import java.time.Duration;

/** The thread in which a {@link Relay} publishes. Safe for any thread. */
final class RelayThread {

  private static final Duration DRAIN = Duration.ofSeconds(10);

  private final Thread thread;

  /**
   * @param publishing returns soon after the relay's queue is closed
   */
  RelayThread(Runnable publishing) {
    thread = new Thread(publishing, "tidewire-outbox");
    thread.setDaemon(true);
  }

  void start() {
    thread.start();
  }

  /** Waits until everything is published; interrupts that if it takes too long. */
  void drain() {
    if (Thread.currentThread() == thread) {
      return;
    }
    try {
      thread.join(DRAIN.toMillis());
      if (thread.isAlive()) {
        thread.interrupt();
      }
    } catch (InterruptedException e) {
      thread.interrupt();
      Thread.currentThread().interrupt();
    }
  }
}
