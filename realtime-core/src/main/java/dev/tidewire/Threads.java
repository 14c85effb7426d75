package dev.tidewire;

import java.time.Duration;
import java.util.List;
import java.util.concurrent.Executor;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.ForkJoinPool;
import java.util.concurrent.ForkJoinWorkerThread;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.ThreadFactory;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The threads of one {@link Realtime}: delivery, callbacks of the application, and one timer. All
 * are daemons with telling names and end with {@link #close}. They carry the context class loader
 * of the thread that built the bus, and nothing else of whichever thread made them start. Safe for
 * any thread.
 */
class Threads {

  private static final Logger log = LoggerFactory.getLogger(Threads.class);

  /** Java subscribers that may block at the same time without holding up others. */
  private static final int MAX_CALLBACKS = 64;

  private static final Duration CALLBACK_IDLE = Duration.ofSeconds(30);

  private final @Nullable ClassLoader loader = Thread.currentThread().getContextClassLoader();
  private final ExecutorService delivery;
  private final ExecutorService callbacks;
  private final ScheduledExecutorService timer;

  Threads(int parallelism) {
    delivery = Executors.newFixedThreadPool(parallelism, named("delivery"));
    callbacks = callbackPool();
    timer = Executors.newSingleThreadScheduledExecutor(named("timer"));
  }

  private ThreadFactory named(String role) {
    AtomicInteger count = new AtomicInteger();
    return task -> {
      String name = "tidewire-" + role + '-' + count.incrementAndGet();
      Thread thread = new Thread(null, task, name, 0, false);
      thread.setDaemon(true);
      thread.setContextClassLoader(loader);
      return thread;
    };
  }

  /** As many threads as are busy, up to a bound; they go when there is nothing to do. */
  private ExecutorService callbackPool() {
    AtomicInteger count = new AtomicInteger();
    return new ForkJoinPool(
        MAX_CALLBACKS,
        pool -> {
          ForkJoinWorkerThread thread = new CallbackThread(pool);
          thread.setName("tidewire-callback-" + count.incrementAndGet());
          thread.setDaemon(true);
          thread.setContextClassLoader(loader);
          return thread;
        },
        (thread, failure) ->
            log.atError()
                .addKeyValue("part", "callbacks")
                .setCause(failure)
                .log("{} failed", thread.getName()),
        true,
        0,
        MAX_CALLBACKS,
        1,
        pool -> true, // a listener that joins a future when all threads are busy just waits
        CALLBACK_IDLE.toMillis(),
        TimeUnit.MILLISECONDS);
  }

  private static final class CallbackThread extends ForkJoinWorkerThread {
    CallbackThread(ForkJoinPool pool) {
      super(pool);
    }
  }

  Executor delivery() {
    return delivery;
  }

  Executor callbacks() {
    return callbacks;
  }

  /** Runs the task every second until the threads end, also if it failed before. */
  void everySecond(String what, Runnable task) {
    Runnable guarded =
        () -> {
          try {
            task.run();
          } catch (RuntimeException | Error e) {
            log.atError()
                .addKeyValue("part", "housekeeping")
                .setCause(e)
                .log("{} failed; tried again in a second", what);
          }
        };
    @SuppressWarnings("unused") // ends with the timer
    var ticking = timer.scheduleWithFixedDelay(guarded, 1, 1, TimeUnit.SECONDS);
  }

  /** Runs a task that does not wait once, after a time; never if the threads end before. */
  void after(Duration time, Runnable task) {
    try {
      @SuppressWarnings("unused") // nobody waits for it
      var once = timer.schedule(task, time.toMillis(), TimeUnit.MILLISECONDS);
    } catch (RejectedExecutionException e) {
      log.debug("The threads have ended before {}", time);
    }
  }

  /** Lets running and waiting work end, first deliveries, then callbacks; then interrupts it. */
  void close(Duration patience) {
    long deadline = System.nanoTime() + patience.toNanos();
    timer.shutdownNow();
    for (ExecutorService pool : List.of(timer, delivery, callbacks)) {
      pool.shutdown();
      try {
        long left = Math.max(0, deadline - System.nanoTime());
        if (!pool.awaitTermination(left, TimeUnit.NANOSECONDS)) {
          pool.shutdownNow();
        }
      } catch (InterruptedException e) {
        pool.shutdownNow();
        Thread.currentThread().interrupt();
      }
    }
  }
}
