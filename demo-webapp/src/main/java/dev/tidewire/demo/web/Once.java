package dev.tidewire.demo.web;

import static org.jooq.impl.DSL.field;
import static org.jooq.impl.DSL.table;
import static org.jooq.impl.DSL.unquotedName;

import java.time.Duration;
import java.time.OffsetDateTime;
import java.time.ZoneOffset;
import java.util.function.Function;
import org.jooq.DSLContext;
import org.jooq.Field;
import org.jooq.Record;
import org.jooq.Table;
import org.jooq.exception.DataAccessException;
import org.jooq.impl.SQLDataType;
import org.jspecify.annotations.Nullable;

/**
 * Carries out each write once, however often its request comes: the answer is kept with its {@code
 * Idempotency-Key}, in the same transaction as what it wrote, and given to whoever sends it again.
 * A refusal is not kept: nothing was written. Thread-safe.
 */
public final class Once {
  private static final Duration REMEMBERED = Duration.ofDays(7);
  private static final int MAX_KEY = 100;

  private static final Table<Record> ANSWERS = table(unquotedName("answers"));
  private static final Field<String> KEY = field(unquotedName("id"), SQLDataType.VARCHAR);
  private static final Field<String> REQUEST = field(unquotedName("request"), SQLDataType.VARCHAR);
  private static final Field<String> ANSWER = field(unquotedName("answer"), SQLDataType.VARCHAR);
  private static final Field<OffsetDateTime> AT =
      field(unquotedName("created_at"), SQLDataType.TIMESTAMPWITHTIMEZONE);

  private final DSLContext db;

  public Once(DSLContext db) {
    this.db = db;
  }

  /** The key of a request, which is also the cause of the changes it makes; null without one. */
  public static @Nullable String key(Exchange exchange) {
    String key = exchange.request().getHeader("Idempotency-Key");
    if (key == null) {
      return null;
    }
    if (key.isBlank() || key.length() > MAX_KEY || key.chars().anyMatch(c -> c <= ' ' || c > '~')) {
      throw Problem.badRequest(
          "`Idempotency-Key` must be 1 to " + MAX_KEY + " visible characters.");
    }
    return key;
  }

  /**
   * Runs the work in a transaction, or gives the answer it had before.
   *
   * @param work gives rows, or null
   * @throws Problem if the key was used for another request
   */
  public @Nullable Object run(
      Exchange exchange, String user, Function<DSLContext, @Nullable Object> work) {
    String key = key(exchange);
    if (key == null) {
      return db.transactionResult(tx -> work.apply(tx.dsl()));
    }
    String id = user + ' ' + key;
    String request = exchange.request().getMethod() + ' ' + exchange.request().getPathInfo();
    try {
      return db.transactionResult(tx -> first(tx.dsl(), id, request, work));
    } catch (DataAccessException e) {
      Record before = find(db, id); // the same request, at the same moment, was first
      if (before == null) {
        throw e;
      }
      return answer(before, request);
    }
  }

  private static @Nullable Object first(
      DSLContext tx, String id, String request, Function<DSLContext, @Nullable Object> work) {
    Record before = find(tx, id);
    if (before != null) {
      return answer(before, request);
    }
    Object result = work.apply(tx);
    tx.insertInto(ANSWERS)
        .set(KEY, id)
        .set(REQUEST, request)
        .set(ANSWER, Json.text(result))
        .set(AT, OffsetDateTime.now(ZoneOffset.UTC))
        .execute();
    return result;
  }

  private static @Nullable Record find(DSLContext db, String id) {
    return db.select(REQUEST, ANSWER).from(ANSWERS).where(KEY.eq(id)).fetchOne();
  }

  private static @Nullable Object answer(Record before, String request) {
    if (!request.equals(before.get(REQUEST))) {
      throw new Problem(422, "key_reused", "This `Idempotency-Key` was used for another request.");
    }
    return Json.parseAny(before.get(ANSWER));
  }

  /** Forgets what nobody will send again. */
  public void forgetOld() {
    db.deleteFrom(ANSWERS)
        .where(AT.lt(OffsetDateTime.now(ZoneOffset.UTC).minus(REMEMBERED)))
        .execute();
  }
}
