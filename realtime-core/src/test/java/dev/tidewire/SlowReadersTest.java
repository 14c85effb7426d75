package dev.tidewire;

import static dev.tidewire.Client.connect;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.tuple;

import dev.tidewire.channel.Operation;
import dev.tidewire.channel.RowChange;
import dev.tidewire.channel.SlowReaders;
import dev.tidewire.testing.FakeConnection;
import dev.tidewire.testing.FakeConnection.Sending;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import tools.jackson.databind.JsonNode;

/** What a reader that is behind gets, by the policy of the channel; others get everything. */
class SlowReadersTest {

  private final Realtime.Builder settings =
      Realtime.builder()
          .access(AccessPolicy.open())
          .limits(l -> l.frames(0, 0).queueBytes(200_000))
          .channels("cursors/*", c -> c.slowReaders(SlowReaders.CONFLATE))
          .channels("ticks/*", c -> c.slowReaders(SlowReaders.DROP));
  private Realtime realtime;

  @AfterEach
  void close() {
    realtime.close();
  }

  private Realtime bus() {
    if (realtime == null) {
      realtime = settings.build();
    }
    return realtime;
  }

  private Client reader(String topic) {
    return connect(bus(), "reader").subscribed(topic);
  }

  /** Reads nothing from now on: the next frame is under way for ever, and is "under way". */
  private void stall(Client client) {
    client.connection().behave(Sending.STALL);
    client.say("{'type':'ping'}");
    assertThat(client.connection().isStalled()).isTrue();
  }

  private static List<String> caughtUp(Client client, int before) {
    client.connection().release(Sending.AT_ONCE);
    List<String> all = client.heard();
    return all.subList(before, all.size());
  }

  private void publish(String topic, String user, Object data) {
    bus()
        .channel(topic)
        .publish("move", data, PublishOptions.NONE.as(user))
        .toCompletableFuture()
        .join();
  }

  @Test
  void aReaderThatIsBehindGetsTheNewestOfEachUserAndEventAndOthersAll() {
    Client slow = reader("cursors/x");
    Client fast = reader("cursors/x");
    publish("cursors/x", "ada", 0);
    stall(slow);
    for (int i = 1; i <= 1_000; i++) {
      publish("cursors/x", i % 2 == 0 ? "ada" : "bob", i);
    }
    bus().emit("other", "!", "cursors/x").toCompletableFuture().join();

    assertThat(caughtUp(slow, 1)).containsExactly("999", "1000", "\"!\"");
    assertThat(fast.told("event")).hasSize(1_002);
    assertThat(slow.isClosed()).isFalse();
    publish("cursors/x", "ada", 1_001);
    assertThat(slow.heard()).endsWith("1001");
    assertThat(slow.told("reset")).isEmpty();
  }

  @Test
  void noMessageOfSuchAChannelNeedsTheOneBeforeIt() {
    Client one = reader("cursors/x");
    Client other = reader("cursors/x").subscribed("chat");
    publish("cursors/x", "ada", 1);
    publish("chat", "ada", 1);

    JsonNode move = one.told("event", 1).get(0);
    String epoch = move.get("id").asString().replaceAll("\\..*", "");
    assertThat(move.get("prev").asString()).isEqualTo(epoch + ".0");
    assertThat(other.told("event", 2).get(0)).isEqualTo(move);
    assertThat(other.told("event").get(1).has("prev")).isFalse();
  }

  @Test
  void thePublisherThatGetsNoCopyMissesNothingEither() {
    Client ada = reader("cursors/x");
    JsonNode ack =
        ada.acked("'type':'publish','topic':'cursors/x','event':'move','data':1,'echo':false");
    String position = ack.get("position").asString();
    assertThat(ack.get("prev").asString()).isEqualTo(position.replaceAll("\\..*", ".0"));

    assertThat(
            ada.acked("'type':'publish','topic':'chat','event':'e','data':1,'echo':false")
                .has("prev"))
        .isFalse();
  }

  @Test
  void theApplicationMayChooseTheKey() {
    settings.channels(
        "prices",
        c ->
            c.conflate(
                p -> {
                  String symbol = p.dataJson().substring(1, 2);
                  if (symbol.equals("?")) {
                    throw new IllegalStateException("no symbol");
                  }
                  return symbol.equals("!") ? null : symbol;
                }));
    Client slow = reader("prices");
    stall(slow);
    for (String price : List.of("A1", "B1", "!1", "A2", "?1", "!2", "?2", "A3")) {
      publish("prices", "exchange", price);
    }

    assertThat(caughtUp(slow, 0))
        .containsExactly("\"B1\"", "\"!1\"", "\"?1\"", "\"!2\"", "\"?2\"", "\"A3\"");
  }

  @Test
  void aReaderThatIsBehindMissesWhatIsDropped() {
    Client slow = reader("ticks/x");
    Client fast = reader("ticks/x");
    stall(slow);
    String tick = "x".repeat(1_000);
    for (int i = 0; i < 1_000; i++) {
      publish("ticks/x", "ada", i + tick);
    }

    List<String> got = caughtUp(slow, 0);
    assertThat(got).hasSizeBetween(40, 70);
    assertThat(got.get(0)).startsWith("\"0x");
    assertThat(fast.told("event")).hasSize(1_000);
    assertThat(slow.isClosed()).isFalse();
    publish("ticks/x", "ada", "now");
    assertThat(slow.heard()).endsWith("\"now\"");
  }

  @Test
  void answersAndPresenceAreNeverLeftOut() {
    for (String topic : List.of("ticks/x", "cursors/x")) {
      Client slow = reader(topic);
      stall(slow);
      String much = "x".repeat(1_000);
      for (int i = 0; i < 300; i++) {
        publish(topic, "ada", i + much);
      }
      String asked = slow.tell("'type':'subscribe','topic':'chat'");
      for (int i = 0; i < 20; i++) {
        connect(bus(), "member" + i).acked("'type':'track','topic':'" + topic + "','data':{}");
        publish(topic, "ada", i + much);
      }
      publish("chat", "ada", "hi");

      assertThat(caughtUp(slow, 0)).contains("\"hi\"");
      assertThat(slow.answer(asked).get("type").asString()).isEqualTo("ack");
      assertThat(slow.told("presence"))
          .extracting(f -> f.get("event").asString(), f -> f.get("topic").asString())
          .hasSize(20)
          .containsOnly(tuple("presence:join", topic));
    }
  }

  @Test
  void whoIsBehindByTooManyKeysIsDisconnectedAndResumesWithTheNewest() {
    Client slow = reader("cursors/x");
    String since = slow.acked("'type':'subscribe','topic':'cursors/x'").get("position").asString();
    stall(slow);
    for (int round = 0; round < 3; round++) {
      for (int user = 0; user < 150 && !slow.isClosed(); user++) {
        publish("cursors/x", "u" + user, user + "x".repeat(2_000));
      }
    }
    assertThat(slow.closeCode()).isEqualTo(4008);

    JsonNode ack =
        connect(bus(), "reader")
            .acked("'type':'subscribe','topic':'cursors/x','since':'" + since + "'");
    assertThat(ack.get("recovered").asBoolean()).isTrue();
    assertThat(ack.get("messages").values())
        .extracting(m -> m.get("userId").asString())
        .doesNotHaveDuplicates()
        .hasSizeGreaterThan(60);
  }

  @Test
  void whatWasMissedIsToldByTheNewestOfEachKey() {
    Client ada = reader("cursors/x");
    String since = ada.acked("'type':'subscribe','topic':'cursors/x'").get("position").asString();
    for (int i = 1; i <= 50; i++) {
      publish("cursors/x", i % 2 == 0 ? "ada" : "bob", i);
    }
    JsonNode ack =
        connect(bus(), "bob")
            .acked("'type':'subscribe','topic':'cursors/x','since':'" + since + "'");

    assertThat(ack.get("recovered").asBoolean()).isTrue();
    assertThat(ack.get("messages").values())
        .extracting(m -> m.get("data").asInt())
        .containsExactly(49, 50);
    assertThat(ack.get("messages").get(0).has("prev")).isTrue();
    ada.acked("'type':'sync','topic':'cursors/x','after':'" + since + "'");
  }

  @Test
  void rowChangesAreNeverLeftOut() {
    TableChannel table = bus().tableChannel("cursors/rows");
    Client slow = reader("cursors/rows");
    stall(slow);
    for (int i = 0; i < 100; i++) {
      table
          .publish(
              new RowChange(
                  "cursors/rows", Operation.INSERT, Map.of("id", i), null, null, null, null))
          .toCompletableFuture()
          .join();
    }
    slow.connection().release(Sending.AT_ONCE);

    assertThat(slow.told("db_change", 100)).noneMatch(f -> f.has("prev"));
  }

  @Test
  void withoutAPolicyWhoIsBehindGetsAllOrIsDisconnected() {
    Client slow = reader("chat");
    stall(slow);
    for (int i = 0; i < 100; i++) {
      publish("chat", "ada", i);
    }
    assertThat(caughtUp(slow, 0)).hasSize(100);
    stall(slow);
    for (int i = 0; i < 100; i++) {
      publish("chat", "ada", "x".repeat(3_000));
    }
    assertThat(slow.closeCode()).isEqualTo(4008);
  }

  @Test
  void fiftyReadersThatAreStuckDelayNobody() {
    for (String topic : List.of("chat", "cursors/x", "ticks/x")) {
      for (int i = 0; i < 50; i++) {
        FakeConnection stuck = new FakeConnection();
        Client client = connect(bus(), Identity.of("stuck" + i), stuck).subscribed(topic);
        stall(client);
      }
      Client fast = reader(topic);
      for (int i = 0; i < 500; i++) {
        publish(topic, "ada", i + "x".repeat(1_000));
      }
      fast.told("event", 500);
    }
  }
}
