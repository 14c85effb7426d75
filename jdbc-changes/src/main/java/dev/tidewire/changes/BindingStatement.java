package dev.tidewire.changes;

import java.io.InputStream;
import java.io.Reader;
import java.math.BigDecimal;
import java.net.URL;
import java.sql.Array;
import java.sql.Blob;
import java.sql.Clob;
import java.sql.Date;
import java.sql.NClob;
import java.sql.PreparedStatement;
import java.sql.Ref;
import java.sql.RowId;
import java.sql.SQLException;
import java.sql.SQLType;
import java.sql.SQLXML;
import java.sql.Statement;
import java.sql.Time;
import java.sql.Timestamp;
import java.util.Calendar;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * The setters of a prepared statement, each as a {@link Bind} that can be applied again, to another
 * statement.
 */
abstract class BindingStatement extends CapturingStatement implements PreparedStatement {

  /** Sets one parameter of a statement, at any place; can be repeated. */
  interface Bind {
    void apply(PreparedStatement statement, int at) throws SQLException;
  }

  BindingStatement(CapturingConnection connection, Statement delegate) {
    super(connection, delegate);
  }

  /** Whether parameters may be needed again, so that streams and mutable values must be copied. */
  abstract boolean repeats();

  /** Sets the parameter, and remembers it if it may be needed again. */
  abstract void bind(int index, Bind bind) throws SQLException;

  @Override
  public void setNull(int index, int type) throws SQLException {
    bind(index, (statement, at) -> statement.setNull(at, type));
  }

  @Override
  public void setBoolean(int index, boolean value) throws SQLException {
    bind(index, (statement, at) -> statement.setBoolean(at, value));
  }

  @Override
  public void setByte(int index, byte value) throws SQLException {
    bind(index, (statement, at) -> statement.setByte(at, value));
  }

  @Override
  public void setShort(int index, short value) throws SQLException {
    bind(index, (statement, at) -> statement.setShort(at, value));
  }

  @Override
  public void setInt(int index, int value) throws SQLException {
    bind(index, (statement, at) -> statement.setInt(at, value));
  }

  @Override
  public void setLong(int index, long value) throws SQLException {
    bind(index, (statement, at) -> statement.setLong(at, value));
  }

  @Override
  public void setFloat(int index, float value) throws SQLException {
    bind(index, (statement, at) -> statement.setFloat(at, value));
  }

  @Override
  public void setDouble(int index, double value) throws SQLException {
    bind(index, (statement, at) -> statement.setDouble(at, value));
  }

  @Override
  public void setBigDecimal(int index, @Nullable BigDecimal value) throws SQLException {
    bind(index, (statement, at) -> statement.setBigDecimal(at, value));
  }

  @Override
  public void setString(int index, @Nullable String value) throws SQLException {
    bind(index, (statement, at) -> statement.setString(at, value));
  }

  @Override
  public void setBytes(int index, byte @Nullable [] value) throws SQLException {
    Supplier<@Nullable Object> copy = Repeatable.of(value, repeats());
    bind(index, (statement, at) -> statement.setBytes(at, (byte[]) copy.get()));
  }

  @Override
  public void setDate(int index, @Nullable Date value) throws SQLException {
    Supplier<@Nullable Object> copy = Repeatable.of(value, repeats());
    bind(index, (statement, at) -> statement.setDate(at, (Date) copy.get()));
  }

  @Override
  public void setTime(int index, @Nullable Time value) throws SQLException {
    Supplier<@Nullable Object> copy = Repeatable.of(value, repeats());
    bind(index, (statement, at) -> statement.setTime(at, (Time) copy.get()));
  }

  @Override
  public void setTimestamp(int index, @Nullable Timestamp value) throws SQLException {
    Supplier<@Nullable Object> copy = Repeatable.of(value, repeats());
    bind(index, (statement, at) -> statement.setTimestamp(at, (Timestamp) copy.get()));
  }

  @Override
  public void setAsciiStream(int index, @Nullable InputStream value, int length)
      throws SQLException {
    Supplier<@Nullable InputStream> copy = Repeatable.of(value, length, repeats());
    bind(index, (statement, at) -> statement.setAsciiStream(at, copy.get(), length));
  }

  @Override
  @Deprecated
  @SuppressWarnings("deprecation")
  public void setUnicodeStream(int index, @Nullable InputStream value, int length)
      throws SQLException {
    Supplier<@Nullable InputStream> copy = Repeatable.of(value, length, repeats());
    bind(index, (statement, at) -> statement.setUnicodeStream(at, copy.get(), length));
  }

  @Override
  public void setBinaryStream(int index, @Nullable InputStream value, int length)
      throws SQLException {
    Supplier<@Nullable InputStream> copy = Repeatable.of(value, length, repeats());
    bind(index, (statement, at) -> statement.setBinaryStream(at, copy.get(), length));
  }

  @Override
  public void setObject(int index, @Nullable Object value, int type) throws SQLException {
    Supplier<@Nullable Object> copy = Repeatable.of(value, repeats());
    bind(index, (statement, at) -> statement.setObject(at, copy.get(), type));
  }

  @Override
  public void setObject(int index, @Nullable Object value) throws SQLException {
    Supplier<@Nullable Object> copy = Repeatable.of(value, repeats());
    bind(index, (statement, at) -> statement.setObject(at, copy.get()));
  }

  @Override
  public void setCharacterStream(int index, @Nullable Reader value, int length)
      throws SQLException {
    Supplier<@Nullable Reader> copy = Repeatable.of(value, length, repeats());
    bind(index, (statement, at) -> statement.setCharacterStream(at, copy.get(), length));
  }

  @Override
  public void setRef(int index, @Nullable Ref value) throws SQLException {
    bind(index, (statement, at) -> statement.setRef(at, value));
  }

  @Override
  public void setBlob(int index, @Nullable Blob value) throws SQLException {
    bind(index, (statement, at) -> statement.setBlob(at, value));
  }

  @Override
  public void setClob(int index, @Nullable Clob value) throws SQLException {
    bind(index, (statement, at) -> statement.setClob(at, value));
  }

  @Override
  public void setArray(int index, @Nullable Array value) throws SQLException {
    bind(index, (statement, at) -> statement.setArray(at, value));
  }

  @Override
  public void setDate(int index, @Nullable Date value, Calendar calendar) throws SQLException {
    Supplier<@Nullable Object> copy = Repeatable.of(value, repeats());
    bind(index, (statement, at) -> statement.setDate(at, (Date) copy.get(), calendar));
  }

  @Override
  public void setTime(int index, @Nullable Time value, Calendar calendar) throws SQLException {
    Supplier<@Nullable Object> copy = Repeatable.of(value, repeats());
    bind(index, (statement, at) -> statement.setTime(at, (Time) copy.get(), calendar));
  }

  @Override
  public void setTimestamp(int index, @Nullable Timestamp value, Calendar calendar)
      throws SQLException {
    Supplier<@Nullable Object> copy = Repeatable.of(value, repeats());
    bind(index, (statement, at) -> statement.setTimestamp(at, (Timestamp) copy.get(), calendar));
  }

  @Override
  public void setNull(int index, int type, String typeName) throws SQLException {
    bind(index, (statement, at) -> statement.setNull(at, type, typeName));
  }

  @Override
  public void setURL(int index, @Nullable URL value) throws SQLException {
    bind(index, (statement, at) -> statement.setURL(at, value));
  }

  @Override
  public void setRowId(int index, @Nullable RowId value) throws SQLException {
    bind(index, (statement, at) -> statement.setRowId(at, value));
  }

  @Override
  public void setNString(int index, @Nullable String value) throws SQLException {
    bind(index, (statement, at) -> statement.setNString(at, value));
  }

  @Override
  public void setNCharacterStream(int index, @Nullable Reader value, long length)
      throws SQLException {
    Supplier<@Nullable Reader> copy = Repeatable.of(value, length, repeats());
    bind(index, (statement, at) -> statement.setNCharacterStream(at, copy.get(), length));
  }

  @Override
  public void setNClob(int index, @Nullable NClob value) throws SQLException {
    bind(index, (statement, at) -> statement.setNClob(at, value));
  }

  @Override
  public void setClob(int index, @Nullable Reader value, long length) throws SQLException {
    Supplier<@Nullable Reader> copy = Repeatable.of(value, length, repeats());
    bind(index, (statement, at) -> statement.setClob(at, copy.get(), length));
  }

  @Override
  public void setBlob(int index, @Nullable InputStream value, long length) throws SQLException {
    Supplier<@Nullable InputStream> copy = Repeatable.of(value, length, repeats());
    bind(index, (statement, at) -> statement.setBlob(at, copy.get(), length));
  }

  @Override
  public void setNClob(int index, @Nullable Reader value, long length) throws SQLException {
    Supplier<@Nullable Reader> copy = Repeatable.of(value, length, repeats());
    bind(index, (statement, at) -> statement.setNClob(at, copy.get(), length));
  }

  @Override
  public void setSQLXML(int index, @Nullable SQLXML value) throws SQLException {
    bind(index, (statement, at) -> statement.setSQLXML(at, value));
  }

  @Override
  public void setObject(int index, @Nullable Object value, int type, int scale)
      throws SQLException {
    Supplier<@Nullable Object> copy = Repeatable.of(value, repeats());
    bind(index, (statement, at) -> statement.setObject(at, copy.get(), type, scale));
  }

  @Override
  public void setAsciiStream(int index, @Nullable InputStream value, long length)
      throws SQLException {
    Supplier<@Nullable InputStream> copy = Repeatable.of(value, length, repeats());
    bind(index, (statement, at) -> statement.setAsciiStream(at, copy.get(), length));
  }

  @Override
  public void setBinaryStream(int index, @Nullable InputStream value, long length)
      throws SQLException {
    Supplier<@Nullable InputStream> copy = Repeatable.of(value, length, repeats());
    bind(index, (statement, at) -> statement.setBinaryStream(at, copy.get(), length));
  }

  @Override
  public void setCharacterStream(int index, @Nullable Reader value, long length)
      throws SQLException {
    Supplier<@Nullable Reader> copy = Repeatable.of(value, length, repeats());
    bind(index, (statement, at) -> statement.setCharacterStream(at, copy.get(), length));
  }

  @Override
  public void setAsciiStream(int index, @Nullable InputStream value) throws SQLException {
    Supplier<@Nullable InputStream> copy = Repeatable.of(value, -1, repeats());
    bind(index, (statement, at) -> statement.setAsciiStream(at, copy.get()));
  }

  @Override
  public void setBinaryStream(int index, @Nullable InputStream value) throws SQLException {
    Supplier<@Nullable InputStream> copy = Repeatable.of(value, -1, repeats());
    bind(index, (statement, at) -> statement.setBinaryStream(at, copy.get()));
  }

  @Override
  public void setCharacterStream(int index, @Nullable Reader value) throws SQLException {
    Supplier<@Nullable Reader> copy = Repeatable.of(value, -1, repeats());
    bind(index, (statement, at) -> statement.setCharacterStream(at, copy.get()));
  }

  @Override
  public void setNCharacterStream(int index, @Nullable Reader value) throws SQLException {
    Supplier<@Nullable Reader> copy = Repeatable.of(value, -1, repeats());
    bind(index, (statement, at) -> statement.setNCharacterStream(at, copy.get()));
  }

  @Override
  public void setClob(int index, @Nullable Reader value) throws SQLException {
    Supplier<@Nullable Reader> copy = Repeatable.of(value, -1, repeats());
    bind(index, (statement, at) -> statement.setClob(at, copy.get()));
  }

  @Override
  public void setBlob(int index, @Nullable InputStream value) throws SQLException {
    Supplier<@Nullable InputStream> copy = Repeatable.of(value, -1, repeats());
    bind(index, (statement, at) -> statement.setBlob(at, copy.get()));
  }

  @Override
  public void setNClob(int index, @Nullable Reader value) throws SQLException {
    Supplier<@Nullable Reader> copy = Repeatable.of(value, -1, repeats());
    bind(index, (statement, at) -> statement.setNClob(at, copy.get()));
  }

  @Override
  public void setObject(int index, @Nullable Object value, SQLType type, int scale)
      throws SQLException {
    Supplier<@Nullable Object> copy = Repeatable.of(value, repeats());
    bind(index, (statement, at) -> statement.setObject(at, copy.get(), type, scale));
  }

  @Override
  public void setObject(int index, @Nullable Object value, SQLType type) throws SQLException {
    Supplier<@Nullable Object> copy = Repeatable.of(value, repeats());
    bind(index, (statement, at) -> statement.setObject(at, copy.get(), type));
  }
}
