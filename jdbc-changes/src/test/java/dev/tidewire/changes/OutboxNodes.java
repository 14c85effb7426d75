package dev.tidewire.changes;

import static dev.tidewire.changes.TestDatabase.execute;
import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import com.zaxxer.hikari.HikariConfig;
import com.zaxxer.hikari.HikariDataSource;
import dev.tidewire.AccessPolicy;
import dev.tidewire.Realtime;
import dev.tidewire.changes.postgres.PostgresBroker;
import java.sql.Connection;
import java.sql.SQLException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.function.UnaryOperator;
import javax.sql.DataSource;
import org.awaitility.core.ConditionFactory;

/** Nodes of one JVM with one outbox and one broker, on a PostgreSQL with the table items. */
final class OutboxNodes implements AutoCloseable {

  static final LeaseTimes PATIENT =
      new LeaseTimes(Duration.ofMinutes(10), Duration.ofMillis(500), Duration.ofMinutes(4));
  static final LeaseTimes BRIEF =
      new LeaseTimes(Duration.ofSeconds(1), Duration.ofMillis(100), Duration.ofMinutes(4));

  final long seed = Long.getLong("seed", System.nanoTime());
  final Random random = new Random(seed);
  final DataSource plain;
  final String url;
  private final List<AutoCloseable> open = new ArrayList<>();

  OutboxNodes() throws SQLException {
    plain = TestDatabase.POSTGRES_18.fresh();
    try (Connection connection = plain.getConnection()) {
      url =
          connection.getMetaData().getURL().replaceAll("\\?.*", "")
              + "?user=postgres&password=postgres&currentSchema="
              + connection.getSchema();
    }
    execute(plain, "create table items (id int primary key, v int)");
  }

  @Override
  public void close() throws Exception {
    for (int i = open.size() - 1; i >= 0; i--) {
      open.get(i).close();
    }
  }

  static ConditionFactory eventually(String what) {
    return await(what).pollInterval(Duration.ofMillis(20)).atMost(Duration.ofSeconds(60));
  }

  long number(String sql) throws SQLException {
    try (Connection connection = plain.getConnection()) {
      return OutboxConnections.number(connection, sql);
    }
  }

  /** One of several. */
  final class Node implements AutoCloseable {
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

  Node node() {
    return node(builder -> builder);
  }

  Node node(UnaryOperator<ChangeCaptureBuilder> options) {
    return new Node(builder -> options.apply(builder.tables("items")));
  }

  Node nodeOf(UnaryOperator<ChangeCaptureBuilder> tables) {
    return new Node(tables);
  }

  /** The first is there, and publishes, before the second comes. */
  List<Node> two(LeaseTimes times) {
    Node one = node(b -> b.leaseTimes(times));
    eventuallyOwned();
    return List.of(one, node(b -> b.leaseTimes(times)));
  }

  void eventuallyOwned() {
    String owned = "select count(*) from tidewire_outbox_channel where epoch <> '' and topic = '>'";
    eventually("owner").until(() -> number(owned) == 1);
  }

  void eventuallyPublished() {
    eventually("everything published")
        .until(
            () ->
                number("select base from tidewire_outbox_channel where topic = '>'")
                    >= number("select max(seq) from tidewire_outbox"));
  }

  void awaitTable(FoldedItems... readers) throws SQLException {
    Map<Integer, Integer> table = FoldedItems.table(plain);
    for (FoldedItems reader : readers) {
      eventually("seed " + seed + ": " + table)
          .until(() -> reader.rows().equals(table) || !reader.wrong().isEmpty());
      assertThat(reader.wrong()).as("seed %d", seed).isEmpty();
      assertThat(reader.rows()).isEqualTo(table);
    }
  }

  /** Has both write at random; to be joined. */
  List<Thread> writers(List<Node> nodes, int each) {
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
}
