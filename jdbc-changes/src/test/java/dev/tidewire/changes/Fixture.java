package dev.tidewire.changes;

import static org.awaitility.Awaitility.await;

import dev.tidewire.changes.RecordingSink.Event;
import dev.tidewire.channel.Operation;
import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.function.UnaryOperator;
import javax.sql.DataSource;
import org.jooq.DSLContext;
import org.jooq.conf.RenderQuotedNames;
import org.jooq.conf.Settings;
import org.jooq.impl.DSL;
import org.jooq.impl.DataSourceConnectionProvider;
import org.jooq.impl.DefaultConfiguration;

/**
 * A database with some tables, a capture on {@code items} and {@code notes}, and what it published.
 */
final class Fixture implements AutoCloseable {

  static final String TICK = "tick";

  final TestDatabase database;
  final DataSource plain;
  final DataSource observed;
  final DSLContext db;
  final ChangeCapture capture;
  final RecordingSink sink = new RecordingSink();
  private int seen;
  private long ticks;

  Fixture(TestDatabase database) throws SQLException {
    this(database, builder -> builder);
  }

  Fixture(TestDatabase database, UnaryOperator<ChangeCaptureBuilder> options) throws SQLException {
    this.database = database;
    plain = database.fresh();
    plainly(
        "create table items (" + database.identity() + ", name varchar(100), qty int default 1)",
        "create table notes (" + database.identity() + ", text varchar(100))",
        "create table other (id int primary key, v int)",
        "create table tick (n int primary key)");
    capture = options.apply(ChangeCapture.on(sink).tables("items", "notes", TICK)).build();
    observed = capture.observe(plain);
    db =
        capture.using(
            new DefaultConfiguration()
                .set(new DataSourceConnectionProvider(plain))
                .set(database.dialect())
                .set(
                    new Settings()
                        .withRenderQuotedNames(RenderQuotedNames.EXPLICIT_DEFAULT_UNQUOTED)));
  }

  /** Runs statements without capture. */
  void plainly(String... statements) throws SQLException {
    try (Connection connection = plain.getConnection();
        Statement statement = connection.createStatement()) {
      for (String sql : statements) {
        statement.execute(sql);
      }
    }
  }

  /** Runs statements through the capture, each on its own in auto-commit mode. */
  void run(String... statements) throws SQLException {
    try (Connection connection = observed.getConnection();
        Statement statement = connection.createStatement()) {
      for (String sql : statements) {
        statement.execute(sql);
      }
    }
  }

  /** Adds rows without capture. */
  void items(String... names) throws SQLException {
    for (String name : names) {
      plainly("insert into items(name) values ('" + name + "')");
    }
  }

  /** What was published since the last call, all that is committed by now included. */
  List<Event> published() throws SQLException {
    long tick = ++ticks;
    tick(tick);
    // what is committed before the tick is published before it
    await()
        .atMost(Duration.ofSeconds(120))
        .pollDelay(Duration.ZERO)
        .pollInterval(Duration.ofMillis(2))
        .until(() -> sink.ticked() >= tick);
    List<Event> fresh = new ArrayList<>(sink.from(seen));
    seen += fresh.size();
    fresh.removeIf(event -> event.topic().equals(TICK) && !event.isReset());
    return fresh;
  }

  /** On SQLite the only writer may be the test itself, so that there the tick skips the table. */
  private void tick(long tick) throws SQLException {
    if (database != TestDatabase.SQLITE) {
      run("insert into tick values (" + tick + ")");
      return;
    }
    try (Connection connection = plain.getConnection()) {
      Engine engine = capture.engine(connection);
      CapturedTable table = engine.catalog().mentioned(TICK).get(0);
      Change change = new Change(table, Operation.INSERT, Map.of("n", tick), null, Actor.UNKNOWN);
      engine.sequencer().settle(engine.sequencer().draw(), List.of(change));
    }
  }

  /** The same as short texts. */
  List<String> texts() throws SQLException {
    return published().stream().map(Event::toString).toList();
  }

  /** The first row of a query, run without capture. */
  List<Object> row(String sql) throws SQLException {
    try (Connection connection = plain.getConnection();
        Statement statement = connection.createStatement();
        ResultSet rows = statement.executeQuery(sql)) {
      List<Object> values = new ArrayList<>();
      if (rows.next()) {
        for (int i = 1; i <= rows.getMetaData().getColumnCount(); i++) {
          values.add(rows.getObject(i));
        }
      }
      return values;
    }
  }

  DSLContext plainDb() {
    return DSL.using(plain, database.dialect());
  }

  @Override
  public void close() {
    capture.close();
  }
}
