package dev.tidewire.changes;

import java.sql.Connection;
import java.sql.SQLException;
import org.jooq.ConnectionProvider;
import org.jooq.exception.DataAccessException;
import org.jspecify.annotations.Nullable;

/**
 * Makes the connections of a jOOQ configuration capturing ones. Safe for any thread, if its inside
 * is.
 */
final class CapturingConnectionProvider implements ConnectionProvider {

  private final ChangeCapture capture;
  private final ConnectionProvider inside;

  CapturingConnectionProvider(ChangeCapture capture, ConnectionProvider inside) {
    this.capture = capture;
    this.inside = inside;
  }

  @Override
  public @Nullable Connection acquire() {
    Connection connection = inside.acquire();
    try {
      return connection == null ? null : capture.observe(connection);
    } catch (SQLException e) {
      inside.release(connection);
      throw new DataAccessException("Could not observe a connection", e);
    }
  }

  @Override
  public void release(Connection connection) {
    if (connection instanceof CapturingConnection observed && observed.capture() == capture) {
      observed.giveUp();
      inside.release(observed.raw());
    } else {
      inside.release(connection);
    }
  }
}
