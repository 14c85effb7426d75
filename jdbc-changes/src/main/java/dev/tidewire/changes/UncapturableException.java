package dev.tidewire.changes;

import java.sql.SQLException;

/**
 * A statement was refused, because its rows cannot be captured and the capture was built with
 * {@link Uncapturable#THROW}. The message names the statement's tables and the reason. SQLState
 * {@code 0A000}. Not for use by several threads at once.
 */
public final class UncapturableException extends SQLException {

  private static final long serialVersionUID = 1L;

  UncapturableException(String reason) {
    super(reason, "0A000");
  }
}
