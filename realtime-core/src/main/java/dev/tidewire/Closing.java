package dev.tidewire;

import java.time.Duration;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import java.util.function.BooleanSupplier;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Closes the parts of a bus: what fails must not keep the rest open. Stateless. */
final class Closing {

  private static final Logger log = LoggerFactory.getLogger(Closing.class);

  private Closing() {}

  static void close(String what, AutoCloseable part) {
    try {
      part.close();
    } catch (Exception | Error e) {
      log.error("{} could not be closed in order", what, e);
    }
  }

  /** Waits until it is so, for some time at most. */
  static void await(BooleanSupplier so, Duration patience) {
    long deadline = System.nanoTime() + patience.toNanos();
    while (!so.getAsBoolean()
        && System.nanoTime() < deadline
        && !Thread.currentThread().isInterrupted()) {
      LockSupport.parkNanos(TimeUnit.MILLISECONDS.toNanos(10));
    }
  }
}
