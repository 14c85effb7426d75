package dev.tidewire.changes;

import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.atomic.LongAdder;
import java.util.function.LongConsumer;
import org.jspecify.annotations.Nullable;

/** What became of committed changes, and how long that took. Safe for any thread. */
final class CaptureCounters {

  private final LongAdder published = new LongAdder();
  private final LongAdder resets = new LongAdder();
  private final LongAdder failed = new LongAdder();
  private final List<LongConsumer> timers = new CopyOnWriteArrayList<>();

  /** A row change was handed over, or could not be. */
  void change(@Nullable Throwable failure) {
    (failure == null ? published : failed).increment();
  }

  /** The same of a reset. */
  void reset(@Nullable Throwable failure) {
    (failure == null ? resets : failed).increment();
  }

  /** Tells {@code timer} how many nanoseconds each transaction takes from now on. */
  void time(LongConsumer timer) {
    timers.add(timer);
  }

  void stopTiming(LongConsumer timer) {
    timers.remove(timer);
  }

  /** All of a transaction was handed over, so long after its commit. */
  void took(long nanos) {
    for (LongConsumer timer : timers) {
      timer.accept(Math.max(0, nanos));
    }
  }

  CaptureStatistics statistics(int waiting, long backlog) {
    return new CaptureStatistics(published.sum(), resets.sum(), failed.sum(), waiting, backlog);
  }
}
