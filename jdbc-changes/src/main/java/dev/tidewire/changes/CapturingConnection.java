package dev.tidewire.changes;

import java.sql.CallableStatement;
import java.sql.Connection;
import java.sql.DatabaseMetaData;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Savepoint;
import java.sql.Statement;
import java.util.Collection;
import java.util.Set;
import java.util.concurrent.Executor;
import org.jspecify.annotations.Nullable;

/**
 * A connection that sees every statement and every way of ending a transaction. Its statements go
 * through {@link Transaction}; everything else is the driver's.
 *
 * <p>Used by one thread at a time, like any connection.
 */
final class CapturingConnection extends DelegatingConnection {

  private final ChangeCapture capture;
  private final Connection raw;
  private @Nullable Engine engine;
  private @Nullable Transaction transaction;

  /** Where names are looked up: the schema that was set, empty for the default, null if unknown. */
  private @Nullable String path = "";

  CapturingConnection(ChangeCapture capture, Connection raw) {
    super(raw);
    this.capture = capture;
    this.raw = raw;
  }

  ChangeCapture capture() {
    return capture;
  }

  /** Whether this connection, or one inside it, captures for {@code other}. */
  boolean isObservedBy(ChangeCapture other) throws SQLException {
    if (capture == other) {
      return true;
    }
    return raw.isWrapperFor(CapturingConnection.class)
        && raw.unwrap(CapturingConnection.class).isObservedBy(other);
  }

  /** The driver's connection, or the pool's. */
  Connection raw() {
    return raw;
  }

  Engine engine() throws SQLException {
    Engine known = engine;
    if (known == null) {
      known = capture.engine(raw);
      engine = known;
    }
    return known;
  }

  Transaction transaction() throws SQLException {
    Transaction known = transaction;
    if (known == null) {
      known = new Transaction(raw, engine());
      transaction = known;
    }
    return known;
  }

  int maxRows() throws SQLException {
    return engine().maxRows();
  }

  /** Says what is to be done about a statement. */
  Treatment treat(String sql, KeyRequest keys) throws SQLException {
    if (capture.isClosed()) {
      return Treatment.UNOBSERVED;
    }
    return engine().catalog().treat(raw, sql, keys, path);
  }

  /** Runs a statement as it is, with what its treatment asks for around it. */
  <T> T run(Treatment treatment, String sql, SqlCall<T> natively) throws SQLException {
    switch (treatment.type()) {
      case PASS -> {
        return transaction == null ? natively.call() : transaction.watch(natively);
      }
      case CONTROL -> {
        notePath(treatment.shape(), sql);
        return transaction().control(treatment.shape(), sql, natively);
      }
      default -> {
        Set<CapturedTable> tables = treatment.tables();
        engine().refuseIfStrict(tables, treatment.reason());
        return transaction().writeUnknown(tables, natively);
      }
    }
  }

  /** Runs a write through an updatable result set of a query. */
  <T> T writeRow(String sql, SqlCall<T> natively) throws SQLException {
    Collection<CapturedTable> tables = engine().catalog().mentioned(sql);
    engine().refuseIfStrict(tables, "an updatable result set");
    return transaction().writeUnknown(tables, natively);
  }

  private void notePath(SqlShape shape, String sql) throws SQLException {
    Set<String> watched =
        switch (shape.kind()) {
          case SETTING ->
              Set.of("search_path", "schema", "schema_search_path", "all", "use", "set_config");
          case RESHAPE -> Set.of("temp", "temporary");
          case SEVERAL, OPAQUE -> Set.of("search_path", "schema", "temp", "temporary");
          default -> Set.of();
        };
    if (!watched.isEmpty()) {
      Set<String> identifiers = SqlShape.identifiers(sql, engine().dialect().lexis());
      if (watched.stream().anyMatch(identifiers::contains)) {
        path = null;
      }
    }
  }

  // statements

  @Override
  public Statement createStatement() throws SQLException {
    return new CapturingStatement(this, raw.createStatement());
  }

  @Override
  public Statement createStatement(int type, int concurrency) throws SQLException {
    return new CapturingStatement(this, raw.createStatement(type, concurrency));
  }

  @Override
  public Statement createStatement(int type, int concurrency, int holdability) throws SQLException {
    return new CapturingStatement(this, raw.createStatement(type, concurrency, holdability));
  }

  @Override
  public PreparedStatement prepareStatement(String sql) throws SQLException {
    return prepare(sql, KeyRequest.NONE, () -> raw.prepareStatement(sql));
  }

  @Override
  public PreparedStatement prepareStatement(String sql, int type, int concurrency)
      throws SQLException {
    return prepare(sql, KeyRequest.NONE, () -> raw.prepareStatement(sql, type, concurrency));
  }

  @Override
  public PreparedStatement prepareStatement(String sql, int type, int concurrency, int holdability)
      throws SQLException {
    return prepare(
        sql, KeyRequest.NONE, () -> raw.prepareStatement(sql, type, concurrency, holdability));
  }

  @Override
  public PreparedStatement prepareStatement(String sql, int autoGeneratedKeys) throws SQLException {
    return prepare(
        sql,
        KeyRequest.flag(autoGeneratedKeys),
        () -> raw.prepareStatement(sql, autoGeneratedKeys));
  }

  @Override
  public PreparedStatement prepareStatement(String sql, int[] indexes) throws SQLException {
    return prepare(sql, KeyRequest.indexes(indexes), () -> raw.prepareStatement(sql, indexes));
  }

  @Override
  public PreparedStatement prepareStatement(String sql, String[] names) throws SQLException {
    return prepare(sql, KeyRequest.names(names), () -> raw.prepareStatement(sql, names));
  }

  private PreparedStatement prepare(
      String sql, KeyRequest keys, SqlCall<PreparedStatement> natively) throws SQLException {
    return new CapturingPreparedStatement(this, sql, treat(sql, keys), natively);
  }

  @Override
  public CallableStatement prepareCall(String sql) throws SQLException {
    return call(sql, raw.prepareCall(sql));
  }

  @Override
  public CallableStatement prepareCall(String sql, int type, int concurrency) throws SQLException {
    return call(sql, raw.prepareCall(sql, type, concurrency));
  }

  @Override
  public CallableStatement prepareCall(String sql, int type, int concurrency, int holdability)
      throws SQLException {
    return call(sql, raw.prepareCall(sql, type, concurrency, holdability));
  }

  private CallableStatement call(String sql, CallableStatement call) throws SQLException {
    return Intercepted.call(call, this, treat(sql, KeyRequest.NONE), sql);
  }

  ResultSet updatable(ResultSet rows, String sql) {
    return Intercepted.updatable(rows, this, sql);
  }

  // transactions

  @Override
  public void setAutoCommit(boolean autoCommit) throws SQLException {
    SqlCall<Boolean> call =
        () -> {
          raw.setAutoCommit(autoCommit);
          return true;
        };
    if (transaction != null && autoCommit && !raw.getAutoCommit()) {
      transaction.commit(call);
    } else {
      call.call();
    }
  }

  @Override
  public void commit() throws SQLException {
    if (transaction == null) {
      raw.commit();
    } else {
      transaction.commit(
          () -> {
            raw.commit();
            return true;
          });
    }
  }

  @Override
  public void rollback() throws SQLException {
    raw.rollback();
    if (transaction != null) {
      transaction.rolledBack();
    }
  }

  @Override
  public void rollback(Savepoint savepoint) throws SQLException {
    raw.rollback(savepoint);
    if (transaction != null) {
      transaction.rolledBackTo(key(savepoint));
    }
  }

  @Override
  public Savepoint setSavepoint() throws SQLException {
    return mark(raw.setSavepoint());
  }

  @Override
  public Savepoint setSavepoint(String name) throws SQLException {
    return mark(raw.setSavepoint(name));
  }

  private Savepoint mark(Savepoint savepoint) throws SQLException {
    transaction().buffer().mark(key(savepoint));
    return savepoint;
  }

  @Override
  public void releaseSavepoint(Savepoint savepoint) throws SQLException {
    Object key = transaction == null ? null : key(savepoint);
    raw.releaseSavepoint(savepoint);
    if (transaction != null && key != null) {
      transaction.buffer().release(key);
    }
  }

  /** By name where it has one, because a SQL text may go back to it by that. */
  private static Object key(Savepoint savepoint) {
    try {
      return savepoint.getSavepointName();
    } catch (SQLException e) {
      return savepoint;
    }
  }

  @Override
  public void close() throws SQLException {
    giveUp();
    raw.close();
  }

  /** Forgets what is not committed; if somebody else commits it, the capture was put up wrongly. */
  void giveUp() {
    if (transaction != null) {
      if (!transaction.buffer().isEmpty()) {
        capture.noteUncommitted(transaction.buffer().tables());
      }
      transaction.rolledBack();
    }
  }

  @Override
  public void abort(Executor executor) throws SQLException {
    raw.abort(executor);
  }

  // the rest

  @Override
  public void setSchema(@Nullable String schema) throws SQLException {
    raw.setSchema(schema);
    path = schema == null ? null : schema;
  }

  @Override
  public void setCatalog(@Nullable String catalog) throws SQLException {
    raw.setCatalog(catalog);
    path = null;
  }

  @Override
  public DatabaseMetaData getMetaData() throws SQLException {
    return Intercepted.metaData(raw.getMetaData(), this);
  }

  @Override
  public <T> T unwrap(Class<T> type) throws SQLException {
    if (type.isInstance(this)) {
      return type.cast(this);
    }
    capture.noteUnwrapped(type);
    return type.isInstance(raw) ? type.cast(raw) : raw.unwrap(type);
  }

  @Override
  public boolean isWrapperFor(Class<?> type) throws SQLException {
    return type.isInstance(this) || type.isInstance(raw) || raw.isWrapperFor(type);
  }

  @Override
  public String toString() {
    return "capturing " + raw;
  }
}
