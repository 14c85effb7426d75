package dev.tidewire;

import static dev.tidewire.Client.connect;
import static dev.tidewire.Client.eventually;
import static dev.tidewire.testing.Drafts.await;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.tidewire.AccessPolicy.Action;
import dev.tidewire.channel.Operation;
import dev.tidewire.channel.RowChange;
import dev.tidewire.rows.ColumnType;
import dev.tidewire.rows.RowColumns;
import dev.tidewire.rows.RowFilter;
import dev.tidewire.rows.RowSource;
import dev.tidewire.rows.Where;
import dev.tidewire.testing.ManualClock;
import dev.tidewire.testing.Parallel;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.CountDownLatch;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import tools.jackson.databind.JsonNode;

/** Rights that change while clients are connected. */
class RecheckTest {

  private final ManualClock clock = new ManualClock();

  /** What is denied: "user action topic". */
  private final Set<String> denied = ConcurrentHashMap.newKeySet();

  private final Realtime realtime =
      Realtime.builder()
          .clock(clock)
          .access(
              (who, topic, action) ->
                  !denied.contains(who.userId() + ' ' + action + ' ' + topic)
                      && (!topic.startsWith("admin/") || who.roles().contains("admin")))
          .tokens(token -> Identity.of("ada").withRoles(Set.of(token)))
          .limits(limits -> limits.frames(0, 0))
          .presenceGrace(Duration.ofMinutes(1))
          .build();

  @AfterEach
  void close() {
    realtime.close();
  }

  private void deny(Action action, String topic) {
    denied.add("ada " + action + ' ' + topic);
    realtime.recheck(who -> who.userId().equals("ada"));
  }

  private void publish(String topic, int number) {
    await(realtime.channel(topic).publish("e", number));
  }

  private static JsonNode told(Client client, String type) {
    return client.told(type, 1).get(0);
  }

  @Test
  void aSubscriptionThatIsNotAllowedAnyMoreEndsAndTheOthersGoOn() {
    Client ada = connect(realtime, "ada").subscribed("a").subscribed("b");
    Client bob = connect(realtime, "bob").subscribed("a");
    publish("a", 1);
    publish("b", 2);

    deny(Action.SUBSCRIBE, "a");
    publish("a", 3);
    publish("b", 4);

    JsonNode error = told(ada, "error").get("payload");
    assertThat(error.get("code").asString()).isEqualTo("FORBIDDEN");
    assertThat(error.get("topic").asString()).isEqualTo("a");
    assertThat(error.has("messageId")).isFalse();
    assertThat(ada.heard()).containsExactly("1", "2", "4");
    assertThat(bob.heard()).containsExactly("1", "3");
    assertThat(ada.refused("'type':'unsubscribe','topic':'a'")).isEqualTo("NOT_SUBSCRIBED");
    assertThat(ada.refused("'type':'subscribe','topic':'a'")).isEqualTo("FORBIDDEN");
    assertThat(ada.isClosed()).isFalse();
  }

  @Test
  void whatIsStillAllowedGoesOnUntouched() {
    Client ada = connect(realtime, "ada").subscribed("a");
    publish("a", 1);
    realtime.recheck(who -> true);
    publish("a", 2);

    assertThat(ada.heard()).containsExactly("1", "2");
    assertThat(ada.told("error")).isEmpty();
    assertThat(ada.told("reset")).isEmpty();
  }

  @Test
  void whoMayNotSeeTheMembersAnyMoreStillHearsTheMessages() {
    Client ada = connect(realtime, "ada");
    ada.acked("'type':'subscribe','topic':'a','presence':true");
    deny(Action.PRESENCE_READ, "a");
    connect(realtime, "bob").acked("'type':'track','topic':'a'");
    publish("a", 1);

    assertThat(ada.told("presence")).isEmpty();
    assertThat(ada.heard()).containsExactly("1");
    assertThat(told(ada, "error").at("/payload/message").asString()).contains("see who is in");
  }

  @Test
  void whoMayNotBeSeenAnyMoreLeaves() {
    Client bob = connect(realtime, "bob");
    bob.acked("'type':'subscribe','topic':'a','presence':true");
    Client ada = connect(realtime, "ada");
    ada.acked("'type':'track','topic':'a'");
    ada.acked("'type':'track','topic':'b'");

    deny(Action.PRESENCE_WRITE, "a");

    assertThat(bob.told("presence", 2).get(1).get("reason").asString()).isEqualTo("logout");
    assertThat(told(ada, "error").at("/payload/topic").asString()).isEqualTo("a");
    assertThat(await(realtime.channel("b").presence()).members()).hasSize(1);
  }

  @Test
  void norIsWhoIsOnlyWaitedFor() {
    Client ada = connect(realtime, "ada");
    ada.acked("'type':'track','topic':'a'");
    ada.connection().drop(1006);

    deny(Action.PRESENCE_WRITE, "a");

    eventually().until(() -> await(realtime.channel("a").presence()).members().isEmpty());
  }

  @Test
  void policiesThatGoByRolesAreToldTheNewOnes() {
    Identity admin = Identity.of("ada").withRoles(Set.of("admin"));
    Client ada = connect(realtime, admin).subscribed("admin/log").subscribed("a");

    realtime.recheck(who -> who.userId().equals("ada"), who -> who.withRoles(Set.of()));

    assertThat(told(ada, "error").at("/payload/topic").asString()).isEqualTo("admin/log");
    assertThat(ada.refused("'type':'subscribe','topic':'admin/log'")).isEqualTo("FORBIDDEN");
    ada.acked("'type':'unsubscribe','topic':'a'");
    realtime.revoke(admin::equals); // still known by what proved it
    assertThat(ada.closeCode()).isEqualTo(4001);
  }

  @Test
  void aNewTokenWithFewerRolesCountsAtOnce() {
    Client ada = connect(realtime, (Identity) null);
    ada.acked("'type':'auth','token':'admin'");
    ada.subscribed("admin/log");
    ada.acked("'type':'auth','token':'user'");

    assertThat(told(ada, "error").at("/payload/topic").asString()).isEqualTo("admin/log");
  }

  @Test
  void nobodyBecomesSomebodyElse() {
    connect(realtime, "ada");

    assertThatThrownBy(() -> realtime.recheck(who -> true, who -> Identity.of("root")))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("root");
  }

  @Test
  void aSlowHandlerOfTheClientKeepsNothingOpen() throws Exception {
    CountDownLatch entered = new CountDownLatch(1);
    CountDownLatch go = new CountDownLatch(1);
    realtime.onCall(
        "slow",
        request -> {
          entered.countDown();
          go.await();
          return null;
        });
    Client ada = connect(realtime, "ada").subscribed("a");
    Thread handler = new Thread(() -> ada.tell("'type':'call','method':'slow'"));
    handler.start();
    entered.await();

    deny(Action.SUBSCRIBE, "a");
    publish("a", 1);
    assertThat(ada.heard()).isEmpty();
    go.countDown();
    handler.join();

    assertThat(told(ada, "error").at("/payload/topic").asString()).isEqualTo("a");
    assertThat(ada.heard()).isEmpty();
  }

  @Test
  void aHandlerMayHaveItsOwnClientChecked() {
    realtime.onCall(
        "resign",
        request -> {
          deny(Action.SUBSCRIBE, "a");
          return "done";
        });
    Client ada = connect(realtime, "ada").subscribed("a");
    ada.acked("'type':'call','method':'resign'");

    assertThat(told(ada, "error").at("/payload/topic").asString()).isEqualTo("a");
  }

  @Test
  void nobodyStaysInWhoSubscribesWhileRightsChange() {
    long seed = new Random().nextLong();
    List<Client> clients = new CopyOnWriteArrayList<>();
    for (int round = 0; round < 50; round++) {
      String topic = "race/" + round;
      long delay = new Random(seed + round).nextInt(200_000);
      Client ada = connect(realtime, "ada");
      clients.add(ada);
      Parallel.run(
          List.of(
              () -> ada.tell("'type':'subscribe','topic':'" + topic + "'"),
              () -> {
                long until = System.nanoTime() + delay;
                while (System.nanoTime() < until) {
                  Thread.onSpinWait();
                }
                deny(Action.SUBSCRIBE, topic);
              }));
      publish(topic, round);
      ada.acked("'type':'ping'");
      assertThat(ada.heard()).as("seed %s, round %s", seed, round).isEmpty();
      ada.connection().drop(1000);
    }
  }

  @Test
  void whoSeesOtherRowsIsToldToLoadAgainAndGoesOnWithThose() {
    Map<String, Where> seen = new ConcurrentHashMap<>(Map.of("ada", Where.all()));
    RowColumns columns = new RowColumns(Map.of("id", ColumnType.NUMBER, "owner", ColumnType.TEXT));
    RowSource source =
        new RowSource() {
          @Override
          public CompletionStage<RowColumns> columns() {
            return CompletableFuture.completedFuture(columns);
          }

          @Override
          public CompletionStage<Snapshot> snapshot(RowFilter filter) {
            return CompletableFuture.failedStage(new IllegalStateException());
          }
        };
    TableChannel table =
        realtime.tableChannel(
            "t", source, RowPolicy.where(who -> seen.getOrDefault(who.userId(), Where.all())));
    Client ada = connect(realtime, "ada").subscribed("t");
    Client bob = connect(realtime, "bob").subscribed("t");
    insert(table, 1, "bob");

    seen.put("ada", Where.eq("owner", "ada"));
    realtime.recheck(who -> true);
    insert(table, 2, "bob");
    insert(table, 3, "ada");

    assertThat(told(ada, "reset").at("/payload/reason").asString()).isEqualTo("ACCESS");
    assertThat(told(ada, "reset").at("/payload/position").asString()).endsWith(".1");
    assertThat(ada.told("db_change", 2).stream().map(f -> f.at("/data/id").asInt()))
        .containsExactly(1, 3);
    assertThat(ada.told("db_change").get(1).get("prev").asString()).endsWith(".1");
    assertThat(bob.told("db_change", 3)).hasSize(3);
    assertThat(bob.told("reset")).isEmpty();
  }

  private static void insert(TableChannel table, int id, String owner) {
    await(
        table.publish(
            new RowChange(
                "t", Operation.INSERT, Map.of("id", id, "owner", owner), null, "u", "tx", null)));
  }
}
