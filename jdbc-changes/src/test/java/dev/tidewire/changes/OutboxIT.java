package dev.tidewire.changes;

import static dev.tidewire.changes.TestDatabase.execute;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;
import static org.junit.jupiter.params.provider.EnumSource.Mode.EXCLUDE;

import com.zaxxer.hikari.HikariConfig;
import com.zaxxer.hikari.HikariDataSource;
import dev.tidewire.AccessPolicy;
import dev.tidewire.Identity;
import dev.tidewire.Realtime;
import dev.tidewire.channel.Operation;
import dev.tidewire.channel.Position;
import dev.tidewire.transport.Connection;
import dev.tidewire.transport.Frame;
import dev.tidewire.transport.Session;
import java.nio.file.Path;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.UnaryOperator;
import javax.sql.DataSource;
import org.h2.jdbcx.JdbcDataSource;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.sqlite.SQLiteConfig;
import org.sqlite.SQLiteDataSource;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/** The outbox in one JVM: order, positions, what restarts keep and what ends an epoch. */
class OutboxIT {

  private static final Duration PATIENCE = Duration.ofSeconds(60);

  private static final CapturedTable ITEMS =
      new CapturedTable("items", "items", Set.of(), Set.of());

  private final List<AutoCloseable> open = new ArrayList<>();
  private DataSource plain;

  @AfterEach
  void close() throws Exception {
    for (int i = open.size() - 1; i >= 0; i--) {
      open.get(i).close();
    }
  }

  /** A bus with its capture: one life of an application. */
  private final class Life implements AutoCloseable {
    final Realtime realtime;
    final ChangeCapture capture;
    final DataSource observed;

    Life(UnaryOperator<ChangeCaptureBuilder> options) {
      realtime = Realtime.builder().access(AccessPolicy.open()).build();
      capture = options.apply(ChangeCapture.on(realtime).outbox(plain)).build();
      observed = capture.observe(plain);
      open.add(this);
    }

    void run(String... statements) throws SQLException {
      execute(observed, statements);
    }

    Reader reader(String since) {
      return new Reader(realtime, since);
    }

    @Override
    public void close() {
      capture.close();
      realtime.close();
    }
  }

  private Life life() {
    return new Life(builder -> builder.tables("items"));
  }

  /** A client of one channel. */
  private static final class Reader implements Connection {
    private static final JsonMapper JSON = new JsonMapper();
    final List<JsonNode> changes = new CopyOnWriteArrayList<>();
    private final Session session;
    private volatile JsonNode ack;

    Reader(Realtime realtime, String since) {
      this(realtime, since, "");
    }

    Reader(Realtime realtime, String since, String more) {
      session = realtime.connect(this, Identity.of("reader"));
      String from = since == null ? "" : ",\"since\":\"" + since + "\"";
      session.receive(
          "{\"id\":\"s\",\"type\":\"subscribe\",\"topic\":\"items\"" + from + more + "}");
      await().atMost(PATIENCE).until(() -> ack != null);
    }

    @Override
    public void send(Frame frame, Completion completion) {
      for (String line : frame.text().split("\n", -1)) {
        JsonNode node = JSON.readTree(line);
        switch (node.get("type").asString()) {
          case "ack" -> {
            node.get("payload").path("messages").forEach(changes::add);
            ack = node.get("payload");
          }
          case "db_change", "reset" -> changes.add(node);
          case "batch" -> throw new AssertionError(line);
          default -> {}
        }
      }
      completion.sent();
    }

    @Override
    public void close(int code, String reason) {
      session.closed(code);
    }

    @Override
    public String remoteAddress() {
      return "";
    }

    boolean recovered() {
      return ack.path("recovered").asBoolean();
    }

    String position() {
      return changes.isEmpty()
          ? ack.get("position").asString()
          : changes.get(changes.size() - 1).get("id").asString();
    }

    List<String> texts(int count) {
      await().atMost(PATIENCE).until(() -> changes.size() >= count);
      return changes.stream()
          .map(
              node ->
                  node.get("id").asString().replaceAll(".*\\.", "")
                      + " "
                      + (node.get("type").asString().equals("reset")
                          ? "RESET"
                          : node.get("operation").asString()
                              + " "
                              + node.get("data").get("id")
                              + "="
                              + node.get("data").get("v")))
          .toList();
    }
  }

  private static void write(OutboxTable table, java.sql.Connection connection, Change change)
      throws SQLException {
    table.write(connection, OutboxRow.texts(List.of(change)), System.currentTimeMillis());
  }

  private long count(String table) throws SQLException {
    try (java.sql.Connection connection = plain.getConnection();
        Statement statement = connection.createStatement();
        var rows = statement.executeQuery("select count(*) from " + table)) {
      rows.next();
      return rows.getLong(1);
    }
  }

  private void database(TestDatabase database) throws SQLException {
    plain = database.fresh();
    execute(plain, "create table items (id int primary key, v int)");
  }

  @ParameterizedTest
  @EnumSource(TestDatabase.class)
  void aClientGoesOnOverARestart(TestDatabase database) throws Exception {
    database(database);
    String position;
    try (Life first = life()) {
      Reader reader = first.reader(null);
      first.run("insert into items values (1, 1)", "update items set v = 2");
      assertThat(reader.texts(2)).containsExactly("1 INSERT 1=1", "2 UPDATE 1=2");
      position = reader.position();
      first.run("insert into items values (2, 1), (3, 1)");
      assertThat(reader.texts(4)).endsWith("3 INSERT 2=1", "4 INSERT 3=1");
    }

    try (Life second = life()) {
      Reader reader = second.reader(position);
      assertThat(reader.recovered()).isTrue();
      assertThat(reader.texts(2)).containsExactly("3 INSERT 2=1", "4 INSERT 3=1");
      second.run("delete from items where id = 2");
      assertThat(reader.texts(3)).endsWith("5 DELETE 2=1");
      position = reader.position();
    }

    try (Life third = life()) {
      Reader reader = third.reader(position);
      assertThat(reader.recovered()).isTrue();
      third.run("insert into items values (9, 9)");
      assertThat(reader.texts(1)).containsExactly("6 INSERT 9=9");
    }
  }

  @ParameterizedTest
  @EnumSource(value = TestDatabase.class, mode = EXCLUDE, names = "POSTGRES_17")
  void whatIsInTheOutboxAndWasNeverPublishedIsPublishedInItsPlace(TestDatabase database)
      throws Exception {
    database(database);
    String position;
    try (Life first = life()) {
      Reader reader = first.reader(null);
      first.run("insert into items values (1, 1)");
      reader.texts(1);
      position = reader.position();
    }
    // as a life that was killed after its commit would leave it
    OutboxTable table = OutboxTable.open(plain);
    try (java.sql.Connection connection = plain.getConnection()) {
      connection.setAutoCommit(false);
      Map<String, Object> row = new LinkedHashMap<>();
      row.put("id", 2L);
      row.put("v", null);
      write(table, connection, new Change(ITEMS, Operation.INSERT, row, null, Actor.UNKNOWN));
      connection.commit();
      write(table, connection, Change.reset(ITEMS));
      connection.rollback();
    }

    try (Life second = life()) {
      second.run("insert into items values (3, 3)");
      Reader reader = second.reader(position);
      assertThat(reader.recovered()).isTrue();
      assertThat(reader.texts(2)).containsExactly("2 INSERT 2=null", "3 INSERT 3=3");
    }
  }

  @ParameterizedTest
  @EnumSource(value = TestDatabase.class, mode = EXCLUDE, names = "POSTGRES_17")
  void rolledBackIsNeitherPublishedNorCounted(TestDatabase database) throws Exception {
    database(database);
    Life life = life();
    Reader reader = life.reader(null);
    life.run("insert into items values (1, 1)");
    try (java.sql.Connection connection = life.observed.getConnection();
        Statement statement = connection.createStatement()) {
      connection.setAutoCommit(false);
      statement.execute("insert into items values (2, 2)");
      connection.rollback();
      statement.execute("insert into items values (3, 3)");
      connection.commit();
    }
    assertThatThrownBy(() -> life.run("insert into items values (3, 3)"))
        .isInstanceOf(SQLException.class);
    life.run("insert into items values (4, 4)");

    assertThat(reader.texts(3)).containsExactly("1 INSERT 1=1", "2 INSERT 3=3", "3 INSERT 4=4");
  }

  @ParameterizedTest
  @EnumSource(value = TestDatabase.class, mode = EXCLUDE, names = "POSTGRES_17")
  void twoNodesGiveTheSamePositions(TestDatabase database) throws Exception {
    database(database);
    Life one = life();
    Life two = life();
    Reader atOne = one.reader(null);
    Reader atTwo = two.reader(null);
    AtomicInteger next = new AtomicInteger();
    CountDownLatch done = new CountDownLatch(4);
    for (Life life : List.of(one, two, one, two)) {
      new Thread(
              () -> {
                try {
                  for (int i = 0; i < 50; i++) {
                    life.run("insert into items values (" + next.incrementAndGet() + ", 0)");
                  }
                } catch (SQLException e) {
                  throw new AssertionError(e);
                } finally {
                  done.countDown();
                }
              })
          .start();
    }
    done.await();

    List<String> seen = atOne.texts(200);
    assertThat(seen).hasSize(200).doesNotHaveDuplicates();
    assertThat(atTwo.texts(200)).isEqualTo(seen);
    assertThat(atTwo.position()).isEqualTo(atOne.position());
  }

  @ParameterizedTest
  @EnumSource(value = TestDatabase.class, mode = EXCLUDE, names = "POSTGRES_17")
  void prunedTransactionsStillCount(TestDatabase database) throws Exception {
    database(database);
    String position;
    try (Life first = life()) {
      Reader reader = first.reader(null);
      for (int i = 1; i <= 30; i++) {
        first.run("insert into items values (" + i + ", 0)");
      }
      reader.texts(30);
      position = reader.position();
    }
    OutboxTable.open(plain).pruning().prune(Long.MAX_VALUE, 0, 10);

    try (Life second = life()) {
      Reader late = second.reader(position.replaceAll("30$", "15"));
      assertThat(late.recovered()).isFalse();
      Reader reader = second.reader(position.replaceAll("30$", "25"));
      assertThat(reader.recovered()).isTrue();
      assertThat(reader.texts(5)).startsWith("26 INSERT 26=0").endsWith("30 INSERT 30=0");
    }
    OutboxTable.open(plain).pruning().prune(Long.MAX_VALUE, Long.MAX_VALUE, 0);

    try (Life third = life()) {
      Reader reader = third.reader(position);
      assertThat(reader.recovered()).isTrue();
      third.run("insert into items values (31, 0)");
      assertThat(reader.texts(1)).containsExactly("31 INSERT 31=0");
    }
  }

  @ParameterizedTest
  @EnumSource(value = TestDatabase.class, mode = EXCLUDE, names = "POSTGRES_17")
  void theOutboxStaysAsSmallAsItWasToldTo(TestDatabase database) throws Exception {
    database(database);
    try (Life first = life()) {
      for (int i = 1; i <= 230; i++) {
        first.run("insert into items values (" + i + ", 0)");
      }
    }
    try (java.sql.Connection connection = plain.getConnection()) {
      OutboxTable table = OutboxTable.open(plain);
      table.end(connection, List.of("items", "others", "others"));
    }
    OutboxOptions few = OutboxOptions.DEFAULT.keepTransactions(7);
    new Life(builder -> builder.tables("items").outbox(plain, few));
    await().atMost(PATIENCE).until(() -> count("tidewire_outbox") == 7);
    await().atMost(PATIENCE).until(() -> count("tidewire_outbox_end") == 1);
  }

  @ParameterizedTest
  @EnumSource(value = TestDatabase.class, mode = EXCLUDE, names = "POSTGRES_17")
  void whatCannotBeReadAnyMoreIsResetsInItsPlace(TestDatabase database) throws Exception {
    database(database);
    String position;
    try (Life first = life()) {
      Reader reader = first.reader(null);
      first.run("insert into items values (1, 1)");
      first.run("insert into items values (2, 2), (3, 3)", "insert into items values (4, 4)");
      reader.texts(4);
      position = reader.position().replaceAll("4$", "1");
    }
    execute(plain, "update tidewire_outbox set changes = '[{' where counts like '%2%'");

    try (Life second = life()) {
      Reader reader = second.reader(position);
      assertThat(reader.recovered()).isTrue();
      assertThat(reader.texts(3)).containsExactly("2 RESET", "3 RESET", "4 INSERT 4=4");
    }
  }

  @ParameterizedTest
  @EnumSource(value = TestDatabase.class, mode = EXCLUDE, names = "POSTGRES_17")
  void aLongTransactionHasSeveralRowsAndOneIdentifier(TestDatabase database) throws Exception {
    plain = database.fresh();
    execute(plain, "create table items (id int primary key, v " + database.longText() + ")");
    Life life = life();
    String word = "\u00e4".repeat(20_000); // six characters each, written down
    try (java.sql.Connection connection = life.observed.getConnection();
        var statement = connection.prepareStatement("insert into items values (?, ?)")) {
      connection.setAutoCommit(false);
      for (int i = 1; i <= 20; i++) {
        statement.setInt(1, i);
        statement.setString(2, i == 5 ? word.repeat(5) : word);
        statement.executeUpdate();
      }
      connection.commit();
    }
    assertThat(count("tidewire_outbox")).isEqualTo(3);
    life.close();

    Life second = life();
    Reader reader = second.reader(null);
    String position = reader.position();
    Reader again = second.reader(position.replaceAll("20$", "0"));
    assertThat(again.recovered()).isTrue();
    assertThat(again.changes).hasSize(20);
    assertThat(again.changes.stream().filter(c -> c.get("type").asString().equals("reset")))
        .hasSize(1);
    assertThat(again.changes.stream().filter(c -> c.has("tx")).map(c -> c.get("tx")).distinct())
        .hasSize(1);
  }

  @ParameterizedTest
  @EnumSource(value = TestDatabase.class, mode = EXCLUDE, names = "POSTGRES_17")
  void aWriteKnowsItsPositionAndASnapshotItsRows(TestDatabase database) throws Exception {
    database(database);
    Life life = life();
    life.run("insert into items values (1, 1), (2, 2)");
    Written<Boolean> written =
        life.capture.written(
            () -> {
              life.run("delete from items where id = 1");
              return true;
            });
    Map<String, Position> positions =
        written.positions().toCompletableFuture().get(60, TimeUnit.SECONDS);
    assertThat(positions.get("items").offset()).isEqualTo(3);
    Written<Boolean> nothing = life.capture.written(() -> true);
    assertThat(nothing.positions().toCompletableFuture()).isCompletedWithValue(Map.of());

    Reader reader = new Reader(life.realtime, null, ",\"snapshot\":true");
    assertThat(reader.ack.get("position").asString()).endsWith(".3");
    assertThat(reader.ack.get("rows").toString()).isEqualTo("[{\"id\":2,\"v\":2}]");
  }

  @ParameterizedTest
  @EnumSource(value = TestDatabase.class, mode = EXCLUDE, names = "POSTGRES_17")
  void onePooledConnectionIsEnoughForAll(TestDatabase database) throws Exception {
    database(database);
    DataSource driver = plain;
    HikariConfig config = new HikariConfig();
    config.setDataSource(driver);
    config.setMaximumPoolSize(1);
    HikariDataSource pool = new HikariDataSource(config);
    open.add(pool);
    plain = pool;
    Life life = life();
    Reader reader = life.reader(null);
    try (java.sql.Connection connection = life.observed.getConnection();
        Statement statement = connection.createStatement()) {
      statement.execute("insert into items values (1, 1)");
      statement.execute("alter table items add w int");
      connection.setAutoCommit(false);
      statement.execute("insert into items values (2, 2, 2)");
      connection.commit();
      connection.setAutoCommit(true);
    }
    assertThat(reader.texts(3)).contains("1 INSERT 1=1").anyMatch(text -> text.endsWith(" RESET"));
  }

  @ParameterizedTest
  @EnumSource(
      value = TestDatabase.class,
      names = {"MARIADB", "SQLITE"})
  void theApplicationsLastKeyIsLeftAlone(TestDatabase database) throws Exception {
    database(database);
    execute(plain, "create table numbered (" + database.identity() + ", v int)");
    Life life = new Life(builder -> builder.tables("numbered"));
    life.run("insert into numbered (v) values (1)", "insert into numbered (v) values (2)");
    String key = database.isSqlite() ? "last_insert_rowid()" : "last_insert_id()";
    try (java.sql.Connection connection = life.observed.getConnection();
        Statement statement = connection.createStatement()) {
      statement.execute("insert into numbered (v) values (3), (4)");
      try (var row = statement.executeQuery("select " + key)) {
        row.next();
        assertThat(row.getInt(1)).isEqualTo(database.isSqlite() ? 4 : 3);
      }
    }
  }

  @ParameterizedTest
  @EnumSource(value = TestDatabase.class, mode = EXCLUDE, names = "POSTGRES_17")
  void aResetWithoutATransactionEndsTheEpochAtTheNextStart(TestDatabase database) throws Exception {
    database(database);
    String position;
    try (Life first = life()) {
      Reader reader = first.reader(null);
      first.run("insert into items values (1, 1)", "alter table items add w int");
      assertThat(reader.texts(2)).containsExactly("1 INSERT 1=1", "2 RESET");
      first.run("insert into items (id, v) values (2, 2)");
      assertThat(reader.texts(3)).endsWith("3 INSERT 2=2");
      position = reader.position();
    }

    try (Life second = life()) {
      assertThat(second.reader(position).recovered()).isFalse();
    }
  }

  @ParameterizedTest
  @EnumSource(value = TestDatabase.class, mode = EXCLUDE, names = "POSTGRES_17")
  void otherColumnsEndTheEpochAndOldRowsAreNotShown(TestDatabase database) throws Exception {
    database(database);
    String position;
    try (Life first = life()) {
      Reader reader = first.reader(null);
      first.run("insert into items values (1, 1)", "insert into items values (2, 2)");
      reader.texts(2);
      position = reader.position().replaceAll("2$", "1");
    }

    UnaryOperator<ChangeCaptureBuilder> less = b -> b.table("items", t -> t.exclude("v"));
    try (Life second = new Life(less)) {
      Reader reader = second.reader(position);
      assertThat(reader.recovered()).isFalse();
      assertThat(reader.changes.toString()).doesNotContain("\"v\"");
    }
  }

  @ParameterizedTest
  @EnumSource(value = TestDatabase.class, mode = EXCLUDE, names = "POSTGRES_17")
  void withoutItsOutboxNothingIsCommitted(TestDatabase database) throws Exception {
    database(database);
    Life life = life();
    life.run("insert into items values (1, 1)");
    execute(plain, "drop table tidewire_outbox");

    assertThatThrownBy(() -> life.run("insert into items values (2, 2)"))
        .isInstanceOf(SQLException.class)
        .hasMessageStartingWith("nothing is committed, because the outbox cannot be written: ");
    try (java.sql.Connection connection = life.observed.getConnection();
        Statement statement = connection.createStatement()) {
      connection.setAutoCommit(false);
      statement.execute("insert into items values (3, 3)");
      assertThatThrownBy(connection::commit).isInstanceOf(SQLException.class);
      connection.setAutoCommit(true);
    }
    assertThat(count("items")).isEqualTo(1);
  }

  @ParameterizedTest
  @EnumSource(
      value = TestDatabase.class,
      names = {"H2"})
  void aChannelInUseIsNotPutBack(TestDatabase database) throws Exception {
    database(database);
    try (Realtime realtime = Realtime.builder().access(AccessPolicy.open()).build()) {
      realtime.channel("items").on("INSERT", message -> {});
      assertThatThrownBy(() -> ChangeCapture.on(realtime).tables("items").outbox(plain).build())
          .isInstanceOf(IllegalStateException.class)
          .hasMessageContaining("items");
    }
  }

  @Test
  void whatWouldLoseItsPromiseIsRefused(@TempDir Path folder) throws Exception {
    try (Realtime realtime = Realtime.builder().access(AccessPolicy.open()).build()) {
      ChangeCaptureBuilder builder = ChangeCapture.on(realtime).tables("items");
      JdbcDataSource slow = new JdbcDataSource();
      slow.setURL("jdbc:h2:file:" + folder.resolve("db"));
      assertThatThrownBy(() -> builder.outbox(slow).build())
          .isInstanceOf(IllegalArgumentException.class)
          .hasMessageContaining("WRITE_DELAY=0");
      DataSource other = TestDatabase.H2.fresh();
      try (ChangeCapture capture = ChangeCapture.on(realtime).tables("x").build()) {
        assertThatThrownBy(() -> builder.outbox(capture.observe(other)))
            .isInstanceOf(IllegalArgumentException.class)
            .hasMessageContaining("not observed");
      }
      PostgresReplication log = PostgresReplication.of("jdbc:postgresql://localhost/x", "x", "x");
      assertThatThrownBy(() -> builder.outbox(other).replication(log).build())
          .isInstanceOf(IllegalStateException.class)
          .hasMessageContaining("outbox")
          .hasMessageContaining("replication");
    }
  }

  /** In the journal's old mode a reader stands in the way of a COMMIT, which may be tried again. */
  @Test
  void aCommitThatIsTriedAgainIsToldOnce(@TempDir Path folder) throws Exception {
    SQLiteConfig config = new SQLiteConfig();
    config.setJournalMode(SQLiteConfig.JournalMode.DELETE);
    config.setBusyTimeout(1);
    SQLiteDataSource source = new SQLiteDataSource(config);
    source.setUrl("jdbc:sqlite:" + folder.resolve("test.db"));
    plain = source;
    execute(plain, "create table items (id int primary key, v int)");
    Life life = life();
    Reader reader = life.reader(null);
    try (java.sql.Connection writer = life.observed.getConnection();
        java.sql.Connection other = plain.getConnection();
        Statement write = writer.createStatement();
        Statement read = other.createStatement()) {
      writer.setAutoCommit(false);
      write.execute("insert into items values (1, 1)");
      try (var rows = read.executeQuery("select 1 union all select count(*) from items")) {
        rows.next();
        assertThatThrownBy(writer::commit).hasMessageContaining("BUSY");
      }
      write.execute("insert into items values (2, 2)");
      await().atMost(PATIENCE).ignoreExceptions().until(() -> commits(writer));
    }
    life.run("insert into items values (3, 3)");
    assertThat(reader.texts(3)).containsExactly("1 INSERT 1=1", "2 INSERT 2=2", "3 INSERT 3=3");
    assertThat(count("tidewire_outbox")).isEqualTo(2);
  }

  private static boolean commits(java.sql.Connection connection) throws SQLException {
    connection.commit();
    return true;
  }
}
