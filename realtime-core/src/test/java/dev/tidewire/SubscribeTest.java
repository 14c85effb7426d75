package dev.tidewire;

import static dev.tidewire.Client.connect;
import static dev.tidewire.Client.eventually;
import static dev.tidewire.testing.Drafts.await;
import static org.assertj.core.api.Assertions.assertThat;

import dev.tidewire.channel.Position;
import dev.tidewire.testing.FakeConnection;
import dev.tidewire.testing.FakeConnection.Sending;
import dev.tidewire.testing.ManualClock;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import tools.jackson.databind.JsonNode;

class SubscribeTest {

  private final ManualClock clock = new ManualClock();
  private final Realtime.Builder settings =
      Realtime.builder().clock(clock).access(AccessPolicy.open()).limits(l -> l.frames(0, 0));
  private Realtime realtime;

  @AfterEach
  void close() {
    realtime.close();
  }

  private Realtime bus() {
    realtime = settings.build();
    return realtime;
  }

  private Position publish(String topic, Object data) {
    return await(realtime.channel(topic).publish("e", data));
  }

  private static List<String> data(JsonNode ack) {
    List<String> data = new ArrayList<>();
    ack.get("messages").forEach(m -> data.add(m.get("data").toString()));
    return data;
  }

  /** With more than eight others, delivery goes over the delivery threads. */
  private void crowd(String topic) {
    for (int i = 0; i < 10; i++) {
      connect(realtime, "crowd").subscribed(topic);
    }
  }

  @Test
  void whatIsPublishedAfterTheAckIsDelivered() {
    Client ada = connect(bus(), "ada");
    publish("t", 0);
    JsonNode ack = ada.acked("'type':'subscribe','topic':'t'");
    publish("t", 1);
    publish("other", 2);
    publish("t", 3);

    assertThat(ack.get("topic").asString()).isEqualTo("t");
    assertThat(ack.get("position").asString()).endsWith(".1");
    assertThat(ack.has("recovered")).isFalse();
    ada.told("event", 2);
    assertThat(ada.heard()).containsExactly("1", "3");
  }

  @Test
  void everySubscriberGetsTheSameBytes() {
    bus();
    List<Client> clients = new ArrayList<>();
    for (int i = 0; i < 20; i++) {
      clients.add(connect(realtime, "u" + i).subscribed("t"));
    }
    publish("t", "x");

    clients.forEach(c -> c.told("event", 1));
    assertThat(clients.stream().map(c -> last(c.connection())).distinct()).hasSize(1);
  }

  private static String last(FakeConnection connection) {
    List<String> messages = connection.messages();
    return messages.get(messages.size() - 1);
  }

  @Test
  void unsubscribedMeansNothingMoreIsDelivered() {
    Client ada = connect(bus(), "ada").subscribed("t");
    publish("t", 1);
    ada.acked("'type':'unsubscribe','topic':'t'");
    publish("t", 2);

    assertThat(ada.heard()).containsExactly("1");
    assertThat(ada.refused("'type':'unsubscribe','topic':'t'")).isEqualTo("NOT_SUBSCRIBED");
  }

  @Test
  void missedMessagesAreInsideTheAck() {
    bus();
    Position since = publish("t", 0);
    publish("t", 1);
    publish("t", 2);

    JsonNode ack =
        connect(realtime, "ada").acked("'type':'subscribe','topic':'t','since':'" + since + "'");

    assertThat(ack.get("recovered").asBoolean()).isTrue();
    assertThat(data(ack)).containsExactly("1", "2");
    assertThat(ack.get("position").asString()).isEqualTo(since.epoch() + ".3");
    assertThat(ack.get("messages").get(0).get("type").asString()).isEqualTo("event");
  }

  @Test
  void whoMissedNothingIsToldSo() {
    bus();
    Position now = publish("t", 0);

    JsonNode ack =
        connect(realtime, "ada").acked("'type':'subscribe','topic':'t','since':'" + now + "'");

    assertThat(ack.get("recovered").asBoolean()).isTrue();
    assertThat(data(ack)).isEmpty();
  }

  @Test
  void recoveryIsRefusedWithAResetRatherThanPartial() {
    settings.channels("t", c -> c.retain(3, Duration.ofHours(1)));
    bus();
    Position first = publish("t", 0);
    for (int i = 1; i <= 4; i++) {
      publish("t", i);
    }
    Client late = connect(realtime, "ada");
    Client stranger = connect(realtime, "bob");

    JsonNode evicted = late.acked("'type':'subscribe','topic':'t','since':'" + first + "'");
    JsonNode unknown = stranger.acked("'type':'subscribe','topic':'t','since':'zz.1'");

    for (JsonNode ack : List.of(evicted, unknown)) {
      assertThat(ack.get("recovered").asBoolean()).isFalse();
      assertThat(data(ack)).isEmpty();
      assertThat(ack.get("position").asString()).isEqualTo(first.epoch() + ".5");
    }
    for (Client client : List.of(late, stranger)) {
      JsonNode reset = client.told("reset", 1).get(0);
      assertThat(reset.get("topic").asString()).isEqualTo("t");
      assertThat(reset.at("/payload/position").asString()).isEqualTo(first.epoch() + ".5");
    }
    assertThat(late.told("reset").get(0).at("/payload/reason").asString()).isEqualTo("EVICTED");
    assertThat(stranger.told("reset").get(0).at("/payload/reason").asString()).isEqualTo("EPOCH");
    publish("t", 9);
    assertThat(late.heard()).containsExactly("9");
  }

  @Test
  void aRecoveryLargerThanAllowedIsRefused() {
    settings.limits(l -> l.recovery(3, 0));
    bus();
    Position since = publish("t", 0);
    for (int i = 1; i <= 3; i++) {
      publish("t", i);
    }
    String subscribe = "'type':'subscribe','topic':'t','since':'" + since + "'";
    assertThat(connect(realtime, "ada").acked(subscribe).get("recovered").asBoolean()).isTrue();
    publish("t", 4);

    assertThat(connect(realtime, "ada").acked(subscribe).get("recovered").asBoolean()).isFalse();
  }

  /** A hundred channels that each missed nearly all that a queue may hold, and more comes. */
  @Test
  void recoveriesOfManyChannelsTakeTurnsAndAreComplete() {
    settings.limits(l -> l.queueBytes(40_000).frames(0, 0));
    bus();
    List<Position> since = new ArrayList<>();
    for (int channel = 0; channel < 100; channel++) {
      since.add(publish("t" + channel, 0));
      for (int i = 0; i < 6; i++) {
        publish("t" + channel, "x".repeat(6_000));
      }
    }
    Client slow = connect(realtime, "ada");
    slow.connection().behave(Sending.STALL);
    List<String> ids = new ArrayList<>();
    for (int channel = 0; channel < 100; channel++) {
      ids.add(slow.tell(resume("t" + channel, since.get(channel))));
      publish("t" + channel, "meanwhile");
    }
    slow.connection().release(Sending.AT_ONCE);

    for (int channel = 0; channel < 100; channel++) {
      JsonNode ack = slow.answer(ids.get(channel)).get("payload");
      assertThat(ack.get("recovered").asBoolean()).as("channel %d", channel).isTrue();
      String topic = "t" + channel;
      eventually()
          .untilAsserted(
              () -> {
                long live =
                    slow.told("event").stream()
                        .filter(e -> e.get("topic").asString().equals(topic))
                        .count();
                assertThat(data(ack).size() + live).as(topic).isEqualTo(7);
              });
    }
    assertThat(slow.told("reset")).isEmpty();
    assertThat(slow.isClosed()).isFalse();
  }

  private static String resume(String topic, Position since) {
    return "'type':'subscribe','topic':'" + topic + "','since':'" + since + "'";
  }

  @Test
  void whoWaitsForATurnIsReadAnewAndMayBeTooLateThen() {
    settings
        .limits(l -> l.queueBytes(10_000))
        .channels("t1", c -> c.retain(2, Duration.ofHours(1)));
    bus();
    List<Position> since = new ArrayList<>();
    for (int channel = 0; channel < 2; channel++) {
      since.add(publish("t" + channel, 0));
      publish("t" + channel, "x".repeat(9_000));
    }
    Client slow = connect(realtime, "ada");
    slow.connection().behave(Sending.STALL);
    slow.say("{'type':'ping'}");
    String first = slow.tell(resume("t0", since.get(0)));
    String second = slow.tell(resume("t1", since.get(1)));
    for (int i = 0; i < 3; i++) {
      publish("t1", i);
    }
    slow.connection().release(Sending.AT_ONCE);

    assertThat(slow.answer(first).at("/payload/recovered").asBoolean()).isTrue();
    assertThat(slow.answer(second).at("/payload/recovered").asBoolean()).isFalse();
    assertThat(slow.told("reset", 1).get(0).at("/payload/reason").asString()).isEqualTo("EVICTED");
    publish("t1", 3);
    eventually().until(() -> slow.heard().equals(List.of("3")));
  }

  @Test
  void aClientThatTakesNothingIsClosedHoweverManyRecoveriesItAskedFor() {
    settings.limits(l -> l.queueBytes(10_000).frames(0, 0));
    bus();
    Position since = publish("t", 0);
    publish("t", "x".repeat(9_000));
    Client slow = connect(realtime, "ada").subscribed("live");
    slow.connection().behave(Sending.STALL);
    slow.say("{'type':'ping'}");
    for (int i = 0; i < 90; i++) {
      slow.tell(resume("t", since));
    }
    for (int i = 0; i < 10; i++) {
      publish("live", "x".repeat(1_000));
    }

    assertThat(slow.closeCode()).isEqualTo(4008);
    eventually().until(() -> realtime.connectionCount() == 0);
  }

  @Test
  void aClientThatReadsTooSlowlyIsClosedAndOthersDoNotNotice() {
    settings.limits(l -> l.queueBytes(10_000));
    bus();
    Client slow = connect(realtime, "slow").subscribed("t");
    Client other = connect(realtime, "other").subscribed("t");
    slow.connection().behave(Sending.STALL);
    for (int i = 0; i < 20; i++) {
      publish("t", "x".repeat(1_000));
    }

    assertThat(slow.closeCode()).isEqualTo(4008);
    other.told("event", 20);
    eventually().until(() -> realtime.connectionCount() == 1);
  }

  @Test
  void aSecondSubscribeChangesTheSubscriptionInPlace() {
    Client ada = connect(bus(), "ada").subscribed("t").subscribed("t");
    publish("t", 1);

    assertThat(ada.heard()).containsExactly("1");
    ada.acked("'type':'unsubscribe','topic':'t'");
    publish("t", 2);
    assertThat(ada.heard()).containsExactly("1");
  }

  @Test
  void syncReplaysAsOrdinaryFramesBeforeItsAck() {
    bus();
    Client ada = connect(realtime, "ada").subscribed("t");
    Position since = publish("t", 0);
    publish("t", 1);
    publish("t", 2);

    JsonNode ack = ada.acked("'type':'sync','after':'" + since + "'");
    publish("t", 3);

    assertThat(ada.heard()).containsExactly("0", "1", "2", "1", "2", "3");
    assertThat(ack.get("recovered").asBoolean()).isTrue();
    assertThat(data(ack)).isEmpty();
    List<String> types =
        ada.connection().frames().stream().map(f -> f.get("type").asString()).toList();
    assertThat(types)
        .containsSubsequence("event", "event", "event", "event", "event", "ack", "event");
  }

  @Test
  void syncFindsItsChannelByTheMessage() {
    bus();
    Client ada = connect(realtime, "ada").subscribed("a").subscribed("b");
    Position inB = publish("b", 0);
    publish("b", 1);

    assertThat(ada.acked("'type':'sync','after':'" + inB + "'").get("topic").asString())
        .isEqualTo("b");
    assertThat(ada.refused("'type':'sync','after':'zz.1'")).isEqualTo("NOT_SUBSCRIBED");
    assertThat(ada.refused("'type':'sync','after':'zz.1','topic':'c'")).isEqualTo("NOT_SUBSCRIBED");
    ada.acked("'type':'unsubscribe','topic':'a'");
    assertThat(ada.acked("'type':'sync','after':'zz.1'").get("recovered").asBoolean()).isFalse();
  }

  @Test
  void commandsSaidInOneBreathAreAllAnsweredInOrder() {
    settings.limits(l -> l.userConnections(0));
    bus();
    crowd("t");
    for (int round = 0; round < 50; round++) {
      Client ada = connect(realtime, "ada");
      ada.say(
          "{'id':1,'type':'subscribe','topic':'t'}\n"
              + "{'id':2,'type':'publish','topic':'t','event':'e','data':'own'}\n"
              + "{'id':3,'type':'subscribe','topic':'t','presence':true}\n"
              + "{'id':4,'type':'unsubscribe','topic':'t'}\n"
              + "{'id':5,'type':'subscribe','topic':'t'}\n"
              + "{'id':6,'type':'publish','topic':'t','event':'e','data':'own'}\n"
              + "{'id':7,'type':'unsubscribe','topic':'t'}");
      eventually().until(() -> ada.told("ack").size() == 7);

      List<String> order = new ArrayList<>();
      for (JsonNode frame : ada.connection().frames()) {
        String type = frame.get("type").asString();
        if (type.equals("ack")) {
          order.add(frame.at("/payload/messageId").toString());
        } else if (type.equals("event")) {
          order.add("own");
        }
      }
      assertThat(order).containsExactly("1", "own", "2", "3", "4", "5", "own", "6", "7");
    }
  }

  @Test
  void anEndedSessionLeavesItsChannels() {
    bus();
    Client ada = connect(realtime, "ada").subscribed("t");
    publish("t", 1);
    ada.connection().drop(1001);
    eventually().until(() -> realtime.connectionCount() == 0);
    publish("t", 2);

    assertThat(ada.heard()).containsExactly("1");
    ada.say("{'type':'subscribe','topic':'t'}"); // too late
    assertThat(ada.told("ack")).hasSize(1);
  }

  @Test
  void withoutAPolicyNothingIsAllowedAndTheFixIsNamed() {
    realtime = Realtime.builder().build();
    Client ada = connect(realtime, "ada");

    for (String fields :
        List.of(
            "'type':'subscribe','topic':'t'",
            "'type':'publish','topic':'t','event':'e','data':1",
            "'type':'track','topic':'t'",
            "'type':'history','topic':'t'",
            "'type':'call','method':'m'")) {
      JsonNode error = ada.ask(fields);
      assertThat(error.at("/payload/code").asString()).isEqualTo("FORBIDDEN");
      assertThat(error.at("/payload/message").asString()).contains("access(");
    }
    assertThat(realtime.admitsGuests()).isFalse();
  }

  @Test
  void aPolicyThatFailsSaysNo() {
    settings.access(
        (who, topic, action) -> {
          switch (topic) {
            case "exception" -> throw new IllegalStateException("database down");
            case "error" -> throw new AssertionError("bug");
            default -> {
              return topic.equals("open");
            }
          }
        });
    Client ada = connect(bus(), "ada");

    for (String topic : List.of("exception", "error", "shut")) {
      JsonNode error = ada.ask("'type':'subscribe','topic':'" + topic + "'");
      assertThat(error.at("/payload/code").asString()).isEqualTo("FORBIDDEN");
      assertThat(error.toString()).doesNotContain("down").doesNotContain("bug");
    }
    ada.subscribed("open");
  }

  @Test
  void asManySubscriptionsAsAllowedAndNotOneMore() {
    settings.limits(l -> l.frames(0, 0).subscriptions(3));
    Client ada = connect(bus(), "ada").subscribed("a").subscribed("b").subscribed("c");

    assertThat(ada.refused("'type':'subscribe','topic':'d'")).isEqualTo("LIMIT_EXCEEDED");
    ada.subscribed("a"); // again is not one more
    ada.acked("'type':'unsubscribe','topic':'a'");
    ada.subscribed("d");
  }

  @Test
  void aChannelNobodySubscribesToIsForgottenByTheHub() {
    bus();
    for (int i = 0; i < 30; i++) {
      Client ada = connect(realtime, "ada").subscribed("t");
      Subscription java = realtime.channel("t").on("*", m -> {});
      ada.subscribed("t");
      if (i % 2 == 0) {
        ada.acked("'type':'unsubscribe','topic':'t'");
      }
      ada.connection().drop(1000);
      java.close();
    }

    eventually().until(() -> realtime.hub().channelCount() == 0);
  }

  @Test
  void aClosingClientThatDoesNotReadIsCutAfterAWhile() {
    bus();
    Client ada = connect(realtime, "ada").subscribed("t");
    ada.connection().behave(Sending.STALL);
    publish("t", 1);
    realtime.revoke(who -> true);
    assertThat(ada.isClosed()).isFalse();

    clock.advance(Duration.ofMillis(5_001));

    assertThat(ada.closeCode()).isEqualTo(4001);
  }
}
