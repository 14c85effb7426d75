package dev.tidewire.changes.store;

import java.time.Duration;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.RejectedExecutionHandler;
import java.util.concurrent.SynchronousQueue;
import java.util.concurrent.ThreadPoolExecutor;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;

/**
 * The threads of a store: daemons that go when there is nothing to do. The store shuts them down.
 * Stateless, safe for any thread.
 */
public final class StoreThreads {

  private static final int MAX_ANSWERING = 64;
  private static final Duration IDLE = Duration.ofSeconds(5);

  private StoreThreads() {}

  /**
   * Threads that wait for the database.
   *
   * @param name what their names begin with
   * @param maxWaiting tasks that may wait; one more is refused by an exception
   */
  public static ThreadPoolExecutor workers(String name, int threads, int maxWaiting) {
    return pool(
        name,
        threads,
        threads,
        new LinkedBlockingQueue<>(maxWaiting),
        new ThreadPoolExecutor.AbortPolicy());
  }

  /**
   * Threads that complete stages, so that what hangs on one, the application's code too, does not
   * hold up the others. With 64 at work whoever has an answer gives it himself.
   *
   * @param name what their names begin with
   */
  public static ThreadPoolExecutor answers(String name) {
    return pool(name, 0, MAX_ANSWERING, new SynchronousQueue<>(), (task, pool) -> task.run());
  }

  private static ThreadPoolExecutor pool(
      String name,
      int core,
      int max,
      BlockingQueue<Runnable> queue,
      RejectedExecutionHandler full) {
    AtomicInteger count = new AtomicInteger();
    ThreadPoolExecutor pool =
        new ThreadPoolExecutor(
            core,
            max,
            IDLE.toMillis(),
            TimeUnit.MILLISECONDS,
            queue,
            task -> {
              Thread thread = new Thread(task, name + count.incrementAndGet());
              thread.setDaemon(true);
              return thread;
            },
            full);
    pool.allowCoreThreadTimeOut(true);
    return pool;
  }
}
