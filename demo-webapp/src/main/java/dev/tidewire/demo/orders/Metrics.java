package dev.tidewire.demo.orders;

import dev.tidewire.Realtime;
import dev.tidewire.demo.Duty;
import java.math.BigDecimal;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/**
 * The dashboard's figures: published as {@code metrics:update} on {@code dashboard/metrics} when
 * they have changed, by one node for all. Thread-safe.
 */
final class Metrics implements Runnable {
  static final String BOARD = "dashboard/metrics";
  private static final String VISITORS = "site/visitors";

  private final Realtime realtime;
  private final Orders orders;
  private final Duty duty;
  private @Nullable Figures told;

  Metrics(Realtime realtime, Orders orders, Duty duty) {
    this.realtime = realtime;
    this.orders = orders;
    this.duty = duty;
  }

  /** Looks and, if something changed, tells everybody. Called by one thread. */
  @Override
  public void run() {
    if (!duty.isMine()) {
      told = null; // another node tells; when it is this one's turn again, the figures are new
      return;
    }
    Figures figures = now();
    if (!figures.equals(told)) {
      told = figures;
      realtime.emit("metrics:update", figures, BOARD);
    }
  }

  Figures now() {
    int visitors =
        realtime
            .channel(VISITORS)
            .presence()
            .toCompletableFuture()
            .orTimeout(2, TimeUnit.SECONDS)
            .join()
            .members()
            .size();
    Orders.Today today = orders.today();
    return new Figures(visitors, today.orders(), today.revenue(), today.lastOrder());
  }

  /** {@code lastOrder} is the newest order counted, so that a page does not add it once more. */
  record Figures(int activeUsers, int ordersToday, BigDecimal revenue, long lastOrder) {}
}
