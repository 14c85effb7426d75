package dev.tidewire.changes;

import dev.tidewire.changes.CapturePlan.Before;
import dev.tidewire.changes.CapturePlan.Source;
import dev.tidewire.changes.CapturePlan.Visible;
import java.sql.ParameterMetaData;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.ResultSetMetaData;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * A prepared statement whose writes are captured. Where there is a plan the driver has prepared the
 * plan's text, and the application's own only when it is needed; parameters are remembered for
 * that.
 *
 * <p>Used by one thread at a time, except {@link #cancel}.
 */
final class CapturingPreparedStatement extends BindingStatement {

  /** What the driver prepared, and what is done about it. */
  private record Prepared(PreparedStatement statement, Treatment treatment) {}

  private final CapturingConnection connection;
  private final String sql;
  private final Treatment treatment;
  private final SqlCall<PreparedStatement> natively;
  private final PreparedStatement main;
  private List<@Nullable Bind> binds = new ArrayList<>();
  private List<List<@Nullable Bind>> batch = new ArrayList<>();
  private @Nullable PreparedStatement original;
  private @Nullable PreparedStatement pipeline;
  private int maxRows;
  private int maxFieldSize;
  private int fetchSize;

  CapturingPreparedStatement(
      CapturingConnection connection,
      String sql,
      Treatment treatment,
      SqlCall<PreparedStatement> natively)
      throws SQLException {
    this(connection, sql, prepare(connection, treatment, natively), natively);
  }

  private CapturingPreparedStatement(
      CapturingConnection connection,
      String sql,
      Prepared prepared,
      SqlCall<PreparedStatement> natively) {
    super(connection, prepared.statement());
    this.connection = connection;
    this.sql = sql;
    this.treatment = prepared.treatment();
    this.natively = natively;
    main = prepared.statement();
  }

  private static Prepared prepare(
      CapturingConnection connection, Treatment treatment, SqlCall<PreparedStatement> natively)
      throws SQLException {
    CapturePlan plan = treatment.plan();
    if (plan == null) {
      return new Prepared(natively.call(), treatment);
    }
    try {
      boolean asWritten = plan.source() == Source.NOWHERE;
      return new Prepared(asWritten ? natively.call() : prepare(connection, plan), treatment);
    } catch (SQLException e) {
      // the application's own text may be wrong, and then its own error is the right one
      PreparedStatement statement = natively.call();
      return new Prepared(
          statement,
          Treatment.reset(treatment.shape(), treatment.tables(), "its plan cannot be prepared"));
    }
  }

  private static PreparedStatement prepare(CapturingConnection connection, CapturePlan plan)
      throws SQLException {
    if (plan.source() == Source.KEYS) {
      return connection.raw().prepareStatement(plan.sql(), plan.keys().toArray(String[]::new));
    }
    if (plan.visible() != Visible.NOTHING && connection.engine().dialect().scrolls()) {
      return connection
          .raw()
          .prepareStatement(
              plan.sql(), ResultSet.TYPE_SCROLL_INSENSITIVE, ResultSet.CONCUR_READ_ONLY);
    }
    PreparedStatement statement = connection.raw().prepareStatement(plan.sql());
    statement.setFetchSize(connection.maxRows() + 1);
    return statement;
  }

  @Override
  boolean repeats() {
    return treatment.plan() != null;
  }

  @Override
  void bind(int index, Bind bind) throws SQLException {
    bind.apply(main, index);
    if (treatment.plan() != null) {
      while (binds.size() < index) {
        binds.add(null);
      }
      binds.set(index - 1, bind);
    }
  }

  @Override
  public void clearParameters() throws SQLException {
    main.clearParameters();
    binds.clear();
  }

  /** Sets parameters {@code from} to {@code to} of the application's on another statement. */
  private void apply(PreparedStatement statement, int from, int to) throws SQLException {
    for (int i = from; i < Math.min(to, binds.size()); i++) {
      Bind bind = binds.get(i);
      if (bind != null) {
        bind.apply(statement, i - from + 1);
      }
    }
  }

  /** The application's own text, ready to run. */
  private PreparedStatement original() throws SQLException {
    if (treatment.plan() == null) {
      return main;
    }
    PreparedStatement statement = original;
    if (statement == null) {
      statement = natively.call();
      original = statement;
    }
    statement.setQueryTimeout(main.getQueryTimeout());
    statement.setMaxRows(maxRows);
    statement.setMaxFieldSize(maxFieldSize);
    statement.setFetchSize(fetchSize);
    apply(statement, 0, binds.size());
    answer(statement);
    return statement;
  }

  private final CapturedWrite.Port port =
      new CapturedWrite.Port() {
        @Override
        public Statement run(CapturePlan plan) throws SQLException {
          main.execute();
          return main;
        }

        @Override
        public PreparedStatement prepare(Before before) throws SQLException {
          PreparedStatement select = connection.raw().prepareStatement(before.sql());
          bind(select, before.parameters());
          return select;
        }

        @Override
        public void bind(PreparedStatement other, List<Integer> parameters) throws SQLException {
          for (int i = 0; i < parameters.size(); i++) {
            Bind bind = parameters.get(i) < binds.size() ? binds.get(parameters.get(i)) : null;
            if (bind != null) {
              bind.apply(other, i + 1);
            }
          }
        }

        @Override
        public void finished() {}
      };

  // executions

  @Override
  public boolean execute() throws SQLException {
    return run(treatment, sql, Form.ANY, port, () -> original().execute(), o -> o.rows() != null);
  }

  @Override
  public int executeUpdate() throws SQLException {
    return run(
        treatment, sql, Form.COUNT, port, () -> original().executeUpdate(), o -> (int) o.count());
  }

  @Override
  public long executeLargeUpdate() throws SQLException {
    return run(
        treatment, sql, Form.COUNT, port, () -> original().executeLargeUpdate(), Outcome::count);
  }

  @Override
  public ResultSet executeQuery() throws SQLException {
    return watched(
        run(treatment, sql, Form.ROWS, port, () -> original().executeQuery(), Outcome::rowsShown));
  }

  // batches

  @Override
  public void addBatch() throws SQLException {
    if (treatment.plan() == null) {
      main.addBatch();
    } else {
      batch.add(new ArrayList<>(binds));
    }
  }

  @Override
  public void clearBatch() throws SQLException {
    super.clearBatch();
    batch.clear();
  }

  @Override
  public int[] executeBatch() throws SQLException {
    CapturePlan plan = treatment.plan();
    return plan == null
        ? connection.run(treatment, sql, main::executeBatch)
        : Batches.ints(executeBatch(plan));
  }

  @Override
  public long[] executeLargeBatch() throws SQLException {
    CapturePlan plan = treatment.plan();
    return plan == null
        ? connection.run(treatment, sql, main::executeLargeBatch)
        : executeBatch(plan);
  }

  private long[] executeBatch(CapturePlan plan) throws SQLException {
    List<List<@Nullable Bind>> entries = batch;
    List<@Nullable Bind> last = binds;
    batch = new ArrayList<>();
    closeHelper();
    try {
      if (entries.isEmpty()) {
        return new long[0];
      }
      if (connection.engine().dialect().pipelines(plan)) {
        long[] counts = new BatchedWrite(connection, treatment).run(pipeline(plan, entries));
        show(Outcome.NONE);
        return counts;
      }
      if (plan.visible() != Visible.NOTHING) {
        return executeNatively(entries);
      }
      boolean insert = treatment.shape().kind() == SqlShape.Kind.INSERT;
      if (insert && connection.engine().dialect().batchIsOneInsert()) {
        return Batches.runAsOne(connection, entries.size(), i -> executeEntry(entries.get(i)), sql);
      }
      return Batches.run(
          connection, entries.size(), true, i -> executeEntry(entries.get(i)), i -> sql);
    } finally {
      binds = last;
    }
  }

  /** Prepares the plan for rows as generated keys, and adds all entries. */
  private PreparedStatement pipeline(CapturePlan plan, List<List<@Nullable Bind>> entries)
      throws SQLException {
    PreparedStatement statement = plan.source() == Source.KEYS ? main : pipeline;
    if (statement == null) {
      statement = connection.raw().prepareStatement(plan.sql(), RETURN_GENERATED_KEYS);
      pipeline = statement;
    }
    statement.setQueryTimeout(main.getQueryTimeout());
    add(statement, entries);
    return statement;
  }

  private void add(PreparedStatement statement, List<List<@Nullable Bind>> entries)
      throws SQLException {
    for (List<@Nullable Bind> entry : entries) {
      binds = entry;
      apply(statement, 0, entry.size());
      statement.addBatch();
    }
  }

  private long[] executeNatively(List<List<@Nullable Bind>> entries) throws SQLException {
    PreparedStatement statement = original();
    add(statement, entries);
    Treatment reset =
        Treatment.reset(
            treatment.shape(), treatment.tables(), "a batch that asks for rows of its own");
    return Batches.longs(connection.run(reset, sql, statement::executeBatch));
  }

  private long executeEntry(List<@Nullable Bind> entry) throws SQLException {
    binds = entry;
    apply(main, 0, entry.size());
    return executeLargeUpdate();
  }

  // settings that a plan must not be disturbed by

  @Override
  public int getMaxRows() throws SQLException {
    return repeats() ? maxRows : super.getMaxRows();
  }

  @Override
  public void setMaxRows(int rows) throws SQLException {
    if (repeats()) {
      maxRows = rows;
    } else {
      super.setMaxRows(rows);
    }
  }

  @Override
  public long getLargeMaxRows() throws SQLException {
    return repeats() ? maxRows : super.getLargeMaxRows();
  }

  @Override
  public void setLargeMaxRows(long rows) throws SQLException {
    if (repeats()) {
      maxRows = (int) Math.min(rows, Integer.MAX_VALUE);
    } else {
      super.setLargeMaxRows(rows);
    }
  }

  @Override
  public int getMaxFieldSize() throws SQLException {
    return repeats() ? maxFieldSize : super.getMaxFieldSize();
  }

  @Override
  public void setMaxFieldSize(int bytes) throws SQLException {
    if (repeats()) {
      maxFieldSize = bytes;
    } else {
      super.setMaxFieldSize(bytes);
    }
  }

  @Override
  public int getFetchSize() throws SQLException {
    return repeats() ? fetchSize : super.getFetchSize();
  }

  @Override
  public void setFetchSize(int rows) throws SQLException {
    if (repeats()) {
      fetchSize = rows;
    } else {
      super.setFetchSize(rows);
    }
  }

  @Override
  public @Nullable ResultSetMetaData getMetaData() throws SQLException {
    CapturePlan plan = treatment.plan();
    if (plan == null) {
      return main.getMetaData();
    }
    return plan.visible() == Visible.ROWS ? original().getMetaData() : null;
  }

  @Override
  public ParameterMetaData getParameterMetaData() throws SQLException {
    return main.getParameterMetaData();
  }

  @Override
  public void cancel() throws SQLException {
    super.cancel();
    PreparedStatement running = pipeline;
    if (running != null) {
      running.cancel();
    }
  }

  @Override
  public void close() throws SQLException {
    for (PreparedStatement other : new @Nullable PreparedStatement[] {original, pipeline}) {
      if (other != null) {
        other.close();
      }
    }
    super.close();
  }
}
