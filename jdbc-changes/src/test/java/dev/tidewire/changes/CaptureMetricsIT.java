package dev.tidewire.changes;

import static dev.tidewire.changes.TestDatabase.execute;
import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.tidewire.Realtime;
import dev.tidewire.channel.RowChange;
import io.micrometer.core.instrument.MeterRegistry;
import io.micrometer.core.instrument.Tag;
import io.micrometer.core.instrument.Tags;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import java.sql.Connection;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Duration;
import java.util.UUID;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import javax.sql.DataSource;
import org.h2.jdbcx.JdbcDataSource;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** The meters of a capture against what was written. */
class CaptureMetricsIT {

  private static final Duration PATIENCE = Duration.ofSeconds(60);
  private static final String CANARY = "canary-7f3a";

  private final MeterRegistry registry = new SimpleMeterRegistry();
  private final Realtime realtime = Realtime.builder().build();
  private final JdbcDataSource plain = new JdbcDataSource();
  private ChangeCapture capture;
  private DataSource observed;

  private void start(ChangeCaptureBuilder builder) throws SQLException {
    execute(plain, "create table items (id int primary key, note varchar(40))");
    capture = builder.tables("items").build();
    observed = capture.observe(plain);
    CaptureMetrics.of(capture, Tags.of("app", "shop")).bindTo(registry);
  }

  {
    plain.setURL("jdbc:h2:mem:" + UUID.randomUUID() + ";DB_CLOSE_DELAY=-1");
  }

  @AfterEach
  void close() throws SQLException {
    capture.close();
    realtime.close();
    execute(plain, "shutdown");
  }

  private void transaction(boolean commit, String... statements) throws SQLException {
    try (Connection connection = observed.getConnection();
        Statement statement = connection.createStatement()) {
      connection.setAutoCommit(false);
      for (String sql : statements) {
        statement.execute(sql);
      }
      if (commit) {
        connection.commit();
      } else {
        connection.rollback();
      }
    }
  }

  private double changes(String outcome) {
    return registry
        .get("tidewire.capture.changes")
        .tags("app", "shop", "outcome", outcome)
        .functionCounter()
        .count();
  }

  private double gauge(String name) {
    return registry.get(name).tags("app", "shop").gauge().value();
  }

  private long timed() {
    return registry.get("tidewire.capture.latency").tags("app", "shop").timer().count();
  }

  @ParameterizedTest
  @ValueSource(booleans = {false, true})
  void everyNumberIsTheOneOfTheWrites(boolean outbox) throws SQLException {
    ChangeCaptureBuilder builder = ChangeCapture.on(realtime);
    start(outbox ? builder.outbox(plain) : builder);
    transaction(
        true,
        "insert into items values (1, 'a'), (2, 'b')",
        "update items set note = 'c' where id = 1");
    transaction(false, "insert into items values (3, 'd')");
    execute(observed, "insert into items values (4, 'e')", "select * from items");
    transaction(true, "delete from items where id = 4");

    await()
        .atMost(PATIENCE)
        .untilAsserted(
            () -> {
              assertThat(changes("published")).isEqualTo(5);
              assertThat(timed()).isEqualTo(3);
              assertThat(gauge("tidewire.outbox.backlog")).isZero();
            });
    assertThat(changes("failed")).isZero();
    assertThat(changes("reset")).isZero();
    assertThat(gauge("tidewire.capture.queue")).isZero();
    execute(observed, "truncate table items");
    await().atMost(PATIENCE).until(() -> changes("reset") == 1);
    assertThat(capture.statistics()).isEqualTo(new CaptureStatistics(5, 1, 0, 0, 0));
  }

  @ParameterizedTest
  @ValueSource(booleans = {false, true})
  void whatWaitsIsTold(boolean outbox) throws Exception {
    CountDownLatch entered = new CountDownLatch(1);
    CountDownLatch gate = new CountDownLatch(1);
    ChangeCaptureBuilder builder =
        ChangeCapture.on(
            new ChangeSink() {
              @Override
              public CompletionStage<?> publish(RowChange change) {
                entered.countDown();
                try {
                  assertThat(gate.await(60, TimeUnit.SECONDS)).isTrue();
                } catch (InterruptedException e) {
                  Thread.currentThread().interrupt();
                }
                return CompletableFuture.completedFuture(null);
              }

              @Override
              public CompletionStage<?> reset(String topic) {
                return CompletableFuture.completedFuture(null);
              }
            });
    start(outbox ? builder.outbox(plain) : builder);
    execute(observed, "insert into items values (1, 'a')");
    assertThat(entered.await(60, TimeUnit.SECONDS)).isTrue();
    execute(observed, "insert into items values (2, 'a'), (3, 'a')");
    execute(observed, "insert into items values (4, 'a')");

    assertThat(gauge("tidewire.capture.queue")).isEqualTo(3);
    assertThat(gauge("tidewire.outbox.backlog")).isEqualTo(outbox ? 2 : 0);
    gate.countDown();
    await().atMost(PATIENCE).until(() -> timed() == 3);
    assertThat(gauge("tidewire.capture.queue")).isZero();
    assertThat(gauge("tidewire.outbox.backlog")).isZero();
    assertThat(changes("published")).isEqualTo(4);
  }

  @Test
  void noValueBecomesATagAndNothingIsLeftInTheRegistry() throws SQLException {
    start(ChangeCapture.on(realtime));
    execute(observed, "insert into items values (1, '" + CANARY + "')");
    await().atMost(PATIENCE).until(() -> changes("published") == 1);
    assertThat(registry.getMeters())
        .hasSize(6 + 8) // the timer's buckets
        .allSatisfy(
            meter -> {
              assertThat(meter.getId().toString()).doesNotContain(CANARY).doesNotContain("items");
              assertThat(meter.getId().getTags().stream().map(Tag::getKey))
                  .isSubsetOf("app", "outcome", "le");
            });

    capture.close();
    assertThat(registry.getMeters()).isEmpty();
  }
}
