package dev.tidewire.metrics;

import dev.tidewire.Health;
import dev.tidewire.Realtime;
import dev.tidewire.Statistics;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.LongSupplier;
import org.jspecify.annotations.Nullable;

/** Looks at a bus once for all meters that are read together. Safe for any thread. */
final class Looks {

  private static final long FRESH_NANOS = TimeUnit.SECONDS.toNanos(1);

  private final Realtime realtime;
  private final LongSupplier nanoTime;
  private final AtomicReference<@Nullable Look> last = new AtomicReference<>();

  private record Look(long at, Statistics statistics) {}

  Looks(Realtime realtime, LongSupplier nanoTime) {
    this.realtime = realtime;
    this.nanoTime = nanoTime;
  }

  Statistics statistics() {
    long now = nanoTime.getAsLong();
    Look known = last.get();
    if (known == null || now - known.at() >= FRESH_NANOS) {
      known = new Look(now, realtime.statistics());
      last.set(known);
    }
    return known.statistics();
  }

  Health.Status health() {
    return realtime.health().status();
  }
}
