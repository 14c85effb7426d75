package dev.tidewire.sync.yjs;

import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.Executor;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.atomic.AtomicBoolean;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Runs tasks one after the other, on threads of an executor and never on the caller's: what only
 * they touch needs no lock. Safe for any thread.
 */
final class Mailbox {

  private static final Logger log = LoggerFactory.getLogger(Mailbox.class);

  /** After so many tasks the thread goes on to other work. */
  private static final int TURN = 64;

  private final Executor executor;
  private final ConcurrentLinkedQueue<Runnable> tasks = new ConcurrentLinkedQueue<>();
  private final AtomicBoolean draining = new AtomicBoolean();

  Mailbox(Executor executor) {
    this.executor = executor;
  }

  void add(Runnable task) {
    tasks.add(task);
    ready();
  }

  private void ready() {
    if (draining.compareAndSet(false, true)) {
      try {
        executor.execute(this::drain);
      } catch (RejectedExecutionException e) {
        tasks.clear(); // shutting down: nobody is left to answer to
        draining.set(false);
      }
    }
  }

  private void drain() {
    for (int i = 0; i < TURN; i++) {
      Runnable task = tasks.poll();
      if (task == null) {
        break;
      }
      try {
        task.run();
      } catch (RuntimeException | Error e) {
        log.atError()
            .addKeyValue("part", "yjs")
            .setCause(e)
            .log("A task of a room failed; the room goes on");
      }
    }
    draining.set(false);
    if (!tasks.isEmpty()) { // more than a turn, or added after the last look
      ready();
    }
  }
}
