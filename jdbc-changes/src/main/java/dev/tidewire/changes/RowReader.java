package dev.tidewire.changes;

import dev.tidewire.Rejection;
import dev.tidewire.channel.Position;
import dev.tidewire.protocol.ErrorCode;
import dev.tidewire.rows.ColumnType;
import dev.tidewire.rows.RowColumns;
import dev.tidewire.rows.RowFilter;
import dev.tidewire.rows.RowSource;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.ThreadPoolExecutor;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicReference;
import javax.sql.DataSource;
import org.jspecify.annotations.Nullable;

/**
 * Reads the rows of captured tables, at a position of their channel, on threads of its own.
 *
 * <p>A mark is put into the commit order and waited for: what was before it is published, so it is
 * committed, and a transaction that begins now sees it. That transaction reads the rows, all as of
 * one moment. A second mark follows: what comes after it in the order was committed later, so the
 * reader cannot have seen it. What was published between the two marks is known, and put on top of
 * what was read; that is the table at the second mark, whatever the reader saw of it.
 *
 * <p>Safe for any thread.
 */
final class RowReader implements AutoCloseable {

  private static final int THREADS = 2;
  private static final int MAX_WAITING = 1_000;
  private static final int ATTEMPTS = 20;
  private static final int FETCH = 500;
  private static final Duration PATIENCE = Duration.ofSeconds(60);

  /** One read that several wait for. */
  private record Wanted(CapturedTable table, RowFilter filter) {}

  private final AtomicReference<@Nullable DataSource> dataSource = new AtomicReference<>();
  private final Map<Wanted, CompletableFuture<RowSource.Snapshot>> waiting =
      new ConcurrentHashMap<>();
  private final Map<CapturedTable, RowColumns> columns = new ConcurrentHashMap<>();
  private final ThreadPoolExecutor threads;
  private @Nullable ChangeCapture capture;

  RowReader() {
    AtomicInteger count = new AtomicInteger();
    threads =
        new ThreadPoolExecutor(
            THREADS,
            THREADS,
            30,
            TimeUnit.SECONDS,
            new LinkedBlockingQueue<>(MAX_WAITING),
            task -> {
              Thread thread =
                  new Thread(null, task, "tidewire-rows-" + count.incrementAndGet(), 0, false);
              thread.setDaemon(true);
              return thread;
            });
    threads.allowCoreThreadTimeOut(true);
  }

  /** Called once, before anybody else sees this. */
  void serve(ChangeCapture of) {
    capture = of;
  }

  /** Where to read, unless that is known already. */
  void readFrom(DataSource source) {
    dataSource.compareAndSet(null, source);
  }

  RowSource of(CapturedTable table) {
    return new RowSource() {
      @Override
      public CompletionStage<RowColumns> columns() {
        RowColumns known = columns.get(table);
        return known != null
            ? CompletableFuture.completedFuture(known)
            : run(() -> readColumns(table), new CompletableFuture<>());
      }

      @Override
      public CompletionStage<Snapshot> snapshot(RowFilter filter) {
        if (!Objects.requireNonNull(capture).knowsCommitsAtOnce()) {
          return CompletableFuture.failedFuture(
              new Rejection(
                  ErrorCode.BAD_REQUEST,
                  "no 'snapshot' while the changes come from the database's log: load the rows"));
        }
        Wanted wanted = new Wanted(table, filter);
        CompletableFuture<Snapshot> mine = new CompletableFuture<>();
        CompletableFuture<Snapshot> first = waiting.putIfAbsent(wanted, mine);
        if (first != null) {
          return first;
        }
        Reading<Snapshot> reading =
            () -> {
              waiting.remove(wanted, mine); // whoever comes from here on may come too late
              return read(wanted);
            };
        return run(reading, mine).whenComplete((rows, failure) -> waiting.remove(wanted, mine));
      }
    };
  }

  /** A read. */
  private interface Reading<T> {
    T read() throws Exception;
  }

  private <T> CompletableFuture<T> run(Reading<T> reading, CompletableFuture<T> result) {
    Runnable task =
        () -> {
          try {
            result.complete(reading.read());
          } catch (Exception | Error e) {
            result.completeExceptionally(e);
          }
        };
    try {
      ((ExecutorService) threads).execute(task);
    } catch (RejectedExecutionException e) {
      result.completeExceptionally(
          new Rejection(ErrorCode.UNAVAILABLE, "too many wait for rows").retryAfter(1_000));
    }
    return result;
  }

  private Connection connect() throws SQLException {
    DataSource source = dataSource.get();
    if (source == null) {
      throw new Rejection(
          ErrorCode.UNAVAILABLE,
          "the server does not know yet where to read: ChangeCapture's snapshots(dataSource)");
    }
    return source.getConnection();
  }

  private ChangeCapture capture() {
    ChangeCapture known = capture;
    if (known == null || known.isClosed()) {
      throw new Rejection(ErrorCode.UNAVAILABLE, "the capture is closed");
    }
    return known;
  }

  private RowColumns readColumns(CapturedTable table) throws SQLException {
    try (Connection connection = connect()) {
      TableMeta meta = meta(connection, table);
      RowColumns found = columnsOf(meta);
      columns.put(table, found); // what is published never grows
      return found;
    }
  }

  static RowColumns columnsOf(TableMeta meta) {
    Map<String, ColumnType> types = new LinkedHashMap<>();
    meta.columns().stream()
        .filter(TableMeta.Column::published)
        .forEach(column -> types.put(column.label(), column.type()));
    return new RowColumns(types);
  }

  private TableMeta meta(Connection connection, CapturedTable table) throws SQLException {
    TableMeta meta = capture().engine(connection).catalog().meta(connection, table);
    if (meta == null) {
      throw new Rejection(ErrorCode.UNAVAILABLE, "there is no such table (yet)");
    }
    return meta;
  }

  private RowSource.Snapshot read(Wanted wanted) throws Exception {
    for (int attempt = 0; attempt < ATTEMPTS; attempt++) {
      RowSource.Snapshot snapshot = tryToRead(wanted);
      if (snapshot != null) {
        return snapshot;
      }
    }
    throw new Rejection(
            ErrorCode.UNAVAILABLE, "the table is changing in a way that rows cannot be told apart")
        .retryAfter(1_000);
  }

  /** Returns null if what happened meanwhile left it open what the rows are. */
  private RowSource.@Nullable Snapshot tryToRead(Wanted wanted) throws Exception {
    CapturedTable table = wanted.table();
    PublishedOrder order = capture().order();
    Window window;
    List<Map<String, @Nullable Object>> read;
    RowFilter filter;
    try (Connection connection = connect()) {
      Engine engine = capture().engine(connection);
      TableMeta meta = meta(connection, table);
      filter = wanted.filter().and(meta.filter());
      window = new Window(table, table.identity(meta));
      try {
        await(order.open(window));
        read = inOneTransaction(connection, engine.dialect(), meta, filter);
      } catch (Exception e) {
        order.close(window);
        throw e;
      }
    }
    Position position = await(order.close(window));
    if (window.isConfused()) {
      return null;
    }
    List<Map<String, @Nullable Object>> rows = window.apply(read, filter::matches);
    limit(rows.size(), table);
    return new RowSource.Snapshot(rows, position);
  }

  private static <T> T await(CompletionStage<T> stage) throws Exception {
    try {
      return stage.toCompletableFuture().get(PATIENCE.toSeconds(), TimeUnit.SECONDS);
    } catch (TimeoutException e) {
      throw new Rejection(ErrorCode.UNAVAILABLE, "a commit hangs").retryAfter(1_000);
    }
  }

  private static void limit(int rows, CapturedTable table) {
    if (rows > table.snapshotRows()) {
      throw new Rejection(
          ErrorCode.LIMIT_EXCEEDED,
          "more than " + table.snapshotRows() + " rows: choose fewer with 'where'");
    }
  }

  private static List<Map<String, @Nullable Object>> inOneTransaction(
      Connection connection, Dialect dialect, TableMeta meta, RowFilter filter)
      throws SQLException {
    int before = connection.getTransactionIsolation();
    boolean autoCommit = connection.getAutoCommit();
    int repeatable =
        connection
                .getMetaData()
                .supportsTransactionIsolationLevel(Connection.TRANSACTION_REPEATABLE_READ)
            ? Connection.TRANSACTION_REPEATABLE_READ
            : Connection.TRANSACTION_SERIALIZABLE;
    if (!autoCommit) {
      connection.rollback(); // a pool may hand out a transaction that has begun
    }
    connection.setTransactionIsolation(repeatable);
    connection.setAutoCommit(dialect.transactionsMayWait());
    try {
      return select(connection, dialect, meta, filter);
    } finally {
      if (!connection.getAutoCommit()) {
        connection.rollback();
      }
      connection.setAutoCommit(autoCommit);
      connection.setTransactionIsolation(before);
    }
  }

  private static List<Map<String, @Nullable Object>> select(
      Connection connection, Dialect dialect, TableMeta meta, RowFilter filter)
      throws SQLException {
    WhereSql where = new WhereSql(dialect, meta, filter);
    char mark = dialect.quote();
    String sql =
        "select " + meta.list("", mark) + " from " + meta.id().sql(mark) + " where " + where.text();
    int max = meta.table().snapshotRows();
    try (PreparedStatement statement = connection.prepareStatement(sql)) {
      where.bind(statement);
      statement.setFetchSize(FETCH);
      if (where.isExact() && max < Integer.MAX_VALUE) {
        statement.setMaxRows(max + 1);
      }
      List<Map<String, @Nullable Object>> rows = new ArrayList<>();
      try (ResultSet found = statement.executeQuery()) {
        while (found.next()) {
          Map<String, @Nullable Object> row = meta.row(meta.image(found, 1));
          if (filter.matches(row)) {
            rows.add(row);
            limit(rows.size(), meta.table());
          }
        }
      }
      return rows;
    }
  }

  @Override
  public void close() {
    threads.shutdownNow();
  }
}
