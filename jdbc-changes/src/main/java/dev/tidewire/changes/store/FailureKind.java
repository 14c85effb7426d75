package dev.tidewire.changes.store;

import dev.tidewire.RealtimeException;
import java.sql.SQLException;
import org.jooq.exception.DataAccessException;
import org.jspecify.annotations.Nullable;

/**
 * Says of a failure what can be logged where its message cannot: databases and parsers quote in
 * their messages the statement, the row or the text they failed on. Stateless, safe for any thread.
 */
public final class FailureKind {

  /** The class of the SQL states of values that do not fit, or are none. */
  private static final String DATA_EXCEPTION = "22";

  private FailureKind() {}

  /** Whether it is about a value, which the message then has. */
  public static boolean isOfValue(Throwable failure) {
    return failure instanceof IllegalArgumentException
        || (failure instanceof SQLException sql
            && String.valueOf(sql.getSQLState()).startsWith(DATA_EXCEPTION));
  }

  /** What a store fails with: an error of its database without what that says. */
  public static RealtimeException failure(String what, Throwable cause) {
    return cause instanceof DataAccessException
        ? new RealtimeException(what + ": " + of(cause), null)
        : new RealtimeException(what, cause);
  }

  /** The class of the failure; of an error of a database, also its SQL state and number. */
  public static String of(Throwable failure) {
    @Nullable Throwable cause = failure;
    while (cause != null && !(cause instanceof SQLException)) {
      cause = cause.getCause();
    }
    return cause instanceof SQLException sql
        ? sql.getClass().getName()
            + ", SQL state "
            + sql.getSQLState()
            + ", code "
            + sql.getErrorCode()
        : failure.getClass().getName();
  }
}
