package dev.tidewire.changes;

import java.sql.SQLException;

/** Something that is done on the database. */
@FunctionalInterface
interface SqlCall<T> {
  T call() throws SQLException;
}
