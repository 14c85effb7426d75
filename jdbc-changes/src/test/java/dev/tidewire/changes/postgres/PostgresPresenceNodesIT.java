package dev.tidewire.changes.postgres;

import static dev.tidewire.testing.Drafts.await;
import static org.assertj.core.api.Assertions.assertThat;

import dev.tidewire.RealtimeException;
import dev.tidewire.broker.SharedBrokerContract.Node;
import dev.tidewire.changes.TestDatabase;
import dev.tidewire.presence.Member;
import dev.tidewire.presence.Member.Link;
import dev.tidewire.presence.Member.Status;
import dev.tidewire.presence.PresenceDiff;
import dev.tidewire.presence.PresenceDiff.Change;
import dev.tidewire.presence.PresenceListener;
import dev.tidewire.presence.PresenceTracker;
import dev.tidewire.testing.Drafts;
import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.TreeMap;
import java.util.UUID;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.CopyOnWriteArrayList;
import org.awaitility.Awaitility;
import org.awaitility.core.ConditionFactory;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** Presence on two nodes of one database. */
class PostgresPresenceNodesIT {

  private final String prefix = "p" + UUID.randomUUID().toString().substring(0, 8);
  private final String url = TestDatabase.POSTGRES_17.url();
  private Present one;
  private Present two;

  /** A node's presence, and what its listener heard. */
  private final class Present implements PresenceListener, AutoCloseable {
    final List<PresenceDiff> heard = new CopyOnWriteArrayList<>();
    final PostgresBroker broker =
        PostgresBroker.on(PostgresServer.dataSource(url, prefix))
            .tables(prefix)
            .timeout(Duration.ofSeconds(20))
            .build();
    final PresenceTracker tracker = broker.presence();

    Present() {
      var unused = new Node(broker); // starts it
      tracker.start(this);
      await(tracker.state("t"));
      eventually().until(broker::isReachable);
    }

    @Override
    public void onDiff(PresenceDiff diff) {
      heard.add(diff);
    }

    @Override
    public void onReady(String topic) {}

    CompletionStage<Void> track(String user, String connection, String data) {
      return tracker.track("t", user, new Link(connection, data, Status.ONLINE));
    }

    CompletionStage<Void> untrack(String user, String connection) {
      return tracker.untrack("t", user, connection, PresenceDiff.Reason.LEFT);
    }

    List<String> told() {
      return heard.stream().map(diff -> diff.change() + " " + diff.member().userId()).toList();
    }

    /** Everybody as the differences heard so far make it. */
    Map<String, String> members() {
      Map<String, String> members = new TreeMap<>();
      for (PresenceDiff diff : heard) {
        boolean known = members.containsKey(diff.member().userId());
        assertThat(known).as("before %s", diff).isEqualTo(diff.change() != Change.JOIN);
        if (diff.change() == Change.LEAVE) {
          members.remove(diff.member().userId());
        } else {
          members.put(diff.member().userId(), diff.member().data());
        }
      }
      return members;
    }

    Map<String, String> state() {
      Map<String, String> members = new TreeMap<>();
      await(tracker.state("t")).members().forEach(m -> members.put(m.userId(), m.data()));
      return members;
    }

    @Override
    public void close() {
      tracker.close();
      broker.close();
    }
  }

  @BeforeEach
  void start() {
    one = new Present();
    two = new Present();
  }

  @AfterEach
  void stop() {
    one.close();
    two.close();
  }

  private static ConditionFactory eventually() {
    return Awaitility.await()
        .pollDelay(Duration.ZERO)
        .pollInterval(Duration.ofMillis(20))
        .atMost(Duration.ofSeconds(60));
  }

  private void run(String sql) throws SQLException {
    try (Connection connection = PostgresServer.dataSource(url, "test").getConnection();
        Statement statement = connection.createStatement()) {
      statement.execute(sql);
    }
  }

  private int countOfNodesThatBeat() throws SQLException {
    try (Connection connection = PostgresServer.dataSource(url, "test").getConnection();
        Statement statement = connection.createStatement();
        ResultSet rows =
            statement.executeQuery(
                "select count(*) from %s_nodes where beat >= 2".formatted(prefix))) {
      rows.next();
      return rows.getInt(1);
    }
  }

  @Test
  void allNodesHearTheSameStepsOnce() {
    await(one.track("anna", "c1", "{\"n\":1}"));
    await(two.track("anna", "c2", "{\"n\":2}"));
    await(two.track("bert", "c3", "{\"big\":\"" + "ü".repeat(6_000) + "\"}"));
    await(one.untrack("anna", "c1"));
    await(two.untrack("anna", "c2"));

    List<String> expected = List.of("JOIN anna", "UPDATE anna", "JOIN bert", "LEAVE anna");
    for (Present node : List.of(one, two)) {
      eventually().until(() -> node.heard.size() >= expected.size());
      assertThat(node.told()).isEqualTo(expected);
      assertThat(node.heard).extracting(PresenceDiff::revision).containsExactly(1L, 2L, 3L, 4L);
    }
    assertThat(await(one.tracker.state("t"))).isEqualTo(await(two.tracker.state("t")));
  }

  @Test
  void aNodeThatComesLaterKnowsWhoIsThere() {
    await(one.track("anna", "c1", "{}"));
    try (Present third = new Present()) {
      assertThat(await(third.tracker.state("t")).members())
          .extracting(Member::userId)
          .containsExactly("anna");
      await(third.track("anna", "c9", "{\"n\":9}"));
      assertThat(third.told()).containsExactly("UPDATE anna");
    }
    eventually().until(() -> one.told().equals(List.of("JOIN anna", "UPDATE anna", "UPDATE anna")));
  }

  @Test
  void whoIsTakenForDeadJoinsAgain() throws Exception {
    await(one.track("anna", "c1", "{}"));
    eventually().until(() -> two.told().equals(List.of("JOIN anna")));

    eventually().until(() -> countOfNodesThatBeat() == 2); // nobody else is ever taken for dead

    // As other nodes do that have not seen it count for long.
    run("delete from %1$s_links; delete from %1$s_nodes".formatted(prefix));
    await(two.track("bert", "c2", "{}"));

    eventually()
        .untilAsserted(
            () -> {
              try (Present third = new Present()) {
                assertThat(third.state()).containsOnlyKeys("anna", "bert");
              }
            });
  }

  @Test
  void whoeverAsksWhileTheFirstMembersComeHearsEachOfThem() {
    List<CompletionStage<?>> stages = new ArrayList<>();
    List<String> expected = new ArrayList<>();
    for (int i = 0; i < 60; i++) {
      String room = "r" + i;
      stages.add(two.tracker.state(room));
      stages.add(one.tracker.track(room, "anna", new Link("c1", "{}", Status.ONLINE)));
      stages.add(two.tracker.state(room));
      stages.add(one.tracker.track(room, "bert", new Link("c2", "{}", Status.ONLINE)));
      stages.add(one.tracker.untrack(room, "anna", "c1", PresenceDiff.Reason.LEFT));
      stages.add(one.tracker.state(room));
      expected.addAll(
          List.of(room + " 1 JOIN anna", room + " 2 JOIN bert", room + " 3 LEAVE anna"));
    }
    stages.forEach(Drafts::await);

    for (Present node : List.of(one, two)) {
      eventually()
          .untilAsserted(
              () ->
                  assertThat(node.heard)
                      .extracting(
                          diff ->
                              "%s %d %s %s"
                                  .formatted(
                                      diff.topic(),
                                      diff.revision(),
                                      diff.change(),
                                      diff.member().userId()))
                      .containsExactlyInAnyOrderElementsOf(expected));
    }
  }

  @Test
  void whoLeftBeforeTheJoinWasCommittedIsNotPutBack() throws Exception {
    CompletionStage<Void> joined = one.track("anna", "c1", "{}");
    CompletionStage<Void> left = one.untrack("anna", "c1");
    await(joined);
    await(left);
    await(one.track("bert", "c2", "{}"));
    eventually().until(() -> countOfNodesThatBeat() == 2);

    run("delete from %1$s_links; delete from %1$s_nodes".formatted(prefix));
    eventually()
        .untilAsserted(
            () -> {
              try (Present third = new Present()) {
                assertThat(third.state()).containsKey("bert");
              }
            });
    await(one.track("carl", "c3", "{}")); // behind all that was put back
    try (Present third = new Present()) {
      assertThat(third.state()).containsOnlyKeys("bert", "carl");
    }
  }

  @Test
  void aRoomThatIsMadeDoesNotUndoWhatWasDoneWithIt() throws Exception {
    PostgresSettings settings =
        new PostgresSettings(
            PostgresServer.dataSource(url, prefix),
            new Schema(prefix),
            Duration.ofSeconds(20),
            Duration.ofSeconds(3),
            1 << 20,
            null,
            Duration.ofSeconds(5));
    Presences.Change join =
        new Presences.Change(
            "t", "anna", "c1", new Link("c1", "{}", Status.ONLINE), PresenceDiff.Reason.LEFT) {
          @Override
          void done() {}

          @Override
          void failed(RealtimeException why) {}
        };
    Presences.Load other =
        new Presences.Load("nobody was here") {
          @Override
          void done() {}

          @Override
          void failed(RealtimeException why) {}
        };
    try (Session session =
        Session.open(settings.dataSource(), settings.schema(), settings.timeout())) {
      session.connection().setAutoCommit(false);
      new Presences(settings, "third").run(session, List.of(join, other));
      session.connection().commit();
    }

    eventually().until(() -> two.told().contains("JOIN anna"));
  }

  @Test
  void cutConnectionsLeaveEveryNodeWithTheTruth() throws Exception {
    long seed = Long.getLong("seed", System.nanoTime());
    System.out.println("seed " + seed);
    Random random = new Random(seed);
    Map<String, String> truth = new TreeMap<>();
    List<CompletionStage<Void>> stages = new ArrayList<>();
    for (int i = 0; i < 400; i++) {
      String user = "u" + random.nextInt(10);
      Present node = user.hashCode() % 2 == 0 ? one : two;
      if (random.nextInt(3) > 0) {
        stages.add(node.track(user, "c" + user, "{\"n\":" + i + "}"));
        truth.put(user, "{\"n\":" + i + "}");
      } else {
        stages.add(node.untrack(user, "c" + user));
        truth.remove(user);
      }
      if (i % 40 == 20) {
        run(
            "select pg_terminate_backend(pid) from pg_stat_activity where application_name = '"
                + prefix
                + "' and random() < 0.3");
      }
    }
    for (CompletionStage<Void> stage : stages) {
      eventually().until(() -> stage.toCompletableFuture().isDone());
    }
    // What failed may have happened or not; the last word is said again.
    for (int i = 0; i < 10; i++) {
      String user = "u" + i;
      Present node = user.hashCode() % 2 == 0 ? one : two;
      String data = truth.get(user);
      eventually()
          .until(
              () -> {
                try {
                  CompletionStage<Void> again =
                      data == null
                          ? node.untrack(user, "c" + user)
                          : node.track(user, "c" + user, data);
                  again.toCompletableFuture().get();
                  return true;
                } catch (java.util.concurrent.ExecutionException e) {
                  return false;
                }
              });
    }

    for (Present node : List.of(one, two)) {
      eventually()
          .untilAsserted(
              () -> {
                assertThat(node.members()).as("seed %s", seed).isEqualTo(truth);
                assertThat(node.state()).as("seed %s", seed).isEqualTo(truth);
              });
      assertThat(node.heard)
          .extracting(PresenceDiff::revision)
          .as("seed %s", seed)
          .isSorted()
          .doesNotHaveDuplicates();
    }
  }
}
