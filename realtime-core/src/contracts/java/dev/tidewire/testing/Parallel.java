package dev.tidewire.testing;

import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CyclicBarrier;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicReference;

/** Runs several tasks at the same time and fails if one of them does. */
public final class Parallel {

  private static final long PATIENCE_SECONDS = 120;

  private Parallel() {}

  /** A task that may throw. */
  @FunctionalInterface
  public interface Task {
    void run() throws Exception;
  }

  /** Starts all tasks at once, each on a thread of its own, and waits for all. */
  public static void run(List<? extends Task> tasks) {
    CyclicBarrier start = new CyclicBarrier(tasks.size());
    AtomicReference<Throwable> failure = new AtomicReference<>();
    List<Thread> threads = new ArrayList<>();
    for (Task task : tasks) {
      Thread thread =
          new Thread(
              () -> {
                try {
                  start.await(PATIENCE_SECONDS, TimeUnit.SECONDS);
                  task.run();
                } catch (Throwable e) {
                  failure.compareAndSet(null, e);
                }
              },
              "test-" + threads.size());
      thread.setDaemon(true);
      thread.start();
      threads.add(thread);
    }
    for (Thread thread : threads) {
      try {
        thread.join(TimeUnit.SECONDS.toMillis(PATIENCE_SECONDS));
      } catch (InterruptedException e) {
        Thread.currentThread().interrupt();
      }
      if (thread.isAlive()) {
        AssertionError stuck = new AssertionError(thread.getName() + " does not end");
        stuck.setStackTrace(thread.getStackTrace());
        throw stuck;
      }
    }
    if (failure.get() != null) {
      throw new AssertionError("a parallel task failed", failure.get());
    }
  }

  /** The same task several times. */
  public static void times(int count, Task task) {
    List<Task> tasks = new ArrayList<>();
    for (int i = 0; i < count; i++) {
      tasks.add(task);
    }
    run(tasks);
  }
}
