package dev.tidewire.changes;

import dev.tidewire.changes.CapturePlan.Before;
import dev.tidewire.changes.CapturePlan.Source;
import dev.tidewire.changes.CapturePlan.Visible;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/**
 * A statement whose writes are captured. What the driver's own statement says of the last execution
 * holds, unless it was run by a plan: then {@link Outcome} holds.
 *
 * <p>Used by one thread at a time, except {@link #cancel}.
 */
class CapturingStatement extends DelegatingStatement {

  /** What kind of answer the application called for. */
  enum Form {
    ANY,
    COUNT,
    ROWS;

    boolean fits(Visible visible) {
      return this == ANY || (visible == Visible.ROWS) == (this == ROWS);
    }
  }

  private final CapturingConnection connection;
  private final Statement delegate;
  private final List<String> batch = new ArrayList<>();
  private boolean batchCaptured;
  private boolean closeOnCompletion;
  private String lastSql = "";
  private @Nullable Outcome outcome;

  /** The driver's statement that ran last, unless a plan did. */
  private Statement answering;

  /** A statement of ours whose result the application is given, because it can be read twice. */
  private volatile @Nullable Statement helper;

  CapturingStatement(CapturingConnection connection, Statement delegate) {
    super(delegate);
    this.connection = connection;
    this.delegate = delegate;
    answering = delegate;
  }

  CapturingConnection capturing() {
    return connection;
  }

  /** Whether nothing was asked for that a result to be read twice cannot do. */
  boolean canWiden(Visible visible) throws SQLException {
    return visible == Visible.NOTHING || (getMaxRows() == 0 && getMaxFieldSize() == 0);
  }

  /** Runs a statement by its treatment. */
  final <T> T run(
      Treatment treatment,
      String sql,
      Form form,
      CapturedWrite.Port port,
      SqlCall<T> natively,
      Function<Outcome, T> seen)
      throws SQLException {
    closeHelper();
    lastSql = sql;
    CapturePlan plan = treatment.plan();
    Function<Outcome, T> keep =
        result -> {
          outcome = result;
          return seen.apply(result);
        };
    SqlCall<T> asWritten = leavesOpen(treatment) ? () -> copied(natively, keep) : natively;
    if (plan == null || !form.fits(plan.visible()) || !canWiden(plan.visible())) {
      if (closeOnCompletion) {
        // not before, because the results that a plan reads are not the application's
        delegate.closeOnCompletion();
      }
      return connection.run(treatment, sql, asWritten);
    }
    return new CapturedWrite<>(this, treatment, port, asWritten, keep).run();
  }

  /** Whether a captured write has a result which, while it is open, would keep it from commit. */
  private boolean leavesOpen(Treatment treatment) throws SQLException {
    SqlShape.Dml dml = treatment.shape().dml();
    return treatment.type() != Treatment.Type.PASS
        && dml != null
        && dml.returning() != null
        && !connection.engine().dialect().scrolls();
  }

  private <T> T copied(SqlCall<T> natively, Function<Outcome, T> keep) throws SQLException {
    T result = natively.call();
    ResultSet rows =
        result instanceof ResultSet given
            ? given
            : Boolean.TRUE.equals(result) ? answering.getResultSet() : null;
    if (rows == null) {
      return result;
    }
    int columns = rows.getMetaData().getColumnCount();
    RowCopy copy = new RowCopy(rows.getMetaData(), columns);
    while (rows.next()) {
      copy.add(rows);
    }
    rows.close();
    ResultSet open = Intercepted.visible(copy.open(connection.raw()), columns, this);
    return keep.apply(new Outcome(-1, open, null));
  }

  private <T> T run(
      String sql, KeyRequest keys, Form form, SqlCall<T> natively, Function<Outcome, T> seen)
      throws SQLException {
    Treatment treatment = connection.treat(sql, keys);
    return run(treatment, sql, form, new PlainPort(), natively, seen);
  }

  /** Runs plans on this statement, or on a helper where the result is read twice. */
  private final class PlainPort implements CapturedWrite.Port {
    private int maxRows;
    private int maxFieldSize;
    private int fetchSize;
    private boolean changed;

    @Override
    public Statement run(CapturePlan plan) throws SQLException {
      if (plan.source() == Source.KEYS) {
        delegate.execute(plan.sql(), plan.keys().toArray(String[]::new));
        return delegate;
      }
      if (plan.source() == Source.NOWHERE && plan.visible() == Visible.KEYS) {
        delegate.execute(plan.sql(), RETURN_GENERATED_KEYS);
        return delegate;
      }
      if (plan.visible() != Visible.NOTHING && connection.engine().dialect().scrolls()) {
        Statement scrollable =
            connection
                .raw()
                .createStatement(ResultSet.TYPE_SCROLL_INSENSITIVE, ResultSet.CONCUR_READ_ONLY);
        helper = scrollable;
        scrollable.setQueryTimeout(getQueryTimeout());
        scrollable.execute(plan.sql());
        return scrollable;
      }
      maxRows = delegate.getMaxRows();
      maxFieldSize = delegate.getMaxFieldSize();
      fetchSize = delegate.getFetchSize();
      changed = true;
      delegate.setMaxRows(0);
      delegate.setMaxFieldSize(0);
      delegate.setFetchSize(connection.maxRows() + 1);
      delegate.execute(plan.sql());
      return delegate;
    }

    @Override
    public PreparedStatement prepare(Before before) throws SQLException {
      return connection.raw().prepareStatement(before.sql());
    }

    @Override
    public void finished() throws SQLException {
      if (changed && !delegate.isClosed()) {
        changed = false;
        delegate.setFetchSize(fetchSize);
        delegate.setMaxRows(maxRows);
        delegate.setMaxFieldSize(maxFieldSize);
      }
    }
  }

  // executions

  private boolean any(String sql, KeyRequest keys, SqlCall<Boolean> natively) throws SQLException {
    return run(sql, keys, Form.ANY, natively, result -> result.rows() != null);
  }

  private int count(String sql, KeyRequest keys, SqlCall<Integer> natively) throws SQLException {
    return run(sql, keys, Form.COUNT, natively, result -> (int) result.count());
  }

  private long large(String sql, KeyRequest keys, SqlCall<Long> natively) throws SQLException {
    return run(sql, keys, Form.COUNT, natively, Outcome::count);
  }

  @Override
  public boolean execute(String sql) throws SQLException {
    return any(sql, KeyRequest.NONE, () -> delegate.execute(sql));
  }

  @Override
  public boolean execute(String sql, int autoGeneratedKeys) throws SQLException {
    return any(
        sql, KeyRequest.flag(autoGeneratedKeys), () -> delegate.execute(sql, autoGeneratedKeys));
  }

  @Override
  public boolean execute(String sql, int[] indexes) throws SQLException {
    return any(sql, KeyRequest.indexes(indexes), () -> delegate.execute(sql, indexes));
  }

  @Override
  public boolean execute(String sql, String[] names) throws SQLException {
    return any(sql, KeyRequest.names(names), () -> delegate.execute(sql, names));
  }

  @Override
  public int executeUpdate(String sql) throws SQLException {
    return count(sql, KeyRequest.NONE, () -> delegate.executeUpdate(sql));
  }

  @Override
  public int executeUpdate(String sql, int autoGeneratedKeys) throws SQLException {
    return count(
        sql,
        KeyRequest.flag(autoGeneratedKeys),
        () -> delegate.executeUpdate(sql, autoGeneratedKeys));
  }

  @Override
  public int executeUpdate(String sql, int[] indexes) throws SQLException {
    return count(sql, KeyRequest.indexes(indexes), () -> delegate.executeUpdate(sql, indexes));
  }

  @Override
  public int executeUpdate(String sql, String[] names) throws SQLException {
    return count(sql, KeyRequest.names(names), () -> delegate.executeUpdate(sql, names));
  }

  @Override
  public long executeLargeUpdate(String sql) throws SQLException {
    return large(sql, KeyRequest.NONE, () -> delegate.executeLargeUpdate(sql));
  }

  @Override
  public long executeLargeUpdate(String sql, int autoGeneratedKeys) throws SQLException {
    return large(
        sql,
        KeyRequest.flag(autoGeneratedKeys),
        () -> delegate.executeLargeUpdate(sql, autoGeneratedKeys));
  }

  @Override
  public long executeLargeUpdate(String sql, int[] indexes) throws SQLException {
    return large(sql, KeyRequest.indexes(indexes), () -> delegate.executeLargeUpdate(sql, indexes));
  }

  @Override
  public long executeLargeUpdate(String sql, String[] names) throws SQLException {
    return large(sql, KeyRequest.names(names), () -> delegate.executeLargeUpdate(sql, names));
  }

  @Override
  public ResultSet executeQuery(String sql) throws SQLException {
    return watched(
        run(sql, KeyRequest.NONE, Form.ROWS, () -> delegate.executeQuery(sql), Outcome::rowsShown));
  }

  /** Watches a result set through which rows can be written. */
  final ResultSet watched(ResultSet rows) throws SQLException {
    boolean updatable = outcome == null && getResultSetConcurrency() == ResultSet.CONCUR_UPDATABLE;
    return updatable ? connection.updatable(rows, lastSql) : rows;
  }

  // batches of texts

  @Override
  public void addBatch(String sql) throws SQLException {
    delegate.addBatch(sql);
    batch.add(sql);
    batchCaptured |= connection.treat(sql, KeyRequest.NONE).type() != Treatment.Type.PASS;
  }

  @Override
  public void clearBatch() throws SQLException {
    delegate.clearBatch();
    batch.clear();
    batchCaptured = false;
  }

  @Override
  public int[] executeBatch() throws SQLException {
    return batchCaptured ? Batches.ints(executeTexts()) : passBatch(delegate::executeBatch);
  }

  @Override
  public long[] executeLargeBatch() throws SQLException {
    return batchCaptured ? executeTexts() : passBatch(delegate::executeLargeBatch);
  }

  private <T> T passBatch(SqlCall<T> natively) throws SQLException {
    closeHelper();
    batch.clear();
    return connection.run(Treatment.UNOBSERVED, "", natively);
  }

  private long[] executeTexts() throws SQLException {
    List<String> texts = List.copyOf(batch);
    clearBatch();
    try {
      return Batches.run(
          connection,
          texts.size(),
          false,
          entry -> executeLargeUpdate(texts.get(entry)),
          texts::get);
    } finally {
      show(Outcome.NONE);
    }
  }

  // results

  final void closeHelper() throws SQLException {
    outcome = null;
    answering = delegate;
    Statement old = helper;
    if (old != null) {
      helper = null;
      old.close();
    }
  }

  /** Replaces what the driver's statement says of the last execution. */
  final void show(Outcome result) {
    outcome = result;
  }

  /** Lets another statement of the driver say what came of the last execution. */
  final void answer(Statement statement) {
    answering = statement;
  }

  @Override
  public @Nullable ResultSet getResultSet() throws SQLException {
    if (outcome != null) {
      return outcome.rows();
    }
    ResultSet rows = answering.getResultSet();
    return rows == null ? null : watched(rows);
  }

  @Override
  public int getUpdateCount() throws SQLException {
    return outcome == null ? answering.getUpdateCount() : (int) getLargeUpdateCount();
  }

  @Override
  public long getLargeUpdateCount() throws SQLException {
    if (outcome == null) {
      return answering.getLargeUpdateCount();
    }
    return outcome.rows() == null ? outcome.count() : -1;
  }

  @Override
  public boolean getMoreResults() throws SQLException {
    return getMoreResults(CLOSE_CURRENT_RESULT);
  }

  @Override
  public boolean getMoreResults(int current) throws SQLException {
    Outcome shown = outcome;
    if (shown == null) {
      return current == CLOSE_CURRENT_RESULT
          ? answering.getMoreResults()
          : answering.getMoreResults(current);
    }
    ResultSet rows = shown.rows();
    if (rows != null && current != KEEP_CURRENT_RESULT) {
      rows.close();
    }
    outcome = new Outcome(Outcome.NONE.count(), null, shown.keys());
    return false;
  }

  @Override
  public ResultSet getGeneratedKeys() throws SQLException {
    Outcome shown = outcome;
    if (shown == null) {
      return answering.getGeneratedKeys();
    }
    ResultSet keys = shown.keys();
    if (keys == null && connection.engine().dialect().alwaysTellsKeys()) {
      return delegate.getGeneratedKeys();
    }
    if (keys == null) {
      // what a driver answers when none were asked for
      Statement fresh = connection.raw().createStatement();
      fresh.closeOnCompletion();
      keys = fresh.getGeneratedKeys();
      outcome = new Outcome(shown.count(), shown.rows(), keys);
    }
    return keys;
  }

  @Override
  public Connection getConnection() throws SQLException {
    return connection;
  }

  @Override
  public void closeOnCompletion() {
    closeOnCompletion = true;
  }

  @Override
  public boolean isCloseOnCompletion() {
    return closeOnCompletion;
  }

  @Override
  public void cancel() throws SQLException {
    Statement running = helper;
    if (running != null) {
      running.cancel();
    }
    delegate.cancel();
  }

  @Override
  public void close() throws SQLException {
    try {
      closeHelper();
    } finally {
      delegate.close();
    }
  }
}
