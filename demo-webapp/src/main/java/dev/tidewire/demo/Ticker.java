package dev.tidewire.demo;

import dev.tidewire.Subscription;
import java.time.Duration;
import java.util.concurrent.Future;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.ScheduledThreadPoolExecutor;
import java.util.concurrent.TimeUnit;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Repeats small tasks on one daemon thread. A task that fails is repeated all the same; the log
 * hears of the first failure of a row only. Thread-safe.
 */
public final class Ticker implements AutoCloseable {
  private static final Logger LOG = LoggerFactory.getLogger(Ticker.class);

  private final ScheduledExecutorService executor;

  public Ticker() {
    ScheduledThreadPoolExecutor pool =
        new ScheduledThreadPoolExecutor(
            1,
            task -> {
              Thread thread = new Thread(task, "tidewire-demo");
              thread.setDaemon(true);
              return thread;
            });
    pool.setRemoveOnCancelPolicy(true);
    executor = pool;
  }

  /** Runs {@code task} every {@code period}, first after one, until the subscription is closed. */
  public Subscription every(Duration period, Runnable task) {
    Future<?> running =
        executor.scheduleWithFixedDelay(
            new Guarded(task), period.toMillis(), period.toMillis(), TimeUnit.MILLISECONDS);
    return () -> running.cancel(false);
  }

  @Override
  public void close() {
    executor.shutdownNow();
    try {
      if (!executor.awaitTermination(5, TimeUnit.SECONDS)) {
        LOG.warn("A task of the demo is still running at shutdown");
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  private static final class Guarded implements Runnable {
    private final Runnable task;
    private boolean failing;

    Guarded(Runnable task) {
      this.task = task;
    }

    @Override
    public void run() {
      try {
        task.run();
        failing = false;
      } catch (RuntimeException e) {
        if (!failing) {
          LOG.warn("A repeated task of the demo fails and goes on trying", e);
        }
        failing = true;
      }
    }
  }
}
