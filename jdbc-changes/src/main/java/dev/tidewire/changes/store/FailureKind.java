package dev.tidewire.changes.store;

import java.sql.SQLException;
import org.jspecify.annotations.Nullable;

/**
 * Says of a failure what can be logged where its message cannot: databases and parsers quote in
 * their messages the statement, the row or the text they failed on. Stateless, safe for any thread.
 */
public final class FailureKind {

  private FailureKind() {}

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
