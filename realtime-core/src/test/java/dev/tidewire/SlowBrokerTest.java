package dev.tidewire;

import static dev.tidewire.Client.connect;
import static dev.tidewire.Client.eventually;
import static dev.tidewire.testing.Drafts.await;
import static org.assertj.core.api.Assertions.assertThat;

import dev.tidewire.broker.Tail;
import dev.tidewire.channel.Position;
import dev.tidewire.testing.ManualClock;
import dev.tidewire.testing.WrappedBroker;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import tools.jackson.databind.JsonNode;

/** A broker behind a network answers later than publications arrive, and in any order. */
class SlowBrokerTest {

  private static final String SUBSCRIBE = "'type':'subscribe','topic':'t'";

  private final ManualClock clock = new ManualClock();
  private final WrappedBroker broker = new WrappedBroker(clock);
  private final Realtime realtime =
      Realtime.builder()
          .clock(clock)
          .access((who, topic, action) -> action != AccessPolicy.Action.PRESENCE_READ)
          .broker(broker)
          .limits(l -> l.frames(0, 0).queueBytes(0))
          .channels("t", c -> c.retain(100_000, Duration.ofHours(1)))
          .build();

  @AfterEach
  void close() {
    realtime.close();
  }

  private void publish(int data) {
    await(realtime.channel("t").publish("e", data));
  }

  /** What a client was told, in order: events by their data, acks by their command and place. */
  private static List<String> story(Client client) {
    List<String> story = new ArrayList<>();
    for (JsonNode frame : client.connection().frames()) {
      switch (frame.get("type").asString()) {
        case "event" -> story.add(frame.get("data").toString());
        case "ack" -> {
          String position = frame.at("/payload/position").asString("");
          story.add(
              frame.at("/payload/messageId").asString()
                  + position.substring(position.indexOf('.') + 1).replaceAll("^", ">"));
          frame.at("/payload/messages").forEach(m -> story.add("+" + m.get("data")));
        }
        case "welcome" -> {}
        default -> story.add(frame.get("type").asString());
      }
    }
    return story;
  }

  @Test
  void whatIsPublishedBeforeTheAnswerComesAfterIt() {
    Client ada = connect(realtime, "ada");
    publish(1);
    broker.holdReads();
    ada.tell(SUBSCRIBE);
    publish(2);
    publish(3);
    assertThat(story(ada)).isEmpty();
    broker.answerFirst();
    publish(4);

    assertThat(story(ada)).containsExactly("c1>1", "2", "3", "4");
  }

  @Test
  void missedMessagesComeFirstThenThoseHeldBack() {
    Client ada = connect(realtime, "ada");
    publish(1);
    publish(2);
    broker.holdReads();
    String epoch = "e1";
    ada.tell(SUBSCRIBE + ",'since':'" + epoch + ".1'");
    publish(3);
    broker.answerFirst();

    assertThat(story(ada)).containsExactly("c1>2", "+2", "3");
  }

  @Test
  void anUnsubscribeWaitsForItsSubscribe() {
    Client ada = connect(realtime, "ada");
    broker.holdReads();
    ada.tell(SUBSCRIBE);
    publish(1);
    ada.tell("'type':'unsubscribe','topic':'t'");
    publish(2);
    assertThat(story(ada)).isEmpty();
    broker.answerFirst();

    assertThat(story(ada)).containsExactly("c1>0", "1", "c2>");
    assertThat(realtime.hub().channelCount()).isZero();
  }

  @ParameterizedTest
  @ValueSource(booleans = {false, true})
  void whoComesBackIsAnsweredAfterWhatItGaveUp(boolean channelLivesOn) {
    if (channelLivesOn) {
      connect(realtime, "bob").acked(SUBSCRIBE);
    }
    Client ada = connect(realtime, "ada");
    broker.holdReads();
    ada.tell(SUBSCRIBE);
    publish(1);
    ada.tell("'type':'unsubscribe','topic':'t'");
    publish(2);
    ada.tell(SUBSCRIBE);
    publish(3);
    broker.answerLast();
    assertThat(story(ada)).isEmpty();
    broker.answerFirst();

    assertThat(story(ada)).containsExactly("c1>0", "1", "c2>", "c3>2", "3");
  }

  @Test
  void answersInTheOtherOrderDoNotChangeTheOrderOfTheClient() {
    Client ada = connect(realtime, "ada");
    broker.holdReads();
    ada.tell(SUBSCRIBE);
    publish(1);
    ada.tell(SUBSCRIBE);
    publish(2);
    ada.tell(SUBSCRIBE + ",'since':'e1.1'");
    publish(3);
    for (int i = 0; i < 3; i++) {
      assertThat(story(ada)).isEmpty();
      broker.answerLast();
    }

    assertThat(story(ada)).containsExactly("c1>0", "1", "c2>1", "2", "c3>2", "+2", "3");
  }

  @Test
  void aResubscribeInPlaceWithoutPositionLosesNothing() {
    Client ada = connect(realtime, "ada");
    ada.acked(SUBSCRIBE);
    publish(1);
    broker.holdReads();
    ada.tell(SUBSCRIBE);
    publish(2);
    broker.answerFirst();
    publish(3);

    assertThat(story(ada)).containsExactly("c1>0", "1", "c2>1", "2", "3");
  }

  @Test
  void aReadThatFailsIsToldAndTheNextTryIsFree() {
    Client ada = connect(realtime, "ada");
    broker.failWith(new UnsupportedOperationException("10.0.0.7"));
    assertThat(ada.refused(SUBSCRIBE)).isEqualTo("UNAVAILABLE");
    broker.failWith(null);
    publish(1);
    assertThat(ada.heard()).isEmpty();
    eventually().until(() -> realtime.hub().channelCount() == 0);
    ada.acked(SUBSCRIBE);
    publish(2);

    assertThat(ada.heard()).containsExactly("2");
    ada.acked("'type':'unsubscribe','topic':'t'");
    assertThat(realtime.hub().channelCount()).isZero();
  }

  @Test
  void aResubscribeThatFailsEndsTheSubscriptionAndSaysSo() {
    Client ada = connect(realtime, "ada");
    ada.acked(SUBSCRIBE);
    broker.failWith(new UnsupportedOperationException());
    assertThat(ada.refused(SUBSCRIBE)).isEqualTo("UNAVAILABLE");
    broker.failWith(null);
    publish(1);

    assertThat(ada.heard()).isEmpty();
    assertThat(ada.refused("'type':'unsubscribe','topic':'t'")).isEqualTo("NOT_SUBSCRIBED");
    assertThat(realtime.hub().channelCount()).isZero();
  }

  @Test
  void aSessionThatEndsBeforeTheAnswerLeavesNothingBehind() {
    Client ada = connect(realtime, "ada");
    broker.holdReads();
    ada.tell(SUBSCRIBE);
    ada.connection().drop(1000);
    eventually().until(() -> realtime.hub().channelCount() == 0);
    broker.answerFirst();

    assertThat(story(ada)).isEmpty();
    assertThat(realtime.connectionCount()).isZero();
  }

  @Test
  void aBrokerThatNeverAnswersDoesNotFillTheMemory() {
    Client ada = connect(realtime, "ada");
    broker.holdReads();
    String id = ada.tell(SUBSCRIBE);
    for (int i = 0; i <= 10_000; i++) {
      realtime.channel("t").publish("e", i);
    }
    broker.answerFirst();

    assertThat(ada.answer(id).at("/payload/code").asString()).isEqualTo("UNAVAILABLE");
    assertThat(realtime.hub().channelCount()).isZero();
  }

  @Test
  void whatABrokerLostIsToldToEveryKindOfSubscriberInItsPlace() {
    List<String> java = new CopyOnWriteArrayList<>();
    realtime.channel("t").on("*", message -> java.add(message.event() + message.position()));
    Client client = connect(realtime, "u").subscribed("t");
    publish(1);
    Position first = Position.parse(client.told("event", 1).get(0).get("id").asString());

    broker.lose("t", Tail.Outcome.EVICTED, new Position(first.epoch(), 7));
    broker.lose("t", Tail.Outcome.EPOCH, new Position("new", 0));

    List<JsonNode> resets = client.told("reset", 2);
    assertThat(resets.get(0).at("/payload/reason").asString()).isEqualTo("EVICTED");
    assertThat(resets.get(0).at("/payload/position").asString()).isEqualTo(first.epoch() + ".7");
    assertThat(resets.get(1).at("/payload/reason").asString()).isEqualTo("EPOCH");
    assertThat(resets.get(1).at("/payload/position").asString()).isEqualTo("new.0");
    eventually().until(() -> java.size() == 3);
    assertThat(java).containsExactly("e" + first, "reset" + first.epoch() + ".7", "resetnew.0");
  }
}
