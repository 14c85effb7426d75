package dev.tidewire.demo.auction;

import static dev.tidewire.demo.Tables.BIDS;
import static dev.tidewire.demo.Tables.BID_COUNT;
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
import static org.jooq.impl.DSL.val;
import static org.jooq.impl.DSL.when;

import dev.tidewire.demo.Duty;
import dev.tidewire.demo.Visitor;
import dev.tidewire.demo.orders.Samples;
import java.math.BigDecimal;
import java.time.Duration;
import java.time.OffsetDateTime;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Random;
import java.util.Set;
import org.jooq.DSLContext;

/**
 * Lets the hammer fall, clears sold lots away and calls up new ones, so that there is always
 * something to bid for. Of several nodes one does all that. Used by one thread.
 */
final class Auctioneer implements Runnable {
  private static final int LOTS_AT_ONCE = 4;
  private static final Duration SHORTEST = Duration.ofSeconds(90);
  private static final Duration STAGGER = Duration.ofSeconds(45);
  private static final Duration SHOWN_AFTER_END = Duration.ofSeconds(10);

  private final Duty duty;
  private final Random random = new Random();
  private int called;

  Auctioneer(Duty duty) {
    this.duty = duty;
  }

  @Override
  public void run() {
    duty.perform(
        tx -> {
          OffsetDateTime now = Auction.now();
          close(tx, now);
          clear(tx, now);
          callUp(tx, now);
        });
  }

  private static void close(DSLContext db, OffsetDateTime now) {
    List<Long> ended =
        db.select(ID).from(LOTS).where(STATUS.eq("open")).and(ENDS_AT.le(now)).fetch(ID);
    for (Long lot : ended) {
      db.update(LOTS)
          .set(STATUS, when(BID_COUNT.gt(0), val("sold")).otherwise(val("unsold")))
          .set(VERSION, VERSION.plus(1))
          .where(ID.eq(lot))
          .and(STATUS.eq("open"))
          // a bid of this very moment may have given it more time
          .and(ENDS_AT.le(now))
          .execute();
    }
  }

  private static void clear(DSLContext db, OffsetDateTime now) {
    List<Long> over =
        db.select(ID)
            .from(LOTS)
            .where(STATUS.ne("open"))
            .and(ENDS_AT.le(now.minus(SHOWN_AFTER_END)))
            .fetch(ID);
    for (Long lot : over) {
      db.deleteFrom(BIDS).where(LOT_ID.eq(lot)).execute();
      db.deleteFrom(LOTS).where(ID.eq(lot)).execute();
    }
  }

  private void callUp(DSLContext db, OffsetDateTime now) {
    Set<String> shown = db.select(TITLE).from(LOTS).fetchSet(TITLE);
    if (shown.size() >= LOTS_AT_ONCE) {
      return;
    }
    List<Item> next = new ArrayList<>(Item.CATALOGUE);
    next.removeIf(item -> shown.contains(item.title()));
    Collections.shuffle(next);
    for (Item item : next.subList(0, Math.min(next.size(), LOTS_AT_ONCE - shown.size()))) {
      Duration time = SHORTEST.plus(STAGGER.multipliedBy(called++ % LOTS_AT_ONCE));
      call(db, item, now, now.plus(time));
    }
  }

  /** Opens a lot, with the bids that came by post. */
  private void call(DSLContext tx, Item item, OffsetDateTime now, OffsetDateTime end) {
    Long lot =
        tx.insertInto(LOTS)
            .set(TITLE, item.title())
            .set(PICTURE, item.picture())
            .set(PRICE, item.startPrice())
            .set(NEXT_BID, item.startPrice())
            .set(STEP, item.step())
            .set(STARTS_AT, now)
            .set(ENDS_AT, end)
            .returningResult(ID)
            .fetchSingle(ID);
    BigDecimal amount = item.startPrice();
    for (int bids = random.nextInt(4); bids > 0; bids--) {
      Auction.place(tx, lot, amount, Visitor.absent(Samples.customer(random), random), now);
      amount = amount.add(item.step().multiply(BigDecimal.valueOf(1 + random.nextInt(2))));
    }
  }
}
