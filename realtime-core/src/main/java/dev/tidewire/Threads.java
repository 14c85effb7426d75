package dev.tidewire;

import java.time.Duration;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.ThreadFactory;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;

/**
 * The threads of one {@link Realtime}: delivery, callbacks of the application, and one timer. All
 * are daemons with telling names and end with {@link #close}. Safe for any thread.
 */
final class Threads implements AutoCloseable {

  private static final Duration PATIENCE = Duration.ofSeconds(3);

  private final ExecutorService delivery;
  private final ExecutorService callbacks;
  private final ScheduledExecutorService timer;

  Threads(int parallelism) {
    delivery = Executors.newFixedThreadPool(parallelism, named("delivery"));
    callbacks = Executors.newFixedThreadPool(parallelism, named("callback"));
    timer = Executors.newSingleThreadScheduledExecutor(named("timer"));
  }

  private static ThreadFactory named(String role) {
    AtomicInteger count = new AtomicInteger();
    return task -> {
      Thread thread = new Thread(task, "tidewire-" + role + '-' + count.incrementAndGet());
      thread.setDaemon(true);
      return thread;
    };
  }

  ExecutorService delivery() {
    return delivery;
  }

  ExecutorService callbacks() {
    return callbacks;
  }

  /** Runs the task every second until the threads end; it must not throw. */
  void everySecond(Runnable task) {
    @SuppressWarnings("unused") // ends with the timer
    var ticking = timer.scheduleWithFixedDelay(task, 1, 1, TimeUnit.SECONDS);
  }

  /** Lets running work end for a moment, then interrupts it. */
  @Override
  public void close() {
    timer.shutdownNow();
    delivery.shutdown();
    callbacks.shutdown();
    endWithin(delivery);
    endWithin(callbacks);
  }

  private static void endWithin(ExecutorService executor) {
    try {
      if (!executor.awaitTermination(PATIENCE.toMillis(), TimeUnit.MILLISECONDS)) {
        executor.shutdownNow();
      }
    } catch (InterruptedException e) {
      executor.shutdownNow();
      Thread.currentThread().interrupt();
    }
  }
}
