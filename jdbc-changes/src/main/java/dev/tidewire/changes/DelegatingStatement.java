package dev.tidewire.changes;

import java.sql.SQLException;
import java.sql.SQLWarning;
import java.sql.Statement;
import org.jspecify.annotations.Nullable;

/** The methods of a statement that need nothing but to be passed on. */
abstract class DelegatingStatement implements Statement {

  private final Statement delegate;

  DelegatingStatement(Statement delegate) {
    this.delegate = delegate;
  }

  @Override
  public int getMaxFieldSize() throws SQLException {
    return delegate.getMaxFieldSize();
  }

  @Override
  public void setMaxFieldSize(int number) throws SQLException {
    delegate.setMaxFieldSize(number);
  }

  @Override
  public int getMaxRows() throws SQLException {
    return delegate.getMaxRows();
  }

  @Override
  public void setMaxRows(int number) throws SQLException {
    delegate.setMaxRows(number);
  }

  @Override
  public void setEscapeProcessing(boolean flag) throws SQLException {
    delegate.setEscapeProcessing(flag);
  }

  @Override
  public int getQueryTimeout() throws SQLException {
    return delegate.getQueryTimeout();
  }

  @Override
  public void setQueryTimeout(int number) throws SQLException {
    delegate.setQueryTimeout(number);
  }

  @Override
  public @Nullable SQLWarning getWarnings() throws SQLException {
    return delegate.getWarnings();
  }

  @Override
  public void clearWarnings() throws SQLException {
    delegate.clearWarnings();
  }

  @Override
  public void setCursorName(String text) throws SQLException {
    delegate.setCursorName(text);
  }

  @Override
  public void setFetchDirection(int number) throws SQLException {
    delegate.setFetchDirection(number);
  }

  @Override
  public int getFetchDirection() throws SQLException {
    return delegate.getFetchDirection();
  }

  @Override
  public void setFetchSize(int number) throws SQLException {
    delegate.setFetchSize(number);
  }

  @Override
  public int getFetchSize() throws SQLException {
    return delegate.getFetchSize();
  }

  @Override
  public int getResultSetConcurrency() throws SQLException {
    return delegate.getResultSetConcurrency();
  }

  @Override
  public int getResultSetType() throws SQLException {
    return delegate.getResultSetType();
  }

  @Override
  public int getResultSetHoldability() throws SQLException {
    return delegate.getResultSetHoldability();
  }

  @Override
  public boolean isClosed() throws SQLException {
    return delegate.isClosed();
  }

  @Override
  public void setPoolable(boolean flag) throws SQLException {
    delegate.setPoolable(flag);
  }

  @Override
  public boolean isPoolable() throws SQLException {
    return delegate.isPoolable();
  }

  @Override
  public void setLargeMaxRows(long number) throws SQLException {
    delegate.setLargeMaxRows(number);
  }

  @Override
  public long getLargeMaxRows() throws SQLException {
    return delegate.getLargeMaxRows();
  }

  @Override
  public String enquoteLiteral(String text) throws SQLException {
    return delegate.enquoteLiteral(text);
  }

  @Override
  public String enquoteIdentifier(String text1, boolean flag2) throws SQLException {
    return delegate.enquoteIdentifier(text1, flag2);
  }

  @Override
  public boolean isSimpleIdentifier(String text) throws SQLException {
    return delegate.isSimpleIdentifier(text);
  }

  @Override
  public String enquoteNCharLiteral(String text) throws SQLException {
    return delegate.enquoteNCharLiteral(text);
  }

  @Override
  public <T> T unwrap(Class<T> type) throws SQLException {
    return type.isInstance(this) ? type.cast(this) : delegate.unwrap(type);
  }

  @Override
  public boolean isWrapperFor(Class<?> type) throws SQLException {
    return type.isInstance(this) || delegate.isWrapperFor(type);
  }
}
