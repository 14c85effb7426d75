package dev.tidewire.demo.orders;

import static dev.tidewire.demo.Tables.ENDS_AT;
import static dev.tidewire.demo.Tables.ORDER_STREAM;

import dev.tidewire.demo.Duty;
import java.time.Duration;
import java.time.OffsetDateTime;
import java.time.ZoneOffset;
import java.time.temporal.ChronoUnit;
import java.util.function.Consumer;
import org.jooq.DSLContext;
import org.jspecify.annotations.Nullable;

/**
 * Writes orders one after the other until it is stopped, at most for ten minutes. Whether it runs
 * is in the database: any node switches it, one node at a time writes. Thread-safe.
 */
final class OrderStream implements Runnable {
  /** How often it is to be run. */
  static final Duration PACE = Duration.ofMillis(400);

  private static final Duration LONGEST = Duration.ofMinutes(10);

  private final DSLContext db;
  private final Duty duty;
  private final Consumer<Boolean> changed;
  private int ticks;

  /**
   * @param changed hears whether the stream runs, whenever that changes; on the node where it did
   */
  OrderStream(DSLContext db, Duty duty, Consumer<Boolean> changed) {
    this.db = db;
    this.duty = duty;
    this.changed = changed;
  }

  boolean isRunning() {
    OffsetDateTime end = end(db);
    return end != null && end.isAfter(now());
  }

  private static @Nullable OffsetDateTime end(DSLContext db) {
    return db.select(ENDS_AT).from(ORDER_STREAM).fetchSingle(ENDS_AT);
  }

  void run(boolean wanted) {
    OffsetDateTime now = now();
    int switched =
        wanted
            ? db.update(ORDER_STREAM)
                .set(ENDS_AT, now.plus(LONGEST))
                .where(ENDS_AT.isNull().or(ENDS_AT.le(now)))
                .execute()
            : db.update(ORDER_STREAM).setNull(ENDS_AT).where(ENDS_AT.isNotNull()).execute();
    if (switched > 0) {
      changed.accept(wanted);
    }
  }

  /** One step of it, if it runs. Called by one thread. */
  @Override
  public void run() {
    OffsetDateTime end = end(db);
    if (end == null) {
      return;
    }
    if (!end.isAfter(now())) {
      run(false);
      return;
    }
    duty.perform(
        tx -> {
          Orders orders = new Orders(tx);
          if (++ticks % 3 == 0) {
            orders.advanceAny();
          } else {
            orders.writeAny();
          }
        });
  }

  private static OffsetDateTime now() {
    return OffsetDateTime.now(ZoneOffset.UTC).truncatedTo(ChronoUnit.MILLIS);
  }
}
