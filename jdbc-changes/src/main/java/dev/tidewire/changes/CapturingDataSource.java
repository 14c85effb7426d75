package dev.tidewire.changes;

import java.io.PrintWriter;
import java.sql.Connection;
import java.sql.SQLException;
import java.sql.SQLFeatureNotSupportedException;
import java.util.logging.Logger;
import javax.sql.DataSource;
import javax.sql.XADataSource;
import org.jspecify.annotations.Nullable;

/** Hands out capturing connections. Safe for any thread, if the data source inside is. */
final class CapturingDataSource implements DataSource {

  private final ChangeCapture capture;
  private final DataSource inside;

  CapturingDataSource(ChangeCapture capture, DataSource inside) {
    this.capture = capture;
    this.inside = inside;
  }

  boolean belongsTo(ChangeCapture other) {
    return capture == other;
  }

  @Override
  public Connection getConnection() throws SQLException {
    return capture.observe(inside.getConnection());
  }

  @Override
  public Connection getConnection(String user, String password) throws SQLException {
    return capture.observe(inside.getConnection(user, password));
  }

  @Override
  public @Nullable PrintWriter getLogWriter() throws SQLException {
    return inside.getLogWriter();
  }

  @Override
  public void setLogWriter(PrintWriter writer) throws SQLException {
    inside.setLogWriter(writer);
  }

  @Override
  public void setLoginTimeout(int seconds) throws SQLException {
    inside.setLoginTimeout(seconds);
  }

  @Override
  public int getLoginTimeout() throws SQLException {
    return inside.getLoginTimeout();
  }

  @Override
  public Logger getParentLogger() throws SQLFeatureNotSupportedException {
    return inside.getParentLogger();
  }

  /**
   * Returns what is inside, if it is a {@code type}.
   *
   * @throws SQLFeatureNotSupportedException for {@link XADataSource}: two-phase transactions commit
   *     past the connection, so their changes could never be told
   */
  @Override
  public <T> T unwrap(Class<T> type) throws SQLException {
    if (type.isInstance(this)) {
      return type.cast(this);
    }
    if (type == XADataSource.class) {
      throw new SQLFeatureNotSupportedException(
          "XA is not supported here: a two-phase transaction commits past the connection, so its"
              + " changes could not be told. Give the transaction manager the observed DataSource"
              + " with local transactions, or an XADataSource that is not observed");
    }
    return type.isInstance(inside) ? type.cast(inside) : inside.unwrap(type);
  }

  @Override
  public boolean isWrapperFor(Class<?> type) throws SQLException {
    return type.isInstance(this)
        || (type != XADataSource.class && (type.isInstance(inside) || inside.isWrapperFor(type)));
  }
}
