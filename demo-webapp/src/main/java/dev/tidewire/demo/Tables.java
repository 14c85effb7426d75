package dev.tidewire.demo;

import static org.jooq.impl.DSL.field;
import static org.jooq.impl.DSL.table;
import static org.jooq.impl.DSL.unquotedName;

import java.math.BigDecimal;
import java.time.OffsetDateTime;
import org.jooq.DataType;
import org.jooq.Field;
import org.jooq.Record;
import org.jooq.Table;
import org.jooq.impl.SQLDataType;

/**
 * The names of the demo's tables and columns, unquoted, so that every database folds them its own
 * way. Constants only.
 */
public final class Tables {
  public static final Table<Record> ORDERS = table(unquotedName("orders"));
  public static final Table<Record> LISTS = table(unquotedName("lists"));
  public static final Table<Record> TODOS = table(unquotedName("todos"));
  public static final Table<Record> LOTS = table(unquotedName("lots"));
  public static final Table<Record> BIDS = table(unquotedName("bids"));
  static final Table<Record> VISITORS = table(unquotedName("visitors"));
  static final Table<Record> DUTY = table(unquotedName("duty"));
  public static final Table<Record> ORDER_STREAM = table(unquotedName("order_stream"));

  /** The tables whose changes go out. */
  static final String[] CAPTURED = {"orders", "lists", "todos", "lots", "bids"};

  public static final Field<Long> ID = column("id", SQLDataType.BIGINT);
  public static final Field<OffsetDateTime> CREATED_AT =
      column("created_at", SQLDataType.TIMESTAMPWITHTIMEZONE);
  public static final Field<Long> VERSION = column("version", SQLDataType.BIGINT);
  public static final Field<String> STATUS = column("status", SQLDataType.VARCHAR);

  public static final Field<String> CUSTOMER = column("customer", SQLDataType.VARCHAR);
  public static final Field<BigDecimal> TOTAL = column("total", SQLDataType.NUMERIC);

  public static final Field<String> NAME = column("name", SQLDataType.VARCHAR);

  public static final Field<Long> LIST_ID = column("list_id", SQLDataType.BIGINT);
  public static final Field<String> TEXT = column("text", SQLDataType.VARCHAR);
  public static final Field<Boolean> DONE = column("done", SQLDataType.BOOLEAN);
  public static final Field<Long> POSITION = column("position", SQLDataType.BIGINT);

  public static final Field<String> TITLE = column("title", SQLDataType.VARCHAR);
  public static final Field<String> PICTURE = column("picture", SQLDataType.VARCHAR);
  public static final Field<BigDecimal> PRICE = column("price", SQLDataType.NUMERIC);
  public static final Field<BigDecimal> STEP = column("step", SQLDataType.NUMERIC);
  public static final Field<BigDecimal> NEXT_BID = column("next_bid", SQLDataType.NUMERIC);
  public static final Field<Integer> BID_COUNT = column("bid_count", SQLDataType.INTEGER);
  public static final Field<OffsetDateTime> STARTS_AT =
      column("starts_at", SQLDataType.TIMESTAMPWITHTIMEZONE);
  public static final Field<OffsetDateTime> ENDS_AT =
      column("ends_at", SQLDataType.TIMESTAMPWITHTIMEZONE);

  public static final Field<Long> LOT_ID = column("lot_id", SQLDataType.BIGINT);
  public static final Field<String> BIDDER_ID = column("bidder_id", SQLDataType.VARCHAR);
  public static final Field<String> BIDDER = column("bidder", SQLDataType.VARCHAR);
  public static final Field<String> COLOR = column("color", SQLDataType.VARCHAR);
  public static final Field<BigDecimal> AMOUNT = column("amount", SQLDataType.NUMERIC);

  static final Field<String> TOKEN = column("token", SQLDataType.VARCHAR);
  static final Field<String> USER_ID = column("user_id", SQLDataType.VARCHAR);
  static final Field<Boolean> CHOSEN = column("chosen", SQLDataType.BOOLEAN);
  static final Field<OffsetDateTime> SEEN_AT = column("seen_at", SQLDataType.TIMESTAMPWITHTIMEZONE);

  static final Field<String> NODE = column("node", SQLDataType.VARCHAR);
  static final Field<OffsetDateTime> HELD_UNTIL =
      column("held_until", SQLDataType.TIMESTAMPWITHTIMEZONE);

  private Tables() {}

  private static <T> Field<T> column(String name, DataType<T> type) {
    return field(unquotedName(name), type);
  }
}
