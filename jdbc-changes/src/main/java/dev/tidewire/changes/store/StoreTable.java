package dev.tidewire.changes.store;

import static org.jooq.impl.DSL.collation;
import static org.jooq.impl.DSL.constraint;
import static org.jooq.impl.DSL.name;
import static org.jooq.impl.DSL.quotedName;

import java.util.List;
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

/** The one table of a store, which makes it where it is missing. Immutable, safe for any thread. */
public final class StoreTable {

  private static final Pattern NAME = Pattern.compile("\\w+(\\.\\w+)?");
  private static final int ATTEMPTS = 5;

  private final Table<Record> table;
  private final String bareName;

  /**
   * @param tableName bare or with its schema, letters, digits and underscores
   * @throws IllegalArgumentException for any other name
   */
  public StoreTable(String tableName) {
    if (!NAME.matcher(tableName).matches()) {
      throw new IllegalArgumentException("not the name of a table: '" + tableName + "'");
    }
    int dot = tableName.indexOf('.');
    bareName = tableName.substring(dot + 1);
    table = DSL.table(dot < 0 ? name(bareName) : name(tableName.substring(0, dot), bareName));
  }

  /** For statements. */
  public Table<Record> table() {
    return table;
  }

  /** Its name without the schema; those of its key and indexes begin with it. */
  public String bareName() {
    return bareName;
  }

  /** Text that is compared exactly and takes any character, whatever the database's default is. */
  public static DataType<String> exact(DataType<String> type, SQLDialect dialect) {
    Collation exact =
        switch (dialect.family()) {
          case POSTGRES -> collation(quotedName("C"));
          case MARIADB, MYSQL -> collation(name("utf8mb4_bin"));
          default -> null;
        };
    return exact == null ? type : type.collation(exact);
  }

  /**
   * Creates the table if it is missing; several nodes may do it at once.
   *
   * @return whether it was missing
   * @throws DataAccessException if it cannot be created
   */
  public boolean create(DSLContext db, List<Field<?>> columns, List<Field<?>> key) {
    boolean missing = !exists(db);
    for (int attempt = 1; missing && !exists(db); attempt++) {
      try {
        db.transaction(
            tx ->
                tx.dsl()
                    .createTableIfNotExists(table)
                    .columns(columns)
                    .constraint(constraint(name(bareName + "_pk")).primaryKey(key))
                    .execute());
      } catch (DataAccessException e) {
        // two that create it at the same time may both have found it missing
        if (attempt == ATTEMPTS) {
          throw e;
        }
      }
    }
    return missing;
  }

  private boolean exists(DSLContext db) {
    try {
      db.select(DSL.one()).from(table).where(DSL.falseCondition()).fetch();
      return true;
    } catch (DataAccessException e) {
      return false;
    }
  }
}
