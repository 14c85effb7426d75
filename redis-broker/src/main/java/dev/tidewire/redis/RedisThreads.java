package dev.tidewire.redis;

import java.time.Duration;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.ScheduledThreadPoolExecutor;
import java.util.concurrent.SynchronousQueue;
import java.util.concurrent.ThreadFactory;
import java.util.concurrent.ThreadPoolExecutor;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The threads of a node's way to Redis: a timer, and those that hand over answers, so that what an
 * application hangs on a stage never keeps the connections from their work. Safe for any thread.
 */
final class RedisThreads implements AutoCloseable {

  private static final Logger log = LoggerFactory.getLogger(RedisThreads.class);
  private static final int MAX_ANSWERING = 64;
  private static final Duration IDLE = Duration.ofSeconds(30);

  private final ClassLoader loader = Thread.currentThread().getContextClassLoader();
  private final ScheduledThreadPoolExecutor timer;
  private final ThreadPoolExecutor answers;

  RedisThreads() {
    timer = new ScheduledThreadPoolExecutor(1, factory("tidewire-redis-timer-"));
    timer.setRemoveOnCancelPolicy(true);
    timer.setExecuteExistingDelayedTasksAfterShutdownPolicy(false);
    answers =
        new ThreadPoolExecutor(
            0,
            MAX_ANSWERING,
            IDLE.toMillis(),
            TimeUnit.MILLISECONDS,
            new SynchronousQueue<>(),
            factory("tidewire-redis-answer-"),
            (task, pool) -> task.run()); // all busy: who brings the answer hands it over
  }

  ThreadFactory factory(String name) {
    AtomicInteger count = new AtomicInteger();
    return task -> {
      Thread thread = new Thread(task, name + count.incrementAndGet());
      thread.setDaemon(true);
      thread.setContextClassLoader(loader);
      return thread;
    };
  }

  /** Runs the task on the timer's thread again and again. */
  void every(Duration pause, Runnable task) {
    var unused =
        timer.scheduleWithFixedDelay(
            guarded(task), pause.toMillis(), pause.toMillis(), TimeUnit.MILLISECONDS);
  }

  /** Runs the task on the timer's thread, soon. */
  void execute(Runnable task) {
    try {
      timer.execute(guarded(task));
    } catch (RejectedExecutionException e) {
      log.debug("closing: a task of the timer is left out");
    }
  }

  /** Runs the task on the timer's thread after a while. */
  void later(Duration delay, Runnable task) {
    try {
      var unused = timer.schedule(guarded(task), delay.toMillis(), TimeUnit.MILLISECONDS);
    } catch (RejectedExecutionException e) {
      log.debug("closing: a task of the timer is left out");
    }
  }

  /** Hands over an answer. */
  void answer(Runnable task) {
    answers.execute(guarded(task));
  }

  static Runnable guarded(Runnable task) {
    return () -> {
      try {
        task.run();
      } catch (RuntimeException e) {
        log.atError()
            .addKeyValue("part", "broker")
            .setCause(e)
            .log("A task of the Redis broker failed");
      }
    };
  }

  @Override
  public void close() {
    timer.shutdownNow();
    answers.shutdown();
  }
}
