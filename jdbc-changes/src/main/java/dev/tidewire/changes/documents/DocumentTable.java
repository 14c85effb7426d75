package dev.tidewire.changes.documents;

import static org.jooq.impl.DSL.collation;
import static org.jooq.impl.DSL.field;
import static org.jooq.impl.DSL.name;

import dev.tidewire.changes.store.StoreTable;
import dev.tidewire.sync.DocumentStore.Stored;
import dev.tidewire.sync.FieldMap;
import dev.tidewire.sync.FieldWrite;
import dev.tidewire.sync.Stamp;
import java.util.ArrayList;
import java.util.Collection;
import java.util.Comparator;
import java.util.List;
import org.jooq.DSLContext;
import org.jooq.DataType;
import org.jooq.Field;
import org.jooq.Record;
import org.jooq.SQLDialect;
import org.jooq.Table;
import org.jooq.impl.SQLDataType;
import org.jspecify.annotations.Nullable;

/**
 * The table of the fields, and every statement on it: one row for the last write of each field, its
 * data null if that removed it. The row whose field is empty, which no field's name is, has the
 * document's floor. A row changes only to a later stamp. Immutable, safe for any thread.
 */
final class DocumentTable {

  private static final int STAMP_LENGTH = 47;
  private static final String FLOOR = "";

  private final StoreTable place;
  private final Table<Record> table;
  private final SQLDialect dialect;
  private final Field<String> document;
  private final Field<String> fieldName;
  private final Field<String> stamp;
  private final Field<@Nullable String> data;

  /**
   * @param tableName bare or with its schema, letters, digits and underscores
   */
  DocumentTable(String tableName, SQLDialect dialect) {
    this.dialect = dialect;
    place = new StoreTable(tableName);
    table = place.table();
    document = column("document", text(SQLDataType.VARCHAR(255)).notNull());
    fieldName = column("field", text(SQLDataType.VARCHAR(128)).notNull());
    stamp = column("stamp", text(SQLDataType.VARCHAR(STAMP_LENGTH)).notNull());
    data = column("data", text(SQLDataType.CLOB).null_());
  }

  private static <T extends @Nullable Object> Field<T> column(String name, DataType<T> type) {
    return field(name(name), type);
  }

  /** Names and stamps are compared exactly, as everywhere, and here blanks at the end too. */
  private DataType<String> text(DataType<String> type) {
    return switch (dialect.family()) {
      case MARIADB -> type.collation(collation(name("utf8mb4_nopad_bin")));
      case MYSQL -> type.collation(collation(name("utf8mb4_0900_bin")));
      default -> StoreTable.exact(type, dialect);
    };
  }

  /** Creates the table if it is missing; several nodes may do it at once. */
  void create(DSLContext db) {
    place.create(db, List.of(document, fieldName, stamp, data), List.of(document, fieldName));
  }

  Stored load(DSLContext db, String name) {
    List<FieldWrite> writes = new ArrayList<>();
    Stamp floor = null;
    for (Record row :
        db.select(fieldName, stamp, data).from(table).where(document.eq(name)).fetch()) {
      Stamp at = Stamp.parse(row.get(stamp));
      if (at == null) {
        throw new IllegalStateException("no stamp: " + row.get(stamp));
      } else if (row.get(fieldName).equals(FLOOR)) {
        floor = at;
      } else {
        writes.add(new FieldWrite(row.get(fieldName), at, row.get(data)));
      }
    }
    return new Stored(writes, floor);
  }

  /** In one order everywhere, so that nodes that write the same fields wait and do not lock up. */
  void save(
      DSLContext db, String name, Collection<FieldWrite> writes, FieldMap.@Nullable Purge purge) {
    List<FieldWrite> sorted = new ArrayList<>(writes);
    sorted.sort(Comparator.comparing(FieldWrite::field).thenComparing(FieldWrite::at));
    if (purge != null) {
      put(db, name, FLOOR, purge.floor(), null);
    }
    for (FieldWrite write : sorted) {
      put(db, name, write.field(), write.at(), write.json());
    }
    if (purge != null) {
      for (FieldWrite removal : purge.removals()) {
        db.deleteFrom(table)
            .where(
                document.eq(name), fieldName.eq(removal.field()), stamp.eq(removal.at().toString()))
            .execute();
      }
    }
  }

  private void put(DSLContext db, String name, String field, Stamp at, @Nullable String json) {
    if (!replace(db, name, field, at, json) && !insert(db, name, field, at, json)) {
      replace(db, name, field, at, json); // another node was faster
    }
  }

  /** On H2, which cannot leave out what is there, a race ends the transaction: it is repeated. */
  private boolean insert(
      DSLContext db, String name, String field, Stamp at, @Nullable String json) {
    if (dialect.family() == SQLDialect.H2
        && db.fetchExists(table, document.eq(name), fieldName.eq(field))) {
      return false;
    }
    var row =
        db.insertInto(table, document, fieldName, stamp, data)
            .values(name, field, at.toString(), json);
    return dialect.family() == SQLDialect.H2
        ? row.execute() > 0
        : row.onConflict(document, fieldName).doNothing().execute() > 0;
  }

  private boolean replace(
      DSLContext db, String name, String field, Stamp at, @Nullable String json) {
    return db.update(table)
            .set(stamp, at.toString())
            .set(data, json)
            .where(document.eq(name), fieldName.eq(field), stamp.lt(at.toString()))
            .execute()
        > 0;
  }
}
