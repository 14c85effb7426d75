package dev.tidewire.demo.orders;

import dev.tidewire.Subscription;
import dev.tidewire.demo.Ticker;
import java.time.Duration;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/** Writes orders one after the other until it is stopped, at most for ten minutes. Thread-safe. */
final class OrderStream {
  private static final Duration PACE = Duration.ofMillis(400);
  private static final int MAX_TICKS = (int) (Duration.ofMinutes(10).toMillis() / PACE.toMillis());

  private final Orders orders;
  private final Ticker ticker;
  private final Consumer<Boolean> changed;
  private @Nullable Subscription running;
  private int ticks;

  /** {@code changed} hears whether the stream runs, whenever that changes. */
  OrderStream(Orders orders, Ticker ticker, Consumer<Boolean> changed) {
    this.orders = orders;
    this.ticker = ticker;
    this.changed = changed;
  }

  synchronized boolean isRunning() {
    return running != null;
  }

  void run(boolean wanted) {
    if (switchTo(wanted)) {
      changed.accept(wanted);
    }
  }

  private synchronized boolean switchTo(boolean wanted) {
    if (wanted == (running != null)) {
      return false;
    }
    if (running != null) {
      running.close();
      running = null;
    } else {
      ticks = 0;
      running = ticker.every(PACE, this::tick);
    }
    return true;
  }

  private void tick() {
    if (++ticks > MAX_TICKS) {
      run(false);
    } else if (ticks % 3 == 0) {
      orders.advanceAny();
    } else {
      orders.writeAny();
    }
  }
}
