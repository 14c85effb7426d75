package dev.tidewire.changes;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import com.zaxxer.hikari.HikariConfig;
import com.zaxxer.hikari.HikariDataSource;
import dev.tidewire.AccessPolicy;
import dev.tidewire.Realtime;
import dev.tidewire.changes.DoubtfulBroker.Fate;
import dev.tidewire.changes.postgres.PostgresBroker;
import dev.tidewire.channel.Position;
import java.sql.Connection;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.UnaryOperator;
import javax.sql.DataSource;
import org.awaitility.core.ConditionFactory;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** Two nodes with one outbox and one broker, in one JVM. */
class SharedOutboxIT {

  private static final LeaseTimes PATIENT =
      new LeaseTimes(Duration.ofMinutes(10), Duration.ofMillis(500), Duration.ofMinutes(4));

  private static final LeaseTimes BRIEF =
      new LeaseTimes(Duration.ofSeconds(1), Duration.ofMillis(100), Duration.ofMinutes(4));

  private final long seed = Long.getLong("seed", System.nanoTime());
  private final Random random = new Random(seed);
  private final List<AutoCloseable> open = new ArrayList<>();
  private DataSource plain;
  private String url;

  @BeforeEach
  void prepare() throws SQLException {
    plain = TestDatabase.POSTGRES_18.fresh();
    try (Connection connection = plain.getConnection()) {
      url =
          connection.getMetaData().getURL().replaceAll("\\?.*", "")
              + "?user=postgres&password=postgres&currentSchema="
              + connection.getSchema();
    }
    execute(plain, "create table items (id int primary key, v int)");
  }

  @AfterEach
  void close() throws Exception {
    for (int i = open.size() - 1; i >= 0; i--) {
      open.get(i).close();
    }
  }

  private static ConditionFactory eventually(String what) {
    return await(what).pollInterval(Duration.ofMillis(20)).atMost(Duration.ofSeconds(60));
  }

  private static void execute(DataSource dataSource, String... statements) throws SQLException {
    try (Connection connection = dataSource.getConnection();
        Statement statement = connection.createStatement()) {
      for (String sql : statements) {
        statement.execute(sql);
      }
    }
  }

  private long number(String sql) throws SQLException {
    try (Connection connection = plain.getConnection()) {
      return OutboxConnections.number(connection, sql);
    }
  }

  /** One of several. */
  private final class Node implements AutoCloseable {
    final HikariDataSource pool;
    final DoubtfulBroker broker;
    final Realtime realtime;
    final ChangeCapture capture;
    final DataSource observed;
    private boolean closed;

    Node(UnaryOperator<ChangeCaptureBuilder> options) {
      HikariConfig config = new HikariConfig();
      config.setJdbcUrl(url);
      config.setMaximumPoolSize(8);
      config.setMinimumIdle(1);
      config.setAllowPoolSuspension(true);
      pool = new HikariDataSource(config);
      broker = new DoubtfulBroker(PostgresBroker.on(new DriverDataSource(url)).build());
      realtime =
          Realtime.builder()
              .access(AccessPolicy.open())
              .limits(l -> l.recovery(1_000_000, 1 << 28).queueBytes(1 << 28))
              .broker(broker)
              .build();
      capture =
          options
              .apply(ChangeCapture.on(realtime).outbox(pool).snapshots(pool).leaseTimes(PATIENT))
              .build();
      observed = capture.observe(pool);
      open.add(this);
    }

    void run(String... statements) throws SQLException {
      execute(observed, statements);
    }

    FoldedItems reader() {
      return reader(false);
    }

    FoldedItems reader(boolean snapshot) {
      FoldedItems reader = new FoldedItems(realtime, snapshot);
      eventually("subscription").until(reader::isSubscribed);
      return reader;
    }

    @Override
    public void close() {
      if (!closed) {
        closed = true;
        capture.close();
        realtime.close();
        pool.close();
      }
    }
  }

  private Node node() {
    return new Node(builder -> builder.tables("items"));
  }

  /** The first is there, and publishes, before the second comes. */
  private List<Node> nodes() throws SQLException {
    Node one = node();
    eventuallyOwned();
    return List.of(one, node());
  }

  private void eventuallyOwned() {
    String owned = "select count(*) from tidewire_outbox_channel where epoch <> '' and topic = '>'";
    eventually("owner").until(() -> number(owned) == 1);
  }

  private void eventuallyPublished() {
    eventually("everything published")
        .until(
            () ->
                number("select base from tidewire_outbox_channel where topic = '>'")
                    >= number("select max(seq) from tidewire_outbox"));
  }

  private void awaitTable(FoldedItems... readers) throws SQLException {
    Map<Integer, Integer> table = FoldedItems.table(plain);
    for (FoldedItems reader : readers) {
      eventually("seed " + seed + ": " + table)
          .until(() -> reader.rows().equals(table) || !reader.wrong().isEmpty());
      assertThat(reader.wrong()).as("seed %d", seed).isEmpty();
      assertThat(reader.rows()).isEqualTo(table);
    }
  }

  private List<Thread> writers(List<Node> nodes, int each) {
    List<Thread> writers = new ArrayList<>();
    for (Node node : nodes) {
      for (int i = 0; i < each; i++) {
        Random own = new Random(random.nextLong());
        Thread thread =
            new Thread(
                () -> OutboxVictim.write(node.observed, own, new OutboxVictim.Keys(0, 1), 150),
                "writer");
        writers.add(thread);
        thread.start();
      }
    }
    return writers;
  }

  @Test
  void writtenOnEitherNodeArrivesOnceInCommitOrderOnBoth() throws Exception {
    List<Node> nodes = nodes();
    FoldedItems one = nodes.get(0).reader();
    FoldedItems two = nodes.get(1).reader();
    for (Thread writer : writers(nodes, 2)) {
      writer.join();
    }
    awaitTable(one, two);
    assertThat(one.told()).isEqualTo(two.told()).isNotEmpty();
    assertThat(one.resets()).isZero();
    assertThat(nodes.get(0).capture.statistics().published()).isEqualTo(one.told().size());
    assertThat(nodes.get(1).capture.statistics().published()).isZero();
    eventually("backlog").until(() -> nodes.get(1).capture.statistics().backlog() == 0);
  }

  @Test
  void snapshotsOfBothNodesStandAtTheirPositionWhileBothWrite() throws Exception {
    List<Node> nodes = nodes();
    List<Thread> writers = writers(nodes, 2);
    List<FoldedItems> readers = new ArrayList<>();
    for (int i = 0; i < 5; i++) {
      nodes.forEach(node -> readers.add(node.reader(true)));
    }
    for (Thread writer : writers) {
      writer.join();
    }
    awaitTable(readers.toArray(new FoldedItems[0]));
  }

  @Test
  void aWritesPositionIsThatOfItsChangeOnWhicheverNode() throws Exception {
    List<Node> nodes = nodes();
    FoldedItems reader = nodes.get(0).reader();
    for (int i = 0; i < 6; i++) {
      Node node = nodes.get(i % 2);
      String sql = "insert into items values (" + i + ", 1)";
      Written<Boolean> written =
          node.capture.written(
              () -> {
                node.run(sql);
                return true;
              });
      Position position =
          written.positions().toCompletableFuture().get(60, TimeUnit.SECONDS).get("items");
      int id = i;
      eventually("the change").until(() -> reader.told().containsKey(position));
      assertThat(reader.told().get(position)).startsWith("INSERT{\"id\":" + id);
    }
  }

  @Test
  void anOwnerThatLeavesHandsOverAtOnceAndNothingIsReset() throws Exception {
    List<Node> nodes = nodes(); // the lease is longer than this test waits
    FoldedItems reader = nodes.get(1).reader();
    nodes.get(0).run("insert into items values (1, 1)", "update items set v = 2");
    nodes.get(0).close();
    nodes.get(1).run("update items set v = 3", "insert into items values (2, 1)");
    awaitTable(reader);
    assertThat(reader.told()).hasSize(4);
    assertThat(reader.resets()).isZero();
  }

  @Test
  void whatTheBrokerLosesOrDoesNotAnswerIsPublishedOnceInOrder() throws Exception {
    List<Node> nodes = nodes();
    FoldedItems reader = nodes.get(1).reader();
    AtomicInteger trouble = new AtomicInteger();
    Random fates = new Random(random.nextLong());
    nodes
        .get(0)
        .broker
        .fate(
            () -> {
              // what follows a failure at once is lost as well, as behind a broken connection
              if (trouble.get() > 0 || fates.nextInt(20) == 0) {
                trouble.accumulateAndGet(3, (left, full) -> left > 0 ? left - 1 : full);
                return Fate.LOST;
              }
              return fates.nextInt(20) == 0 ? Fate.UNANSWERED : Fate.ANSWERED;
            });
    for (Thread writer : writers(nodes, 1)) {
      writer.join();
    }
    eventuallyPublished();
    if (reader.resets() == 0) {
      awaitTable(reader);
    }
    List<String> changes = new ArrayList<>(reader.told().values());
    changes.removeIf(text -> text.startsWith("reset"));
    System.out.printf("seed %d: %d changes, %d resets%n", seed, changes.size(), reader.resets());
    long items = 0;
    List<OutboxRow> rows = new ArrayList<>();
    OutboxTable.open(plain).read(0, rows::add);
    while (!rows.isEmpty()) {
      items += rows.stream().mapToLong(row -> row.items().size()).sum();
      long last = rows.get(rows.size() - 1).number();
      rows.clear();
      OutboxTable.open(plain).read(last, rows::add);
    }
    assertThat(changes).as("seed %d", seed).hasSize((int) items);
  }

  @Test
  void whileTheBrokerIsAwayChangesWaitAndNothingIsReset() throws Exception {
    List<Node> nodes = nodes();
    FoldedItems reader = nodes.get(1).reader();
    nodes.forEach(node -> node.broker.fate(() -> Fate.LOST));
    nodes.get(0).run("insert into items values (1, 1)");
    nodes.get(1).run("update items set v = 2", "insert into items values (2, 1)");
    eventually("backlog").until(() -> nodes.get(1).capture.statistics().backlog() == 3);
    assertThat(reader.told()).isEmpty();
    nodes.forEach(node -> node.broker.fate(() -> Fate.ANSWERED));
    awaitTable(reader);
    assertThat(reader.told()).hasSize(3);
    assertThat(reader.resets()).isZero();
    eventually("nothing waits")
        .until(() -> nodes.stream().allMatch(node -> node.capture.statistics().backlog() == 0));
  }

  @Test
  void whatIsInDoubtWhenKeysMayBeForgottenIsResetAndNotDoubled() throws Exception {
    Node one = new Node(b -> b.tables("items").leaseTimes(BRIEF));
    FoldedItems reader = one.reader();
    one.run("insert into items values (1, 1)");
    awaitTable(reader);
    // carried out, but the owner does not learn it, and falls silent
    one.broker.fate(() -> Fate.UNANSWERED);
    one.run("insert into items values (2, 1)");
    eventually("the doubtful change").until(() -> reader.told().size() == 2);
    one.pool.getHikariPoolMXBean().suspendPool();
    LeaseTimes forgetful = new LeaseTimes(BRIEF.lease(), BRIEF.beat(), Duration.ofMillis(1));
    Node two = new Node(b -> b.tables("items").leaseTimes(forgetful));
    FoldedItems after = two.reader();
    eventually("the reset").until(() -> after.resets() == 1);
    two.run("insert into items values (3, 1)");
    eventually("the next change").until(() -> after.told().size() == 2);
    eventuallyPublished();
    one.pool.getHikariPoolMXBean().resumePool();
    assertThat(new ArrayList<>(after.told().values()))
        .satisfiesExactly(
            first -> assertThat(first).startsWith("reset"),
            second -> assertThat(second).startsWith("INSERT{\"id\":3"));
    assertThat(after.wrong()).isEmpty();
  }

  @Test
  void aSilentOwnerIsReplacedAndPublishesNothingWhenItComesBack() throws Exception {
    Node one = new Node(b -> b.tables("items").leaseTimes(BRIEF));
    eventuallyOwned();
    Node two = new Node(b -> b.tables("items").leaseTimes(BRIEF));
    FoldedItems reader = two.reader();
    // the owner cannot reach the database any more: it holds what it has, and falls silent
    one.run("insert into items values (1, 1)");
    awaitTable(reader);
    one.pool.getHikariPoolMXBean().suspendPool();
    two.run("update items set v = 2", "insert into items values (2, 1)");
    awaitTable(reader);
    one.pool.getHikariPoolMXBean().resumePool();
    one.run("update items set v = 3 where id = 1");
    two.run("update items set v = 4 where id = 2");
    awaitTable(reader);
    assertThat(reader.told()).hasSize(5);
    assertThat(reader.resets()).isZero();
    assertThat(two.capture.statistics().published()).isGreaterThanOrEqualTo(2);
  }

  @Test
  void aChangeOutsideOfTransactionsIsOneResetInItsPlace() throws Exception {
    List<Node> nodes = nodes();
    FoldedItems reader = nodes.get(0).reader();
    nodes.get(1).run("insert into items values (1, 1)", "truncate items");
    nodes.get(0).run("insert into items values (2, 1)");
    eventually("all three").until(() -> reader.told().size() == 3);
    assertThat(reader.wrong()).isEmpty();
    assertThat(new ArrayList<>(reader.told().values()))
        .satisfiesExactly(
            first -> assertThat(first).startsWith("INSERT{\"id\":1"),
            second -> assertThat(second).startsWith("reset"),
            third -> assertThat(third).startsWith("INSERT{\"id\":2"));
    eventually("notes").until(() -> number("select count(*) from tidewire_outbox_end") == 0);
  }

  @Test
  void whatAKilledNodeHadBegunAndOtherColumnsAreResetsOnce() throws Exception {
    List<Node> nodes = nodes();
    FoldedItems reader = nodes.get(0).reader();
    execute(plain, "insert into tidewire_outbox_end values (7, 'items')");
    nodes.get(1).close();
    node();
    eventually("the reset").until(() -> reader.resets() == 1);
    new Node(b -> b.table("items", t -> t.exclude("v")));
    eventually("another").until(() -> reader.resets() == 2);
    new Node(b -> b.table("items", t -> t.exclude("v")));
    nodes.get(0).run("insert into items values (1, 1)");
    eventually("a change").until(() -> reader.told().size() == 3);
    assertThat(reader.resets()).isEqualTo(2);
    assertThat(reader.wrong()).isEmpty();
  }

  @Test
  void tablesOfOneNodeBecomeThoseOfSeveral() throws Exception {
    Realtime memory = Realtime.builder().access(AccessPolicy.open()).build();
    ChangeCapture before =
        ChangeCapture.on(memory).tables("items").outbox(new DriverDataSource(url)).build();
    execute(before.observe(plain), "insert into items values (1, 1)", "update items set v = 2");
    before.close();
    memory.close();

    Node one = node();
    FoldedItems reader = one.reader(true);
    one.run("update items set v = 3");
    node().run("insert into items values (2, 2)");
    awaitTable(reader);
    assertThat(reader.told()).hasSize(2);
    assertThat(reader.resets()).isZero();
  }

  @Test
  void aTableThatTheOwnerDoesNotCaptureIsPublished() throws Exception {
    execute(plain, "create table more (id int primary key, v int)");
    nodes();
    Node newer = new Node(b -> b.tables("more").table("items", t -> t.channel("other")));
    Map<String, Position> positions = new LinkedHashMap<>();
    Written<Boolean> written =
        newer.capture.written(
            () -> {
              newer.run("insert into more values (1, 1)");
              return true;
            });
    positions.putAll(written.positions().toCompletableFuture().get(60, TimeUnit.SECONDS));
    assertThat(positions.get("more").offset()).isEqualTo(1);
  }
}
