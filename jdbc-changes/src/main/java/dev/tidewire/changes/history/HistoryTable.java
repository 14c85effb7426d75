package dev.tidewire.changes.history;

import static dev.tidewire.changes.store.StoreTable.exact;
import static org.jooq.impl.DSL.field;
import static org.jooq.impl.DSL.name;
import static org.jooq.impl.DSL.noCondition;
import static org.jooq.impl.DSL.row;

import dev.tidewire.changes.store.StoreTable;
import dev.tidewire.channel.Position;
import dev.tidewire.history.HistoryMessage;
import dev.tidewire.history.HistoryQuery;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Objects;
import org.jooq.Condition;
import org.jooq.DSLContext;
import org.jooq.DataType;
import org.jooq.Field;
import org.jooq.Record;
import org.jooq.Record3;
import org.jooq.Row3;
import org.jooq.SQLDialect;
import org.jooq.Table;
import org.jooq.exception.DataAccessException;
import org.jooq.impl.SQLDataType;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The table of the messages, and every statement on it. A message's key is its position; messages
 * of a channel are ordered by time, and those of the same time by position. Immutable, safe for any
 * thread.
 */
final class HistoryTable {

  private static final Logger log = LoggerFactory.getLogger(HistoryTable.class);

  private final StoreTable place;
  private final Table<Record> table;
  private final Field<String> topic;
  private final Field<String> epoch;
  private final Field<Long> offset;
  private final Field<@Nullable String> userId;
  private final Field<String> event;
  private final Field<String> data;
  private final Field<Long> createdAt;

  /**
   * @param tableName bare or with its schema, letters, digits and underscores
   */
  HistoryTable(String tableName, SQLDialect dialect) {
    place = new StoreTable(tableName);
    table = place.table();
    topic = column("topic", exact(SQLDataType.VARCHAR(255), dialect).notNull());
    epoch = column("epoch", exact(SQLDataType.VARCHAR(32), dialect).notNull());
    offset = column("message_offset", SQLDataType.BIGINT.notNull());
    userId = column("user_id", exact(SQLDataType.VARCHAR(1_000), dialect).null_());
    event = column("event", exact(SQLDataType.VARCHAR(255), dialect).notNull());
    data = column("data", exact(SQLDataType.CLOB, dialect).notNull());
    createdAt = column("created_at", SQLDataType.BIGINT.notNull());
  }

  private static <T extends @Nullable Object> Field<T> column(String name, DataType<T> type) {
    return field(name(name), type);
  }

  /**
   * Creates what is missing of the table and its indexes; several nodes may do it at once.
   *
   * @return whether the table was missing
   */
  boolean create(DSLContext db) {
    List<Field<?>> columns = List.of(topic, epoch, offset, userId, event, data, createdAt);
    boolean missing = place.create(db, columns, List.of(topic, epoch, offset));
    index(db, "_order", topic, createdAt, epoch, offset);
    index(db, "_age", createdAt);
    return missing;
  }

  /** Without an index all is slower and right: whoever may not create it does without. */
  private void index(DSLContext db, String suffix, Field<?>... fields) {
    try {
      db.transaction(
          tx ->
              tx.dsl()
                  .createIndexIfNotExists(name(place.bareName() + suffix))
                  .on(table, List.of(fields))
                  .execute());
    } catch (DataAccessException e) {
      log.atDebug()
          .addKeyValue("part", "history")
          .setCause(e)
          .log("The index {}{} was not created", place.bareName(), suffix);
    }
  }

  void insert(DSLContext db, List<HistoryMessage> messages) {
    Object[][] values = new Object[messages.size()][];
    for (int i = 0; i < values.length; i++) {
      HistoryMessage m = messages.get(i);
      Position at = m.position();
      values[i] =
          new Object[] {
            m.topic(), at.epoch(), at.offset(), m.userId(), m.event(), m.data(), m.createdAt()
          };
    }
    var nothing =
        db.insertInto(table)
            .columns(topic, epoch, offset, userId, event, data, createdAt)
            .values((String) null, null, null, null, null, null, null);
    db.batch(nothing).bind(values).execute();
  }

  boolean contains(DSLContext db, HistoryMessage message) {
    return db.fetchExists(
        table,
        topic.eq(message.topic()),
        epoch.eq(message.position().epoch()),
        offset.eq(message.position().offset()));
  }

  int count(DSLContext db, String ofTopic) {
    return db.fetchCount(table, topic.eq(ofTopic));
  }

  /** Deletes all but the newest {@code keep} messages of a channel. */
  void trim(DSLContext db, String ofTopic, int keep) {
    Record3<Long, String, Long> newestToGo =
        db.select(createdAt, epoch, offset)
            .from(table)
            .where(topic.eq(ofTopic))
            .orderBy(createdAt.desc(), epoch.desc(), offset.desc())
            .limit(1)
            .offset(keep)
            .fetchOne();
    if (newestToGo != null) {
      db.deleteFrom(table).where(topic.eq(ofTopic), upTo(newestToGo, true)).execute();
    }
  }

  /** Deletes what was created at {@code time} or before; returns how many messages. */
  int deleteUntil(DSLContext db, long time) {
    return db.transactionResult(
        tx -> tx.dsl().deleteFrom(table).where(createdAt.le(time)).execute());
  }

  /**
   * @param after only messages created after this time, milliseconds since 1970; null for all
   */
  List<HistoryMessage> page(DSLContext db, HistoryQuery query, @Nullable Long after) {
    Condition wanted = topic.eq(query.topic());
    Position before = query.beforePosition();
    if (before != null) {
      Condition older = olderThan(db, query.topic(), before);
      if (older == null) {
        return List.of();
      }
      wanted = wanted.and(older);
    }
    Long time = query.beforeTime();
    wanted = wanted.and(time == null ? noCondition() : createdAt.lt(time));
    wanted = wanted.and(after == null ? noCondition() : createdAt.gt(after));
    List<HistoryMessage> page =
        new ArrayList<>(
            db.select(topic, epoch, offset, userId, event, data, createdAt)
                .from(table)
                .where(wanted)
                .orderBy(createdAt.desc(), epoch.desc(), offset.desc())
                .limit(query.limit())
                .fetch(this::message));
    Collections.reverse(page);
    return List.copyOf(page);
  }

  private HistoryMessage message(Record row) {
    return new HistoryMessage(
        new Position(row.get(epoch), row.get(offset)),
        row.get(topic),
        row.get(userId),
        row.get(event),
        row.get(data),
        row.get(createdAt));
  }

  /** What stands before a position that may be unknown, or null if nothing does. */
  private @Nullable Condition olderThan(DSLContext db, String ofTopic, Position position) {
    Condition life = topic.eq(ofTopic).and(epoch.eq(position.epoch()));
    Record3<Long, String, Long> last =
        db.select(createdAt, epoch, offset)
            .from(table)
            .where(life, offset.le(position.offset()))
            .orderBy(offset.desc())
            .limit(1)
            .fetchOne();
    if (last != null) {
      return upTo(last, last.value3() < position.offset());
    }
    Record3<Long, String, Long> first =
        db.select(createdAt, epoch, offset)
            .from(table)
            .where(life)
            .orderBy(offset)
            .limit(1)
            .fetchOne();
    return first == null ? null : upTo(first, false);
  }

  private Condition upTo(Record3<Long, String, Long> place, boolean inclusive) {
    Row3<Long, String, Long> here = row(createdAt, epoch, offset);
    // the first condition says nothing new, but an index serves it on every database
    return createdAt
        .le(Objects.requireNonNull(place.value1()))
        .and(inclusive ? here.le(place) : here.lt(place));
  }
}
