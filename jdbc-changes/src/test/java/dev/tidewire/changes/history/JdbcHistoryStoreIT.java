package dev.tidewire.changes.history;

import static dev.tidewire.testing.Drafts.await;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import com.zaxxer.hikari.HikariConfig;
import com.zaxxer.hikari.HikariDataSource;
import dev.tidewire.AccessPolicy;
import dev.tidewire.PublishOptions;
import dev.tidewire.Realtime;
import dev.tidewire.RealtimeException;
import dev.tidewire.changes.TestDatabase;
import dev.tidewire.channel.Position;
import dev.tidewire.history.HistoryMessage;
import dev.tidewire.history.HistoryQuery;
import dev.tidewire.history.HistoryStore;
import dev.tidewire.history.HistoryStoreContract;
import dev.tidewire.testing.Parallel;
import java.sql.SQLException;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.time.ZoneOffset;
import java.util.ArrayList;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.atomic.AtomicInteger;
import javax.sql.DataSource;
import org.jooq.impl.DSL;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.Parameter;
import org.junit.jupiter.params.ParameterizedClass;
import org.junit.jupiter.params.provider.EnumSource;

@ParameterizedClass
@EnumSource(TestDatabase.class)
class JdbcHistoryStoreIT extends HistoryStoreContract {

  private static final Duration PATIENCE = Duration.ofSeconds(60);

  @Parameter TestDatabase database;
  private DataSource plain;
  private GatedDataSource gated;

  @Override
  protected HistoryStore create() {
    try {
      plain = database.fresh();
    } catch (SQLException e) {
      throw new AssertionError(e);
    }
    gated = new GatedDataSource(plain);
    return open(gated.dataSource());
  }

  private static JdbcHistoryStore open(DataSource dataSource) {
    return JdbcHistoryStore.on(dataSource).build();
  }

  private HikariDataSource pool() {
    HikariConfig config = new HikariConfig();
    config.setDataSource(plain);
    config.setMaximumPoolSize(3);
    config.setConnectionTimeout(5_000);
    return new HikariDataSource(config);
  }

  private int rows() {
    return DSL.using(plain, database.dialect()).fetchCount(DSL.table("tidewire_history"));
  }

  private static boolean succeeded(CompletionStage<Void> stage) {
    try {
      stage.toCompletableFuture().get(60, java.util.concurrent.TimeUnit.SECONDS);
      return true;
    } catch (java.util.concurrent.ExecutionException e) {
      assertThat(e).hasCauseInstanceOf(RealtimeException.class);
      return false;
    } catch (Exception e) {
      throw new AssertionError("the stage does not end", e);
    }
  }

  @Test
  void whatWasStoredIsThereAfterARestart() {
    List<HistoryMessage> all = new ArrayList<>();
    try (HikariDataSource pool = pool();
        JdbcHistoryStore before = open(pool)) {
      for (int i = 1; i <= 20; i++) {
        all.add(message("t", "a", i, i));
        await(before.append(all.get(i - 1), MANY));
      }
    }

    try (HikariDataSource pool = pool();
        JdbcHistoryStore after = open(pool)) {
      assertThat(await(after.page(HistoryQuery.latest("t", 100)))).isEqualTo(all);
      await(after.append(message("t", "b", 1, 21), 5));
      assertThat(await(after.page(HistoryQuery.latest("t", 100)))).hasSize(5);
    }
  }

  @Test
  void whatWasReportedStoredIsThereAfterThePoolWasKilled() {
    HikariDataSource pool = pool();
    JdbcHistoryStore before = open(pool);
    Map<HistoryMessage, CompletionStage<Void>> stages = new LinkedHashMap<>();
    for (int i = 1; i <= 2_000; i++) {
      HistoryMessage message = message("t", "a", i, i);
      stages.put(message, before.append(message, MANY));
      if (i == 1_000) {
        await(stages.get(message));
        pool.close();
      }
    }
    List<HistoryMessage> stored = new ArrayList<>();
    stages.forEach(
        (message, stage) -> {
          if (succeeded(stage)) {
            stored.add(message);
          }
        });
    before.close();

    assertThat(stored).hasSizeBetween(1_000, 1_999);
    try (JdbcHistoryStore after = open(plain)) {
      assertThat(await(after.page(HistoryQuery.latest("t", 5_000)))).containsAll(stored);
    }
  }

  @Test
  void severalNodesMayCreateTheTableAtOnce() {
    List<JdbcHistoryStore> stores = Collections.synchronizedList(new ArrayList<>());
    Parallel.times(6, () -> stores.add(JdbcHistoryStore.on(plain).table("shared_history").build()));

    for (int i = 0; i < stores.size(); i++) {
      await(stores.get(i).append(message("t", "a" + i, 1, i), MANY));
    }
    for (JdbcHistoryStore each : stores) {
      assertThat(await(each.page(HistoryQuery.latest("t", 10)))).hasSize(6);
      each.close();
    }
  }

  @Test
  void twoNodesWriteAndTrimOneChannel() {
    int limit = 40;
    try (JdbcHistoryStore other = open(plain)) {
      List<HistoryStore> nodes = List.of(store, other);
      AtomicInteger node = new AtomicInteger();
      Parallel.times(
          2,
          () -> {
            int me = node.getAndIncrement();
            List<CompletionStage<Void>> stages = new ArrayList<>();
            for (int i = 1; i <= 500; i++) {
              stages.add(nodes.get(me).append(message("t", "n" + me, i, i), limit));
            }
            for (CompletionStage<Void> stage : stages) {
              await(stage);
            }
          });
      for (int i = 1; i <= 200; i++) { // each finds out what the other has added
        append(message("t", "n0", 1_000 + i, 1_000 + i), limit);
      }

      List<HistoryMessage> page = await(other.page(HistoryQuery.latest("t", 1_000)));
      assertThat(page).hasSize(limit);
      assertThat(page.get(limit - 1).position()).isEqualTo(new Position("n0", 1_200));
      assertThat(page(HistoryQuery.latest("t", 1_000))).isEqualTo(page);
    }
  }

  @Test
  void thousandsOfOneMomentArePagedWithoutLossOrRepeat() {
    List<HistoryMessage> all = new ArrayList<>();
    for (String epoch : List.of("a", "k9", "z")) {
      for (int i = 1; i <= 1_000; i++) {
        all.add(message("t", epoch, i, 7));
      }
    }
    List<HistoryMessage> shuffled = new ArrayList<>(all);
    Collections.shuffle(shuffled, new Random(11));
    List<CompletionStage<Void>> stages = new ArrayList<>();
    shuffled.forEach(m -> stages.add(store.append(m, MANY)));
    stages.forEach(stage -> await(stage));

    for (int size : new int[] {17, 100, 299, 1_000, 3_000}) {
      assertThat(pagedByPlace("t", size)).as("pages of %s", size).isEqualTo(all);
    }
  }

  @Test
  void messagesOfManyThreadsAreAllThere() {
    AtomicInteger threads = new AtomicInteger();
    Parallel.times(
        8,
        () -> {
          int me = threads.getAndIncrement();
          for (int i = 1; i <= 100; i++) {
            append(message("t" + i % 7, "e" + me, i, i), MANY);
          }
        });

    int found = 0;
    for (int i = 0; i < 7; i++) {
      found += page(HistoryQuery.latest("t" + i, 5_000)).size();
    }
    assertThat(found).isEqualTo(800);
  }

  @Test
  void whatWaitsIsWrittenTogether() {
    gated.shut();
    List<CompletionStage<Void>> stages = new ArrayList<>();
    int before = gated.connections();
    for (int i = 1; i <= 400; i++) {
      stages.add(store.append(message("t", "a", i, i), MANY));
    }
    gated.open();
    stages.forEach(stage -> await(stage));

    assertThat(gated.connections() - before).isBetween(1, 3);
    assertThat(page(HistoryQuery.latest("t", 500))).hasSize(400);
  }

  @Test
  void whatDoesNotFitIsRefusedAndNotStored() {
    try (JdbcHistoryStore small = JdbcHistoryStore.on(gated.dataSource()).maxWaiting(5).build()) {
      gated.shut();
      Map<HistoryMessage, CompletionStage<Void>> stages = new LinkedHashMap<>();
      for (int i = 1; i <= 50; i++) {
        HistoryMessage message = message("t", "a", i, i);
        stages.put(message, small.append(message, MANY));
      }
      gated.open();
      List<HistoryMessage> stored = new ArrayList<>();
      stages.forEach(
          (message, stage) -> {
            if (succeeded(stage)) {
              stored.add(message);
            }
          });

      assertThat(stored).hasSizeBetween(5, 12);
      assertThat(await(small.page(HistoryQuery.latest("t", 100)))).isEqualTo(stored);
    }
  }

  @Test
  void aFailureIsToldAndTheNextMessageIsStoredAgain() {
    gated.down(true);
    assertThat(succeeded(store.append(message("t", "a", 1, 1), MANY))).isFalse();
    assertThatThrownBy(() -> page(HistoryQuery.latest("t", 1)))
        .hasRootCauseInstanceOf(SQLException.class);
    gated.down(false);
    append(message("t", "a", 2, 2), MANY);

    assertThat(page(HistoryQuery.latest("t", 10))).containsExactly(message("t", "a", 2, 2));
  }

  @Test
  void aPublisherIsToldWhenItsMessageIsNotKept() {
    try (Realtime realtime =
        Realtime.builder().access(AccessPolicy.open()).history(store).build()) {
      await(realtime.channel("t").publish("e", "kept", PublishOptions.persisted()));
      gated.down(true);

      assertThatThrownBy(
              () -> await(realtime.channel("t").publish("e", "lost", PublishOptions.persisted())))
          .cause()
          .hasCauseInstanceOf(RealtimeException.class);

      gated.down(false);
      assertThat(await(realtime.channel("t").history(10)))
          .extracting(HistoryMessage::data)
          .containsExactly("\"kept\"");
    }
  }

  @Test
  void aMessageThatIsRefusedDoesNotTakeTheOthersAlong() {
    append(message("t", "a", 1, 1), MANY);
    gated.shut();
    List<CompletionStage<Void>> stages = new ArrayList<>();
    stages.add(store.append(message("t", "a", 2, 2), MANY));
    stages.add(store.append(message("t", "a", 1, 1), MANY)); // there already
    stages.add(
        store.append(new HistoryMessage(new Position("a", 3), "t", "u", null, "3", 3), MANY));
    stages.add(store.append(message("t", "a", 4, 4), MANY));
    stages.add(store.append(message("t", "a", 4, 4), MANY)); // twice in one go
    gated.open();

    assertThat(stages.stream().map(JdbcHistoryStoreIT::succeeded))
        .containsExactly(true, true, false, true, true);
    assertThat(page(HistoryQuery.latest("t", 10)))
        .extracting(m -> m.position().offset())
        .containsExactly(1L, 2L, 4L);
  }

  @Test
  void aTableThatWasDroppedIsMadeAgain() {
    append(message("t", "a", 1, 1), MANY);
    DSL.using(plain, database.dialect()).execute("drop table tidewire_history");
    append(message("t", "a", 2, 2), MANY);

    assertThat(page(HistoryQuery.latest("t", 10))).containsExactly(message("t", "a", 2, 2));
  }

  @Test
  void whatIsTooOldIsNotShownAndDeleted() {
    for (long at : new long[] {7_000, 8_000, 9_000, 9_001, 9_500}) {
      append(message("t", "a", at, at), MANY);
    }
    Clock clock = Clock.fixed(Instant.ofEpochMilli(10_000), ZoneOffset.UTC);
    try (JdbcHistoryStore forgetful =
        JdbcHistoryStore.on(plain).maxAge(Duration.ofSeconds(1)).clock(clock).build()) {
      assertThat(await(forgetful.page(HistoryQuery.latest("t", 10))))
          .extracting(HistoryMessage::createdAt)
          .containsExactly(9_001L, 9_500L);
      await().atMost(PATIENCE).until(() -> rows() == 2);
      await(forgetful.append(message("t", "a", 9_600, 9_600), 2));
      assertThat(rows()).isEqualTo(2);
    }
  }

  @Test
  void largeLimitsKeepAtMostAnEighthMore() {
    int limit = 2_000;
    List<CompletionStage<Void>> stages = new ArrayList<>();
    for (int i = 1; i <= 5_000; i++) {
      stages.add(store.append(message("t", "a", i, i), limit));
    }
    stages.forEach(stage -> await(stage));

    assertThat(rows()).isBetween(limit, limit + limit / 8);
    assertThat(page(HistoryQuery.latest("t", 3_000))).endsWith(message("t", "a", 5_000, 5_000));
  }

  @Test
  void namesAreComparedExactly() {
    for (String topic : List.of("Chat/É", "chat/é", "CHAT/é", "chat/e")) {
      append(message(topic, "a", 1, 1), MANY);
    }

    assertThat(page(HistoryQuery.latest("chat/é", 10)))
        .containsExactly(message("chat/é", "a", 1, 1));
  }

  @Test
  void longAndOddTextsComeBack() {
    String data = "\"" + "x\uD83D\uDE00é\\u0000\u2028".repeat(50_000) + "\"";
    HistoryMessage message = new HistoryMessage(new Position("a", 1), "t", "ü '\"", "é", data, 1);
    append(message, MANY);

    assertThat(page(HistoryQuery.latest("t", 1))).containsExactly(message);
  }

  @Test
  void closingStoresWhatWaitsAndLeavesNoThread() {
    List<CompletionStage<Void>> stages = new ArrayList<>();
    for (int i = 1; i <= 300; i++) {
      stages.add(store.append(message("t", "a", i, i), MANY));
    }
    store.close();

    assertThat(stages).allMatch(JdbcHistoryStoreIT::succeeded);
    assertThat(rows()).isEqualTo(300);
    assertThat(succeeded(store.append(message("t", "a", 301, 301), MANY))).isFalse();
    assertThatThrownBy(() -> page(HistoryQuery.latest("t", 1)))
        .hasRootCauseInstanceOf(java.util.concurrent.RejectedExecutionException.class);
    await()
        .atMost(PATIENCE)
        .until(
            () ->
                Thread.getAllStackTraces().keySet().stream()
                    .noneMatch(t -> t.getName().startsWith("tidewire-history")));
  }

  @Test
  void nonsenseIsRefused() {
    assertThatThrownBy(() -> JdbcHistoryStore.on(plain).table("x; drop table y").build())
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("x; drop table y");
    assertThatThrownBy(() -> JdbcHistoryStore.on(plain).maxWaiting(0))
        .isInstanceOf(IllegalArgumentException.class);
    assertThatThrownBy(() -> JdbcHistoryStore.on(plain).maxAge(Duration.ofMillis(-1)))
        .isInstanceOf(IllegalArgumentException.class);
    gated.down(true);
    assertThatThrownBy(() -> open(gated.dataSource())).isInstanceOf(RealtimeException.class);
  }
}
