package dev.tidewire.benchmarks.capture;

import dev.tidewire.Realtime;
import dev.tidewire.changes.ChangeCapture;
import java.io.IOException;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.concurrent.TimeUnit;
import javax.sql.DataSource;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Fork;
import org.openjdk.jmh.annotations.Level;
import org.openjdk.jmh.annotations.Measurement;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.annotations.OutputTimeUnit;
import org.openjdk.jmh.annotations.Param;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;
import org.openjdk.jmh.annotations.TearDown;
import org.openjdk.jmh.annotations.Warmup;

/**
 * Statements with and without the capture, through JDBC on one connection. A number of operations
 * is timed as one, on a table that is the same before each, because writes change what the next one
 * meets. Publishing happens on a thread of its own and is not waited for, as in an application.
 */
@State(Scope.Benchmark)
@BenchmarkMode(Mode.SingleShotTime)
@OutputTimeUnit(TimeUnit.MICROSECONDS)
@Warmup(iterations = 8, batchSize = CaptureBenchmark.SINGLE)
@Measurement(iterations = 10, batchSize = CaptureBenchmark.SINGLE)
@Fork(3)
@SuppressWarnings("NullAway.Init") // set up by the harness
public class CaptureBenchmark {

  /** Operations that are timed together, if one writes one row. */
  static final int SINGLE = 2_000;

  /** Operations that are timed together, if one writes a thousand rows. */
  static final int BULK = 10;

  private static final int BULK_ROWS = 1_000;
  private static final int ROWS = 20_000;

  /** Where. */
  @Param({"h2", "postgres"})
  public String database = "h2";

  /** Whether the capture is there. */
  @Param({"plain", "captured"})
  public String mode = "plain";

  private BenchDatabase server;
  private Realtime realtime;
  private ChangeCapture capture;
  private Connection raw;
  private Connection connection;
  private int next;

  /** Starts the database and creates the tables. */
  @Setup
  public void start() throws IOException, SQLException {
    server = new BenchDatabase(database);
    raw = server.dataSource().getConnection();
    for (String table : new String[] {"orders", "notes"}) {
      execute("create table " + table + " (id int primary key, status varchar(40), total int)");
    }
    realtime = Realtime.builder().build();
    capture = ChangeCapture.on(realtime).tables("orders").build();
    DataSource used =
        mode.equals("captured") ? capture.observe(server.dataSource()) : server.dataSource();
    connection = used.getConnection();
    connection.setAutoCommit(false);
  }

  /** The same rows before every measurement. */
  @Setup(Level.Iteration)
  public void fill() throws SQLException {
    boolean h2 = database.equals("h2");
    String numbers =
        h2 ? "system_range(1, " + ROWS + ")" : "generate_series(1, " + ROWS + ") as s(x)";
    for (String table : new String[] {"orders", "notes"}) {
      execute("truncate table " + table);
      execute("insert into " + table + " select x, 'open', 100 from " + numbers);
    }
    if (!h2) {
      execute("vacuum analyze orders");
      execute("checkpoint");
    }
    next = 0;
  }

  private void execute(String sql) throws SQLException {
    try (Statement statement = raw.createStatement()) {
      statement.execute(sql);
    }
  }

  /** One row, in a transaction. */
  @Benchmark
  public int insert() throws SQLException {
    return committed(
        write("insert into orders (id, status, total) values (?, 'new', 7)", ROWS + ++next));
  }

  /** One row, in auto-commit mode. */
  @Benchmark
  public int insertAutoCommit() throws SQLException {
    if (!connection.getAutoCommit()) {
      connection.setAutoCommit(true);
    }
    return write("insert into orders (id, status, total) values (?, 'new', 7)", ROWS + ++next);
  }

  /** One row by its key, in a transaction. */
  @Benchmark
  public int update() throws SQLException {
    return committed(write("update orders set total = total + 1 where id = ?", ++next));
  }

  /** One row by its key, in a transaction. */
  @Benchmark
  public int delete() throws SQLException {
    return committed(write("delete from orders where id = ?", ++next));
  }

  /** One row of a table that is not captured, in a transaction. */
  @Benchmark
  public int updateOther() throws SQLException {
    return committed(write("update notes set total = total + 1 where id = ?", ++next));
  }

  /** One row by its key. */
  @Benchmark
  public int select() throws SQLException {
    try (PreparedStatement select =
        connection.prepareStatement("select id, status, total from orders where id = ?")) {
      select.setInt(1, ++next);
      try (ResultSet row = select.executeQuery()) {
        row.next();
        return committed(row.getInt(3));
      }
    }
  }

  /** A thousand rows by one statement. */
  @Benchmark
  @Warmup(iterations = 8, batchSize = BULK)
  @Measurement(iterations = 10, batchSize = BULK)
  public int insertThousand() throws SQLException {
    int from = ROWS + BULK_ROWS * next++;
    return committed(
        write("insert into orders select id + ?, status, total from notes where id <= 1000", from));
  }

  /** A thousand rows by one statement. */
  @Benchmark
  @Warmup(iterations = 8, batchSize = BULK)
  @Measurement(iterations = 10, batchSize = BULK)
  public int updateThousand() throws SQLException {
    int from = BULK_ROWS * next++;
    return committed(
        write(
            "update orders set total = total + 1 where id > ? and id <= " + (from + BULK_ROWS),
            from));
  }

  /** A thousand rows by one statement. */
  @Benchmark
  @Warmup(iterations = 8, batchSize = BULK)
  @Measurement(iterations = 10, batchSize = BULK)
  public int deleteThousand() throws SQLException {
    int from = BULK_ROWS * next++;
    return committed(
        write("delete from orders where id > ? and id <= " + (from + BULK_ROWS), from));
  }

  /** A thousand rows by a batch of one statement. */
  @Benchmark
  @Warmup(iterations = 8, batchSize = BULK)
  @Measurement(iterations = 10, batchSize = BULK)
  public int insertBatch() throws SQLException {
    return batch("insert into orders (id, status, total) values (?, 'new', 7)", ROWS);
  }

  /** A thousand rows by a batch of one statement. */
  @Benchmark
  @Warmup(iterations = 8, batchSize = BULK)
  @Measurement(iterations = 10, batchSize = BULK)
  public int updateBatch() throws SQLException {
    return batch("update orders set total = total + 1 where id = ?", 0);
  }

  private int batch(String sql, int after) throws SQLException {
    int from = after + BULK_ROWS * next++;
    try (PreparedStatement statement = connection.prepareStatement(sql)) {
      for (int i = 1; i <= BULK_ROWS; i++) {
        statement.setInt(1, from + i);
        statement.addBatch();
      }
      return committed(statement.executeBatch().length);
    }
  }

  private int write(String sql, int id) throws SQLException {
    try (PreparedStatement statement = connection.prepareStatement(sql)) {
      statement.setInt(1, id);
      int rows = statement.executeUpdate();
      if (rows == 0) {
        throw new SQLException("nothing written by " + sql);
      }
      return rows;
    }
  }

  private int committed(int result) throws SQLException {
    connection.commit();
    return result;
  }

  /** Ends everything. */
  @TearDown
  public void stop() throws IOException, SQLException {
    connection.close();
    raw.close();
    capture.close();
    realtime.close();
    server.close();
  }
}
