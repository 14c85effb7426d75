package dev.tidewire.demo.orders;

import static dev.tidewire.demo.Tables.CREATED_AT;
import static dev.tidewire.demo.Tables.CUSTOMER;
import static dev.tidewire.demo.Tables.ID;
import static dev.tidewire.demo.Tables.ORDERS;
import static dev.tidewire.demo.Tables.STATUS;
import static dev.tidewire.demo.Tables.TOTAL;
import static org.jooq.impl.DSL.coalesce;
import static org.jooq.impl.DSL.count;
import static org.jooq.impl.DSL.inline;
import static org.jooq.impl.DSL.max;
import static org.jooq.impl.DSL.sum;

import dev.tidewire.demo.web.Json;
import java.math.BigDecimal;
import java.time.LocalDate;
import java.time.OffsetDateTime;
import java.time.ZoneId;
import java.util.List;
import java.util.Map;
import java.util.Random;
import org.jooq.DSLContext;
import org.jooq.Record;
import org.jooq.SelectField;

/** The orders table. Nothing here publishes anything: that is the point. Thread-safe. */
public final class Orders {
  private static final List<SelectField<?>> COLUMNS =
      List.of(ID, CUSTOMER, TOTAL, STATUS, CREATED_AT);

  private final DSLContext db;
  private final Random random = new Random();

  public Orders(DSLContext db) {
    this.db = db;
  }

  List<Map<String, Object>> latest(int limit) {
    return Json.rows(db.select(COLUMNS).from(ORDERS).orderBy(ID.desc()).limit(limit).fetch());
  }

  Map<String, Object> write(String customer, BigDecimal total, String status) {
    return Json.row(
        db.insertInto(ORDERS)
            .set(CUSTOMER, customer)
            .set(TOTAL, total)
            .set(STATUS, status)
            .returningResult(COLUMNS)
            .fetchSingle());
  }

  Map<String, Object> writeAny() {
    return write(Samples.customer(random), Samples.total(random), Samples.STATUSES.get(0));
  }

  /** Moves one of the latest unfinished orders on to its next status. */
  void advanceAny() {
    Record order =
        db.select(ID, STATUS)
            .from(ORDERS)
            .where(STATUS.in("pending", "paid"))
            .orderBy(ID.desc())
            .offset(random.nextInt(6))
            .limit(1)
            .fetchOne();
    if (order != null) {
      String next = Samples.STATUSES.get(Samples.STATUSES.indexOf(order.get(STATUS)) + 1);
      db.update(ORDERS).set(STATUS, next).where(ID.eq(order.get(ID))).execute();
    }
  }

  Today today() {
    OffsetDateTime midnight =
        LocalDate.now(ZoneId.systemDefault())
            .atStartOfDay(ZoneId.systemDefault())
            .toOffsetDateTime();
    var figures =
        db.select(
                count(),
                coalesce(sum(TOTAL), inline(BigDecimal.ZERO)),
                coalesce(max(ID), inline(0L)))
            .from(ORDERS)
            .where(CREATED_AT.ge(midnight))
            .fetchSingle();
    return new Today(figures.value1(), figures.value2(), figures.value3());
  }

  /** Today's figures; {@code lastOrder} is the newest id among them. */
  record Today(int orders, BigDecimal revenue, long lastOrder) {}
}
