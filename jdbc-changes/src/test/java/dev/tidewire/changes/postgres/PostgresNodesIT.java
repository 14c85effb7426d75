package dev.tidewire.changes.postgres;

import static dev.tidewire.testing.Drafts.await;
import static dev.tidewire.testing.Drafts.event;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.zaxxer.hikari.HikariConfig;
import com.zaxxer.hikari.HikariDataSource;
import dev.tidewire.RealtimeException;
import dev.tidewire.broker.Broker;
import dev.tidewire.broker.Broker.Appended;
import dev.tidewire.broker.SharedBrokerContract;
import dev.tidewire.broker.Tail;
import dev.tidewire.channel.ChannelOptions;
import dev.tidewire.channel.Position;
import dev.tidewire.testing.ManualClock;
import java.io.IOException;
import java.sql.Connection;
import java.sql.SQLException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.UUID;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import org.h2.jdbcx.JdbcDataSource;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

/** Two nodes and a PostgreSQL that fails them. */
class PostgresNodesIT extends SharedBrokerContract {

  private static PostgresServer server;

  private final String prefix = "t" + UUID.randomUUID().toString().substring(0, 8);

  @BeforeAll
  static void startServer() throws IOException {
    server = new PostgresServer();
  }

  @AfterAll
  static void stopServer() throws IOException {
    server.close();
  }

  private PostgresBroker.Builder node() {
    return PostgresBroker.on(server.dataSource("node"))
        .tables(prefix)
        .timeout(Duration.ofSeconds(20))
        .checkInterval(Duration.ofMillis(500));
  }

  @Override
  protected Broker create() {
    return node().build();
  }

  private long count(String table) throws SQLException {
    return server.run("select count(*) from " + prefix + table);
  }

  @Test
  void cutConnectionsAndACrashLoseNothing() throws Exception {
    nothingIsLostWhile(
        random -> {
          for (int i = 0; i < 5; i++) {
            server.run(
                "select count(pg_terminate_backend(pid)) from (select pid from pg_stat_activity"
                    + " where application_name = 'node' order by md5(pid || '"
                    + random.nextInt()
                    + "') limit "
                    + (1 + random.nextInt(5))
                    + ") victims");
            one.insist("cut" + i);
            two.insist("also" + i);
          }
          server.kill();
          server.start();
        });
  }

  @Test
  void whatCannotBeRepairedIsToldAsLost() throws Exception {
    Position first = one.insist("1").position();
    eventually().until(() -> two.heard.publications().size() == 1);

    // Five publications that nobody was told of and that are not kept either.
    server.run("update " + prefix + "_channels set last_offset = last_offset + 5; select 1");
    for (Node node : List.of(one, two)) {
      eventually().until(() -> !node.heard.lost().isEmpty());
      assertThat(node.heard.lost()).containsExactly("EVICTED " + first.epoch() + ".6");
    }
    one.insist("2");

    for (Node node : List.of(one, two)) {
      eventually().until(() -> node.heard.last().equals("\"2\""));
      assertThat(node.heard.isWithoutSilentHole(first)).isTrue();
    }
  }

  @Test
  void aMessageThatNeverCameIsReadAndHeardInItsPlace() throws Exception {
    one.insist("1");
    eventually().until(() -> two.heard.publications().size() == 1);

    // Written as an append does, but nobody is told.
    server.run(
        "insert into %1$s_log select epoch, 2, stamp, draft from %1$s_log; update %1$s_channels set last_offset = 2"
            .formatted(prefix));
    eventually().until(() -> two.heard.publications().size() == 2);
    one.insist("3");

    everyoneHeardEverything();
  }

  @Test
  void aDatabaseThatForgotTheLastPublicationsBeginsANewLife() throws Exception {
    for (int i = 1; i <= 3; i++) {
      one.insist("" + i);
    }
    String epoch = one.heard.publications().get(0).position().epoch();
    eventually().until(() -> two.heard.publications().size() == 3);

    // As a standby that took over.
    server.run("update %1$s_channels set last_offset = 1; delete from %1$s_log".formatted(prefix));
    Appended after = two.insist("4");

    assertThat(after.position().epoch()).isNotEqualTo(epoch);
    for (Node node : List.of(one, two)) {
      eventually().until(() -> node.heard.last().equals("\"4\""));
      assertThat(node.heard.lost())
          .containsExactly(Tail.Outcome.EPOCH + " " + after.position().epoch() + ".0");
    }
  }

  @Test
  void droppedTablesAreMadeAgainAndANewLifeBegins() throws Exception {
    one.insist("1");
    eventually().until(() -> two.heard.publications().size() == 1);

    server.run(
        "drop table %1$s_channels, %1$s_log, %1$s_keys, %1$s_links, %1$s_rooms, %1$s_nodes"
            .formatted(prefix));
    one.insist("2");

    for (Node node : List.of(one, two)) {
      eventually().until(() -> node.heard.last().equals("\"2\""));
      assertThat(node.heard.lost()).hasSize(1);
    }
  }

  @Test
  void whatIsTooOldIsDeletedAndIdleChannelsAreForgotten() throws Exception {
    ManualClock clock = new ManualClock();
    try (Node third =
        new Node(node().clock(clock).sweepInterval(Duration.ZERO).tables(prefix + "x").build())) {
      Broker broker = third.broker;
      broker.subscribe("used");
      ChannelOptions three = ChannelOptions.DEFAULT.retain(3, Duration.ofMinutes(30));
      for (int i = 0; i < 5; i++) {
        await(broker.append(event("used", i), three, "k" + i));
        await(broker.append(event("idle", i), three, null));
      }
      clock.advance(Duration.ofSeconds(30));
      eventually()
          .until(
              () -> {
                broker.housekeep();
                return count("x_log") == 6;
              });
      clock.advance(Duration.ofMinutes(40));
      eventually()
          .until(
              () -> {
                broker.housekeep();
                return count("x_log") == 0 && count("x_keys") == 0 && count("x_channels") == 1;
              });
      assertThat(await(broker.read("used", null, ALL)).position().offset()).isEqualTo(5);
    }
  }

  @Test
  void publicationsThatWaitShareATransaction() throws Exception {
    int count = Integer.getInteger("appends", 2_000);
    String data = "x".repeat(200);
    long before = System.nanoTime();
    List<CompletionStage<Appended>> stages = new ArrayList<>();
    for (int i = 0; i < count; i++) {
      stages.add(one.append(data, null));
    }
    stages.forEach(stage -> await(stage));
    long took = System.nanoTime() - before;

    long transactions =
        server.run("select count(distinct cast(xmin as text)) from %s_log".formatted(prefix));
    System.out.printf(
        "%d publications in %d transactions, %d a second%n",
        count, transactions, count * 1_000_000_000L / took);
    assertThat(transactions).isBetween(1L, count / 10L);
    everyoneHeardEverything();
  }

  @Test
  void aPoolThatTheApplicationExhaustedKeepsNobodyFromPublishing() throws Exception {
    HikariConfig config = new HikariConfig();
    config.setDataSource(server.dataSource("pool"));
    config.setMaximumPoolSize(6);
    config.setConnectionTimeout(1_000);
    List<Connection> taken = new ArrayList<>();
    try (HikariDataSource pool = new HikariDataSource(config);
        Node pooled = new Node(PostgresBroker.on(pool).tables(prefix).build())) {
      pooled.insist("1");
      eventually().until(pooled.broker::isReachable);
      eventually().until(() -> pool.getHikariPoolMXBean().getActiveConnections() == 3);
      assertThatThrownBy(
              () -> {
                while (true) {
                  taken.add(pool.getConnection());
                }
              })
          .isInstanceOf(SQLException.class);
      assertThat(taken).hasSize(3); // the others are the broker's

      await(pooled.append("2", null));
      server.run(
          "select count(pg_terminate_backend(pid)) from pg_stat_activity"
              + " where application_name = 'pool'");
      pooled.insist("3");
      for (Connection connection : taken) {
        connection.close();
      }
      eventually().until(pooled.broker::isReachable);
      await(pooled.append("4", null));
      everyoneHeardEverything();
    }
    assertThat(Thread.getAllStackTraces().keySet())
        .filteredOn(thread -> thread.getName().startsWith("tidewire-postgres-append"))
        .hasSize(2); // those of the two nodes that are open
  }

  @Test
  void aNodeThatStandsStillInATransactionKeepsNobodyForLong() throws Exception {
    one.insist("1");
    try (Connection stuck = server.dataSource("stuck").getConnection()) {
      stuck.setAutoCommit(false);
      stuck
          .createStatement()
          .execute(
              "set idle_in_transaction_session_timeout = 1000; select 1 from "
                  + prefix
                  + "_channels for update");
      one.insist("2");
    }
    everyoneHeardEverything();
  }

  @Test
  void whileTheDatabaseIsAwayPublishingFailsAndThenGoesOn() throws Exception {
    one.insist("1");
    server.kill();
    assertThatThrownBy(() -> one.append("2", null).toCompletableFuture().get(60, TimeUnit.SECONDS))
        .isInstanceOf(ExecutionException.class)
        .hasCauseInstanceOf(RealtimeException.class);
    eventually().until(() -> !one.broker.isReachable() && !two.broker.isReachable());

    server.start();

    eventually().until(() -> one.broker.isReachable() && two.broker.isReachable());
    two.insist("3");
    everyoneHeardEverything();
  }

  @Test
  void withoutPostgresThereIsNoBroker() {
    JdbcDataSource h2 = new JdbcDataSource();
    h2.setURL("jdbc:h2:mem:none");
    assertThatThrownBy(() -> PostgresBroker.on(h2).build())
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("not a connection of PostgreSQL's driver");
    assertThatThrownBy(
            () ->
                PostgresBroker.on(
                        PostgresServer.dataSource("jdbc:postgresql://localhost:1/none", "none"))
                    .build())
        .isInstanceOf(RealtimeException.class)
        .hasMessageContaining("PostgreSQL cannot be reached");
    assertThatThrownBy(() -> node().tables("a b")).isInstanceOf(IllegalArgumentException.class);
  }
}
