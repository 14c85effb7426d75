package dev.tidewire.demo;

import static dev.tidewire.demo.Tables.CREATED_AT;
import static dev.tidewire.demo.Tables.CUSTOMER;
import static dev.tidewire.demo.Tables.DONE;
import static dev.tidewire.demo.Tables.DUTY;
import static dev.tidewire.demo.Tables.HELD_UNTIL;
import static dev.tidewire.demo.Tables.ID;
import static dev.tidewire.demo.Tables.LISTS;
import static dev.tidewire.demo.Tables.LIST_ID;
import static dev.tidewire.demo.Tables.NAME;
import static dev.tidewire.demo.Tables.NODE;
import static dev.tidewire.demo.Tables.ORDERS;
import static dev.tidewire.demo.Tables.ORDER_STREAM;
import static dev.tidewire.demo.Tables.POSITION;
import static dev.tidewire.demo.Tables.STATUS;
import static dev.tidewire.demo.Tables.TEXT;
import static dev.tidewire.demo.Tables.TODOS;
import static dev.tidewire.demo.Tables.TOTAL;

import dev.tidewire.SharedDocument;
import dev.tidewire.demo.orders.Samples;
import java.time.Duration;
import java.time.OffsetDateTime;
import java.time.ZoneOffset;
import java.util.Map;
import java.util.Random;
import java.util.concurrent.CompletableFuture;
import org.jooq.DSLContext;
import org.jooq.Record;
import org.jooq.Table;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** What a new database starts with. */
final class Seed {
  private static final Logger LOG = LoggerFactory.getLogger(Seed.class);

  private Seed() {}

  static void fill(DSLContext db) {
    if (isEmpty(db, ORDERS)) {
      orders(db);
    }
    if (isEmpty(db, LISTS)) {
      list(
          db,
          "Launch week",
          "Write the announcement",
          "!Book the room for the demo",
          "Record the two-window video",
          "Ask Mara to read the docs",
          "!Order the cake");
      list(db, "Groceries", "Coffee beans", "!Oat milk", "Lemons", "Something green");
    }
    if (isEmpty(db, DUTY)) {
      OffsetDateTime past = OffsetDateTime.now(ZoneOffset.UTC).minusDays(1);
      db.insertInto(DUTY).set(ID, 1L).set(NODE, "nobody").set(HELD_UNTIL, past).execute();
    }
    if (isEmpty(db, ORDER_STREAM)) {
      db.insertInto(ORDER_STREAM).set(ID, 1L).execute();
    }
  }

  /** Something to read in the document that the page opens; only if nobody has written it yet. */
  static void fill(SharedDocument document) {
    document
        .read()
        .thenCompose(
            found ->
                found.fields().isEmpty()
                    ? document.setAll(tides())
                    : CompletableFuture.completedStage(null))
        .exceptionally(
            e -> {
              LOG.warn("The document {} starts empty: {}", document.name(), e.getMessage());
              return null;
            });
  }

  private static Map<String, Object> tides() {
    return Map.of(
        "title",
        "Notes on the tides",
        "p:first",
        paragraph("a", "Twice a day the sea comes in, and twice a day it goes."),
        "p:second",
        paragraph("g", "Spring tides follow the full and the new moon, neap tides the half moons."),
        "p:third",
        paragraph("n", "Add what you know. Everybody who is here sees it while you type."));
  }

  private static Map<String, String> paragraph(String order, String text) {
    return Map.of("order", order, "text", text);
  }

  private static boolean isEmpty(DSLContext db, Table<Record> table) {
    return !db.fetchExists(table);
  }

  private static void orders(DSLContext db) {
    Random random = new Random();
    OffsetDateTime now = OffsetDateTime.now(ZoneOffset.UTC);
    OffsetDateTime time = now.minusMinutes(20);
    while (time.isBefore(now.minusSeconds(5))) {
      boolean old = time.isBefore(now.minusMinutes(5));
      db.insertInto(ORDERS)
          .set(CUSTOMER, Samples.customer(random))
          .set(TOTAL, Samples.total(random))
          .set(STATUS, old ? "shipped" : Samples.status(random))
          .set(CREATED_AT, time)
          .execute();
      time = time.plus(Duration.ofSeconds(8 + random.nextInt(40)));
    }
  }

  private static void list(DSLContext db, String name, String... items) {
    db.insertInto(LISTS).set(NAME, name).execute();
    Long id = db.select(ID).from(LISTS).where(NAME.eq(name)).fetchSingle(ID);
    long position = 0;
    for (String item : items) { // "!" marks what is done already
      boolean done = item.startsWith("!");
      db.insertInto(TODOS)
          .set(LIST_ID, id)
          .set(TEXT, done ? item.substring(1) : item)
          .set(DONE, done)
          .set(POSITION, position += 1024)
          .execute();
    }
  }
}
