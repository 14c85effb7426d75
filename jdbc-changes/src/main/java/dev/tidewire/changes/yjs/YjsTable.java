package dev.tidewire.changes.yjs;

import static dev.tidewire.changes.store.StoreTable.exact;
import static org.jooq.impl.DSL.field;
import static org.jooq.impl.DSL.name;

import dev.tidewire.changes.store.StoreTable;
import java.util.ArrayList;
import java.util.Collection;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jooq.DSLContext;
import org.jooq.DataType;
import org.jooq.Field;
import org.jooq.Record;
import org.jooq.SQLDialect;
import org.jooq.Table;
import org.jooq.impl.SQLDataType;
import org.jooq.util.mariadb.MariaDBDataType;

/** The table of the updates, and every statement on it. Immutable, safe for any thread. */
final class YjsTable {

  private static final int MAX_KEYS = 500;

  private final StoreTable place;
  private final Table<Record> table;
  private final Field<String> room;
  private final Field<String> key;
  private final Field<byte[]> data;
  private final Field<Long> createdAt;

  /**
   * @param tableName bare or with its schema, letters, digits and underscores
   */
  YjsTable(String tableName, SQLDialect dialect) {
    place = new StoreTable(tableName);
    table = place.table();
    room = field(name("room"), exact(SQLDataType.VARCHAR(255).notNull(), dialect));
    key = field(name("update_key"), exact(SQLDataType.VARCHAR(40).notNull(), dialect));
    data = field(name("data"), blob(dialect).notNull());
    createdAt = field(name("created_at"), SQLDataType.BIGINT.notNull());
  }

  /** Of any size: what MariaDB calls a blob ends at 64 KiB. */
  @SuppressWarnings("removal") // the standard types know no larger one
  private static DataType<byte[]> blob(SQLDialect dialect) {
    return switch (dialect.family()) {
      case MARIADB, MYSQL -> MariaDBDataType.LONGBLOB;
      default -> SQLDataType.BLOB;
    };
  }

  /** Creates the table if it is missing; several nodes may do it at once. */
  void create(DSLContext db) {
    place.create(db, List.of(room, key, data, createdAt), List.of(room, key));
  }

  Map<String, byte[]> load(DSLContext db, String ofRoom) {
    Map<String, byte[]> updates = new LinkedHashMap<>();
    db.select(key, data)
        .from(table)
        .where(room.eq(ofRoom))
        .orderBy(createdAt, key)
        .forEach(row -> updates.put(row.get(key), row.get(data)));
    return updates;
  }

  void insert(DSLContext db, List<Update> updates) {
    Object[][] values = new Object[updates.size()][];
    for (int i = 0; i < values.length; i++) {
      Update u = updates.get(i);
      values[i] = new Object[] {u.room(), u.key(), u.data(), u.createdAt()};
    }
    var nothing =
        db.insertInto(table)
            .columns(room, key, data, createdAt)
            .values((String) null, null, null, null);
    db.batch(nothing).bind(values).execute();
  }

  /** Returns how many were there. */
  int delete(DSLContext db, String ofRoom, Collection<String> keys) {
    List<String> all = new ArrayList<>(keys);
    int deleted = 0;
    for (int from = 0; from < all.size(); from += MAX_KEYS) {
      List<String> some = all.subList(from, Math.min(all.size(), from + MAX_KEYS));
      deleted += db.deleteFrom(table).where(room.eq(ofRoom), key.in(some)).execute();
    }
    return deleted;
  }

  void delete(DSLContext db, String ofRoom) {
    db.deleteFrom(table).where(room.eq(ofRoom)).execute();
  }
}
