package dev.tidewire;

import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Executor;

/**
 * The threads of a bus in the hands of a test: what they would do waits until the test has it done,
 * in an order of the test's choice. No thread is ever started.
 */
final class SteppedThreads extends Threads {

  /** Of so many tasks at the head of the line each may come first, as if it had a thread. */
  private static final int PARALLEL = 4;

  private final List<Runnable> waiting = new ArrayList<>();
  private final List<Runnable> everySecond = new ArrayList<>();

  SteppedThreads() {
    super(PARALLEL);
  }

  @Override
  Executor delivery() {
    return waiting::add;
  }

  @Override
  Executor callbacks() {
    return waiting::add;
  }

  @Override
  void everySecond(String what, Runnable task) {
    everySecond.add(task);
  }

  @Override
  void after(Duration time, Runnable task) {
    waiting.add(task);
  }

  /** Runs one of the next tasks; false if there is none. */
  boolean step(int which) {
    if (waiting.isEmpty()) {
      return false;
    }
    waiting.remove(which % Math.min(PARALLEL, waiting.size())).run();
    return true;
  }

  /** A second has passed. */
  void tick() {
    everySecond.forEach(Runnable::run);
  }

  @Override
  void close(Duration patience) {
    while (step(0)) {
      // what is left
    }
  }
}
