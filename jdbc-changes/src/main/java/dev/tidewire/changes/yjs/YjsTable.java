package dev.tidewire.changes.yjs;

import static org.jooq.impl.DSL.collation;
import static org.jooq.impl.DSL.constraint;
import static org.jooq.impl.DSL.field;
import static org.jooq.impl.DSL.name;
import static org.jooq.impl.DSL.quotedName;

import java.util.ArrayList;
import java.util.Collection;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.regex.Pattern;
import org.jooq.Collation;
import org.jooq.DSLContext;
import org.jooq.DataType;
import org.jooq.Field;
import org.jooq.Record;
import org.jooq.SQLDialect;
import org.jooq.Table;
import org.jooq.exception.DataAccessException;
import org.jooq.impl.DSL;
import org.jooq.impl.SQLDataType;
import org.jooq.util.mariadb.MariaDBDataType;

/** The table of the updates, and every statement on it. Immutable, safe for any thread. */
final class YjsTable {

  private static final Pattern NAME = Pattern.compile("\\w+(\\.\\w+)?");
  private static final int ATTEMPTS = 5;
  private static final int MAX_KEYS = 500;

  private final Table<Record> table;
  private final String bareName;
  private final SQLDialect dialect;
  private final Field<String> room;
  private final Field<String> key;
  private final Field<byte[]> data;
  private final Field<Long> createdAt;

  /**
   * @param tableName bare or with its schema, letters, digits and underscores
   */
  YjsTable(String tableName, SQLDialect dialect) {
    if (!NAME.matcher(tableName).matches()) {
      throw new IllegalArgumentException("not the name of a table: '" + tableName + "'");
    }
    this.dialect = dialect;
    int dot = tableName.indexOf('.');
    bareName = tableName.substring(dot + 1);
    table = DSL.table(dot < 0 ? name(bareName) : name(tableName.substring(0, dot), bareName));
    room = field(name("room"), text(255));
    key = field(name("update_key"), text(40));
    data = field(name("data"), blob().notNull());
    createdAt = field(name("created_at"), SQLDataType.BIGINT.notNull());
  }

  /** Compared exactly, and of any characters, whatever the database's default is. */
  private DataType<String> text(int length) {
    Collation exact =
        switch (dialect.family()) {
          case POSTGRES -> collation(quotedName("C"));
          case MARIADB, MYSQL -> collation(name("utf8mb4_bin"));
          default -> null;
        };
    DataType<String> type = SQLDataType.VARCHAR(length).notNull();
    return exact == null ? type : type.collation(exact);
  }

  /** Of any size: what MariaDB calls a blob ends at 64 KiB. */
  @SuppressWarnings("removal") // the standard types know no larger one
  private DataType<byte[]> blob() {
    return switch (dialect.family()) {
      case MARIADB, MYSQL -> MariaDBDataType.LONGBLOB;
      default -> SQLDataType.BLOB;
    };
  }

  /** Creates the table if it is missing; several nodes may do it at once. */
  void create(DSLContext db) {
    for (int attempt = 1; !exists(db); attempt++) {
      try {
        db.transaction(
            tx ->
                tx.dsl()
                    .createTableIfNotExists(table)
                    .columns(room, key, data, createdAt)
                    .constraint(constraint(name(bareName + "_pk")).primaryKey(room, key))
                    .execute());
      } catch (DataAccessException e) {
        // two that create it at the same time may both have found it missing
        if (attempt == ATTEMPTS) {
          throw e;
        }
      }
    }
  }

  private boolean exists(DSLContext db) {
    try {
      db.select(DSL.one()).from(table).where(DSL.falseCondition()).fetch();
      return true;
    } catch (DataAccessException e) {
      return false;
    }
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
