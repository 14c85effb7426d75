package dev.tidewire.changes.store;

import dev.tidewire.RealtimeException;
import java.sql.Connection;
import java.sql.SQLException;
import javax.sql.DataSource;
import org.jooq.DSLContext;
import org.jooq.SQLDialect;
import org.jooq.conf.RenderQuotedNames;
import org.jooq.conf.Settings;
import org.jooq.exception.DataAccessException;
import org.jooq.impl.DSL;
import org.jooq.tools.jdbc.JDBCUtils;
import org.jspecify.annotations.Nullable;

/** The database of a store, and what its errors mean. Stateless, safe for any thread. */
public final class StoreDatabase {

  /** SQLite's number for "somebody else is writing". */
  private static final int SQLITE_BUSY = 5;

  private StoreDatabase() {}

  /**
   * Asks the database what it is.
   *
   * @param of what the store keeps, for messages
   * @throws IllegalArgumentException if jOOQ does not know the database
   * @throws RealtimeException if it cannot be reached
   */
  public static DSLContext open(DataSource dataSource, String of) {
    return DSL.using(
        dataSource,
        dialect(dataSource, of),
        new Settings()
            .withRenderQuotedNames(RenderQuotedNames.EXPLICIT_DEFAULT_UNQUOTED)
            .withExecuteLogging(false));
  }

  private static SQLDialect dialect(DataSource dataSource, String of) {
    try (Connection connection = dataSource.getConnection()) {
      SQLDialect dialect = JDBCUtils.dialect(connection);
      if (dialect == SQLDialect.DEFAULT) {
        throw new IllegalArgumentException(
            "not a known database: " + connection.getMetaData().getDatabaseProductName());
      }
      return dialect;
    } catch (SQLException e) {
      throw new RealtimeException("the database of the " + of + " cannot be reached", e);
    }
  }

  /** A deadlock, a conflict or a busy database: the same may go through at once. */
  public static boolean isTransient(DataAccessException e) {
    String state = state(e);
    return state.startsWith("40")
        || state.equals("HYT00")
        || state.equals("90131")
        || isSqlite(e, SQLITE_BUSY);
  }

  /** Whether SQLite gave this code: it has no states, only its own small numbers. */
  public static boolean isSqlite(DataAccessException e, int code) {
    @Nullable SQLException cause = e.getCause(SQLException.class);
    return cause != null && cause.getSQLState() == null && (cause.getErrorCode() & 0xff) == code;
  }

  /** The SQL state, empty if there is none. */
  public static String state(DataAccessException e) {
    String state = e.sqlState();
    return state == null ? "" : state;
  }
}
