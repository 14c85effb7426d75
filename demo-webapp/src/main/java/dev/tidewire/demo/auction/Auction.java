package dev.tidewire.demo.auction;

import static dev.tidewire.demo.Tables.AMOUNT;
import static dev.tidewire.demo.Tables.BIDDER;
import static dev.tidewire.demo.Tables.BIDDER_ID;
import static dev.tidewire.demo.Tables.BIDS;
import static dev.tidewire.demo.Tables.BID_COUNT;
import static dev.tidewire.demo.Tables.COLOR;
import static dev.tidewire.demo.Tables.CREATED_AT;
import static dev.tidewire.demo.Tables.ENDS_AT;
import static dev.tidewire.demo.Tables.ID;
import static dev.tidewire.demo.Tables.LOTS;
import static dev.tidewire.demo.Tables.LOT_ID;
import static dev.tidewire.demo.Tables.NEXT_BID;
import static dev.tidewire.demo.Tables.PICTURE;
import static dev.tidewire.demo.Tables.PRICE;
import static dev.tidewire.demo.Tables.STARTS_AT;
import static dev.tidewire.demo.Tables.STATUS;
import static dev.tidewire.demo.Tables.STEP;
import static dev.tidewire.demo.Tables.TITLE;
import static dev.tidewire.demo.Tables.VERSION;
import static org.jooq.impl.DSL.greatest;
import static org.jooq.impl.DSL.val;

import dev.tidewire.demo.Visitor;
import dev.tidewire.demo.web.Json;
import java.math.BigDecimal;
import java.time.Duration;
import java.time.OffsetDateTime;
import java.time.ZoneOffset;
import java.time.temporal.ChronoUnit;
import java.util.List;
import java.util.Map;
import org.jooq.DSLContext;
import org.jooq.Record;
import org.jooq.SelectField;
import org.jspecify.annotations.Nullable;

/**
 * Bids, decided by the database. A bid is one conditional UPDATE: it names the least amount that it
 * accepts, so of two bids that arrive together the second finds the row changed and matches
 * nothing. Thread-safe.
 */
final class Auction {
  /** A bid in the last moments leaves at least this much time for an answer. */
  private static final Duration ANSWER_TIME = Duration.ofSeconds(15);

  private static final List<SelectField<?>> LOT =
      List.of(
          ID, TITLE, PICTURE, PRICE, STEP, NEXT_BID, BID_COUNT, BIDDER_ID, BIDDER, COLOR, STATUS,
          STARTS_AT, ENDS_AT, VERSION);
  private static final List<SelectField<?>> BID =
      List.of(ID, LOT_ID, BIDDER_ID, BIDDER, COLOR, AMOUNT, CREATED_AT);

  private final DSLContext db;

  Auction(DSLContext db) {
    this.db = db;
  }

  List<Map<String, Object>> lots() {
    return Json.rows(db.select(LOT).from(LOTS).orderBy(ID).limit(50).fetch());
  }

  List<Map<String, Object>> bids() {
    return Json.rows(db.select(BID).from(BIDS).orderBy(ID.desc()).limit(500).fetch());
  }

  /** Makes {@code visitor} the highest bidder, or tells why not. */
  Outcome bid(long lotId, BigDecimal amount, Visitor visitor) {
    OffsetDateTime now = now();
    int won = db.transactionResult(tx -> place(tx.dsl(), lotId, amount, visitor, now));
    if (won == 1) {
      return Outcome.ACCEPTED;
    }
    Record lot = db.select(STATUS, ENDS_AT, NEXT_BID).from(LOTS).where(ID.eq(lotId)).fetchOne();
    if (lot == null) {
      return new Outcome("not_found", "This lot is gone.");
    }
    if (!"open".equals(lot.get(STATUS)) || !lot.get(ENDS_AT).isAfter(now)) {
      return new Outcome("ended", "The hammer has fallen: this lot takes no more bids.");
    }
    return new Outcome(
        "too_low",
        "Somebody was faster: the next bid must be at least "
            + lot.get(NEXT_BID).toPlainString()
            + ".");
  }

  static int place(
      DSLContext tx, long lotId, BigDecimal amount, Visitor visitor, OffsetDateTime now) {
    int won =
        tx.update(LOTS)
            .set(PRICE, amount)
            .set(NEXT_BID, val(amount, NEXT_BID).plus(STEP))
            .set(BID_COUNT, BID_COUNT.plus(1))
            .set(BIDDER_ID, visitor.userId())
            .set(BIDDER, visitor.name())
            .set(COLOR, visitor.color())
            .set(ENDS_AT, greatest(ENDS_AT, val(now.plus(ANSWER_TIME), ENDS_AT)))
            .set(VERSION, VERSION.plus(1))
            .where(ID.eq(lotId))
            .and(STATUS.eq("open"))
            .and(ENDS_AT.gt(now))
            .and(NEXT_BID.le(amount))
            .execute();
    if (won == 1) {
      tx.insertInto(BIDS)
          .set(LOT_ID, lotId)
          .set(BIDDER_ID, visitor.userId())
          .set(BIDDER, visitor.name())
          .set(COLOR, visitor.color())
          .set(AMOUNT, amount)
          .set(CREATED_AT, now)
          .execute();
    }
    return won;
  }

  static OffsetDateTime now() {
    return OffsetDateTime.now(ZoneOffset.UTC).truncatedTo(ChronoUnit.MILLIS);
  }

  /** What became of a bid: {@code code} is null if it won. */
  record Outcome(@Nullable String code, String message) {
    static final Outcome ACCEPTED = new Outcome(null, "");
  }
}
