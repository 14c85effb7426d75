package dev.tidewire.changes;

import static dev.tidewire.changes.TestDatabase.execute;
import static java.util.Map.entry;
import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import ch.qos.logback.classic.Level;
import dev.tidewire.AccessPolicy;
import dev.tidewire.Realtime;
import dev.tidewire.broker.Broker;
import dev.tidewire.broker.MemoryBroker;
import dev.tidewire.changes.DoubtfulBroker.Fate;
import dev.tidewire.changes.OutboxRow.Item;
import dev.tidewire.changes.OutboxRow.Text;
import dev.tidewire.rows.Where;
import dev.tidewire.testing.LogLines;
import java.sql.Connection;
import java.sql.SQLException;
import java.time.Clock;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.UUID;
import java.util.function.UnaryOperator;
import javax.sql.DataSource;
import org.h2.jdbcx.JdbcDataSource;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** What fails is logged under keys that are found again, and no line says what is in the rows. */
class LogIT {

  private static final Duration PATIENCE = Duration.ofSeconds(60);
  private static final String CANARY = "canary7f3a";
  private static final String INSERT = "insert into items values (%d, '" + CANARY + "', 1)";

  private final LogLines lines = new LogLines();
  private final JdbcDataSource plain = new JdbcDataSource();
  private final DoubtfulBroker broker = new DoubtfulBroker(memory());

  private static Broker memory() {
    return new MemoryBroker(Clock.systemUTC(), OutboxTable::random, Duration.ofMinutes(10));
  }

  @BeforeEach
  void create() throws SQLException {
    plain.setURL("jdbc:h2:mem:" + UUID.randomUUID() + ";DB_CLOSE_DELAY=-1");
    execute(plain, "create table items (id int primary key, note varchar(60), more int)");
  }

  @AfterEach
  void drop() throws SQLException {
    lines.close();
    execute(plain, "shutdown");
  }

  /** What is done in a life of the application, between its begin and its end. */
  private interface Doing {
    void with(DataSource observed) throws Exception;
  }

  private void live(Broker broker, UnaryOperator<ChangeCaptureBuilder> options, Doing doing)
      throws Exception {
    Realtime realtime =
        Realtime.builder()
            .broker(broker)
            .access(AccessPolicy.open())
            .limits(l -> l.publicationBytes(400))
            .build();
    try (ChangeCapture capture = options.apply(ChangeCapture.on(realtime)).build()) {
      doing.with(capture.observe(plain));
    } finally {
      realtime.close();
    }
    assertThat(lines.withoutKeys(Level.INFO)).isEmpty();
    assertThat(lines.everything()).doesNotContain(CANARY);
  }

  private void awaitLine(String text) {
    await().atMost(PATIENCE).untilAsserted(() -> assertThat(lines.everything()).contains(text));
  }

  @Test
  void aTableThatCannotBeCapturedAsItWasMeantIsTheKeyOfItsLine() throws Exception {
    execute(
        plain,
        "create table odd (id int primary key, note varchar(60))",
        "create table few (id int primary key, note varchar(60))");
    live(
        broker,
        b ->
            b.tables("items", "missing")
                .table("odd", t -> t.exclude("nothing"))
                .table("few", t -> t.filter(Where.eq("nowhere", 1))),
        observed -> {
          execute(
              observed,
              INSERT.formatted(1),
              "insert into odd values (1, '" + CANARY + "')",
              "insert into few values (1, '" + CANARY + "')");
          try (Connection connection = observed.getConnection()) {
            connection.unwrap(org.h2.jdbc.JdbcConnection.class);
            connection.setAutoCommit(false);
            connection.createStatement().execute(INSERT.formatted(2));
          }
        });

    assertThat(lines.of("There is no table missing")).containsExactly(entry("table", "missing"));
    assertThat(lines.of("Table odd has no column")).containsExactly(entry("table", "odd"));
    assertThat(lines.of("The filter of table few")).containsExactly(entry("table", "few"));
    assertThat(lines.of("neither committed nor rolled back"))
        .containsExactly(entry("tables", "[items]"));
    assertThat(lines.of("was taken out of a captured connection"))
        .containsExactly(entry("type", "org.h2.jdbc.JdbcConnection"));
  }

  @Test
  void aChangeThatIsLostOrTooLargeIsLoggedByItsChannel() throws Exception {
    live(
        broker,
        b -> b.tables("items").maxRows(100),
        observed -> {
          execute(
              observed, "insert into items values (1, '" + CANARY.repeat(5) + "', 1)"); // knows it
          execute(plain, "alter table items alter column note varchar(2000)");
          execute(observed, "update items set note = '" + CANARY.repeat(100) + "'");
          awaitLine("is larger than");
          broker.fate(() -> Fate.LOST);
          execute(
              observed,
              INSERT.formatted(3),
              "insert into items select x + 10, '" + CANARY + "', 1 from system_range(1, 900)");
          awaitLine("was not published; the channel will be reset");
          broker.fate(() -> Fate.ANSWERED);
        });

    assertThat(lines.of("is larger than")).containsExactly(entry("channel", "items"));
    assertThat(lines.of("was not published; the channel will be reset"))
        .containsExactly(entry("channel", "items"));
  }

  @Test
  void aStatementWhoseCaptureFailsIsNotQuoted() throws Exception {
    live(
        broker,
        b -> b.tables("items"),
        observed -> {
          execute(observed, INSERT.formatted(1));
          execute(plain, "alter table items drop column more"); // the statement below names it
          execute(observed, "update items set note = note || '2' where note = '" + CANARY + "'");
        });

    assertThat(lines.of("Capturing the rows of a statement failed"))
        .containsExactlyInAnyOrderEntriesOf(
            Map.of(
                "table",
                "items",
                "reason",
                "org.h2.jdbc.JdbcSQLSyntaxErrorException, SQL state 42S22, code 42122"));
  }

  @Test
  void anOutboxThatIsAwayOrHoldsRubbishIsLoggedByItsPart() throws Exception {
    Map<String, String> part = Map.of("part", "outbox");
    live(
        memory(),
        b -> b.tables("items").outbox(plain),
        observed -> {
          execute(observed, INSERT.formatted(1));
          OutboxTable table = OutboxTable.open(plain);
          try (Connection connection = plain.getConnection()) {
            connection.setAutoCommit(false);
            List<Item> items = List.of(Item.reset("items"));
            Text rubbish = new Text(items, "{\"items\":1}", "[" + CANARY + "]");
            table.write(connection, List.of(rubbish), System.currentTimeMillis());
            connection.commit();
          }
          execute(observed, INSERT.formatted(2));
          awaitLine("in the outbox cannot be read");
          execute(plain, "alter table tidewire_outbox rename to hidden");
          awaitLine("The outbox cannot be read");
          execute(plain, "alter table hidden rename to tidewire_outbox");
          awaitLine("The outbox can be read again");
        });

    assertThat(lines.of("in the outbox cannot be read"))
        .containsAllEntriesOf(part)
        .containsEntry("channels", "[items]")
        .containsEntry("reason", "tools.jackson.core.exc.StreamReadException")
        .containsOnlyKeys("part", "transaction", "channels", "reason");
    assertThat(lines.of("The outbox cannot be read")).isEqualTo(part);
    assertThat(lines.of("The outbox can be read again")).isEqualTo(part);
  }

  @Test
  void whoPublishesTheOutboxOfSeveralNodesIsLoggedByItsNode() throws Exception {
    live(
        broker,
        b -> b.tables("items").outbox(plain),
        observed -> {
          awaitLine("This node publishes the outbox");
          broker.fate(() -> Fate.LOST);
          execute(observed, INSERT.formatted(1));
          awaitLine("What is committed cannot be published now");
          broker.fate(() -> Fate.ANSWERED);
          awaitLine("What is committed is published again");
        });

    assertThat(lines.of("This node publishes the outbox"))
        .containsEntry("part", "outbox")
        .containsOnlyKeys("part", "node", "transaction");
    assertThat(lines.of("What is committed cannot be published now"))
        .containsExactly(entry("part", "outbox"));
    assertThat(lines.of("What is committed is published again"))
        .containsExactly(entry("part", "outbox"));
  }
}
