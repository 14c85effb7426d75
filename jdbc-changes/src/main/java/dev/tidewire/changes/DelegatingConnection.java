package dev.tidewire.changes;

import java.sql.Array;
import java.sql.Blob;
import java.sql.Clob;
import java.sql.Connection;
import java.sql.NClob;
import java.sql.SQLClientInfoException;
import java.sql.SQLException;
import java.sql.SQLWarning;
import java.sql.SQLXML;
import java.sql.ShardingKey;
import java.sql.Struct;
import java.util.Map;
import java.util.Properties;
import java.util.concurrent.Executor;
import org.jspecify.annotations.Nullable;

/** The methods of a connection that need nothing but to be passed on. */
abstract class DelegatingConnection implements Connection {

  private final Connection delegate;

  DelegatingConnection(Connection delegate) {
    this.delegate = delegate;
  }

  @Override
  public String nativeSQL(String text) throws SQLException {
    return delegate.nativeSQL(text);
  }

  @Override
  public boolean getAutoCommit() throws SQLException {
    return delegate.getAutoCommit();
  }

  @Override
  public boolean isClosed() throws SQLException {
    return delegate.isClosed();
  }

  @Override
  public void setReadOnly(boolean flag) throws SQLException {
    delegate.setReadOnly(flag);
  }

  @Override
  public boolean isReadOnly() throws SQLException {
    return delegate.isReadOnly();
  }

  @Override
  public void setCatalog(@Nullable String text) throws SQLException {
    delegate.setCatalog(text);
  }

  @Override
  public @Nullable String getCatalog() throws SQLException {
    return delegate.getCatalog();
  }

  @Override
  public void setTransactionIsolation(int number) throws SQLException {
    delegate.setTransactionIsolation(number);
  }

  @Override
  public int getTransactionIsolation() throws SQLException {
    return delegate.getTransactionIsolation();
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
  public Map<String, Class<?>> getTypeMap() throws SQLException {
    return delegate.getTypeMap();
  }

  @Override
  public void setTypeMap(Map<String, Class<?>> map) throws SQLException {
    delegate.setTypeMap(map);
  }

  @Override
  public void setHoldability(int number) throws SQLException {
    delegate.setHoldability(number);
  }

  @Override
  public int getHoldability() throws SQLException {
    return delegate.getHoldability();
  }

  @Override
  public Clob createClob() throws SQLException {
    return delegate.createClob();
  }

  @Override
  public Blob createBlob() throws SQLException {
    return delegate.createBlob();
  }

  @Override
  public NClob createNClob() throws SQLException {
    return delegate.createNClob();
  }

  @Override
  public SQLXML createSQLXML() throws SQLException {
    return delegate.createSQLXML();
  }

  @Override
  public boolean isValid(int number) throws SQLException {
    return delegate.isValid(number);
  }

  @Override
  public void setClientInfo(String text1, @Nullable String text2) throws SQLClientInfoException {
    delegate.setClientInfo(text1, text2);
  }

  @Override
  public void setClientInfo(Properties properties) throws SQLClientInfoException {
    delegate.setClientInfo(properties);
  }

  @Override
  public @Nullable String getClientInfo(String text) throws SQLException {
    return delegate.getClientInfo(text);
  }

  @Override
  public Properties getClientInfo() throws SQLException {
    return delegate.getClientInfo();
  }

  @Override
  public Array createArrayOf(String text1, Object[] values2) throws SQLException {
    return delegate.createArrayOf(text1, values2);
  }

  @Override
  public Struct createStruct(String text1, Object[] values2) throws SQLException {
    return delegate.createStruct(text1, values2);
  }

  @Override
  public @Nullable String getSchema() throws SQLException {
    return delegate.getSchema();
  }

  @Override
  public void setNetworkTimeout(Executor executor1, int number2) throws SQLException {
    delegate.setNetworkTimeout(executor1, number2);
  }

  @Override
  public int getNetworkTimeout() throws SQLException {
    return delegate.getNetworkTimeout();
  }

  @Override
  public void beginRequest() throws SQLException {
    delegate.beginRequest();
  }

  @Override
  public void endRequest() throws SQLException {
    delegate.endRequest();
  }

  @Override
  public boolean setShardingKeyIfValid(ShardingKey key1, @Nullable ShardingKey key2, int number3)
      throws SQLException {
    return delegate.setShardingKeyIfValid(key1, key2, number3);
  }

  @Override
  public boolean setShardingKeyIfValid(ShardingKey key1, int number2) throws SQLException {
    return delegate.setShardingKeyIfValid(key1, number2);
  }

  @Override
  public void setShardingKey(ShardingKey key1, @Nullable ShardingKey key2) throws SQLException {
    delegate.setShardingKey(key1, key2);
  }

  @Override
  public void setShardingKey(ShardingKey key) throws SQLException {
    delegate.setShardingKey(key);
  }
}
