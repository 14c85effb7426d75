package dev.tidewire;

import static dev.tidewire.Client.eventually;
import static dev.tidewire.testing.Drafts.await;
import static dev.tidewire.testing.Json.json;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.tidewire.channel.Cursor;
import dev.tidewire.testing.FakeConnection;
import dev.tidewire.testing.Json;
import dev.tidewire.testing.ManualClock;
import dev.tidewire.testing.WrappedBroker;
import dev.tidewire.transport.Connection;
import dev.tidewire.transport.Frame;
import dev.tidewire.transport.Session;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletionStage;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import tools.jackson.databind.JsonNode;

/** Clients that hear on one request and speak on others. */
class StreamsTest {

  private static final Identity ADA = Identity.of("ada");

  private final ManualClock clock = new ManualClock();
  private final WrappedBroker broker = new WrappedBroker(clock);
  private final FakeConnection connection = new FakeConnection();
  private final Realtime realtime =
      Realtime.builder()
          .clock(clock)
          .access((who, topic, action) -> !topic.startsWith("secret/"))
          .broker(broker)
          .channels("few", c -> c.retain(1, Duration.ofHours(1)))
          .build();

  @AfterEach
  void close() {
    realtime.close();
  }

  private static StreamRequest request(@Nullable String cursor, String... topics) {
    return new StreamRequest(List.of(topics), cursor == null ? null : Cursor.parse(cursor), false);
  }

  private Session open(@Nullable String cursor, String... topics) {
    Session session = realtime.streams().open(connection, ADA, request(cursor, topics));
    connection.attach(session);
    return session;
  }

  private String position(String topic, int data) {
    return await(realtime.channel(topic).publish("e", data)).toString();
  }

  private List<String> story() {
    return connection.frames().stream()
        .map(f -> f.get("type").asString() + f.path("data").asString(""))
        .toList();
  }

  private List<JsonNode> send(String frames) {
    String secret = connection.frames("connected").get(0).at("/payload/session").asString();
    CompletionStage<List<String>> answers =
        realtime.streams().send(ADA, "192.0.2.1", secret, json(frames));
    return await(answers).stream().map(Json::parse).toList();
  }

  @Test
  void whatWasMissedComesBetweenConnectedAndSubscribed() {
    String first = position("a", 1);
    position("a", 2);
    position("a", 3);

    open("a=" + first, "a");
    position("a", 4);

    eventually().until(() -> story().size() == 5);
    assertThat(story()).containsExactly("connected", "event2", "event3", "subscribed", "event4");
    assertThat(connection.frames("subscribed").get(0).at("/payload/recovered").asBoolean())
        .isTrue();
  }

  @Test
  void aResetIsToldBeforeItsPositionCounts() {
    String first = position("few", 1);
    position("few", 2);
    position("few", 3);

    open("few=" + first, "few");

    assertThat(story()).containsExactly("connected", "reset", "subscribed");
    assertThat(connection.frames("subscribed").get(0).at("/payload/recovered").asBoolean())
        .isFalse();
  }

  @Test
  void everyFrameSaysWhatItIsAlsoWhenSeveralAreJoined() {
    List<String> marks = new ArrayList<>();
    Connection listening =
        new Connection() {
          @Override
          public void send(Frame frame, Completion completion) {
            frame.forEach(
                one -> {
                  Frame.Mark mark = one.mark();
                  marks.add(mark == null ? "?" : mark.event() + '@' + mark.position());
                });
            completion.sent();
          }

          @Override
          public void close(int code, String reason) {}

          @Override
          public String remoteAddress() {
            return "";
          }
        };
    String before = position("a", 1);
    String missed = position("a", 2);
    realtime.streams().open(listening, ADA, request("a=" + before, "a"));
    String live = position("a", 3);

    eventually().until(() -> marks.size() == 4);
    assertThat(marks)
        .containsExactly("connected@null", "e@" + missed, "subscribed@" + missed, "e@" + live);
  }

  @Test
  void aRefusedTopicIsARefusedStream() {
    assertThatThrownBy(() -> open(null, "a", "secret/1")).isInstanceOf(Rejection.class);
    assertThatThrownBy(() -> realtime.streams().open(connection, null, request(null, "a")))
        .isInstanceOf(Rejection.class);
    assertThatThrownBy(() -> request(null)).isInstanceOf(Rejection.class);
    assertThatThrownBy(() -> request(null, "a b")).isInstanceOf(Rejection.class);

    assertThat(connection.messages()).isEmpty();
    assertThat(realtime.connectionCount()).isZero();
  }

  @Test
  void aChannelThatCannotBeReadEndsTheStream() {
    broker.failWith(new RealtimeException("broken", null));

    open(null, "a");

    eventually().until(() -> connection.closed() != null);
    assertThat(connection.closed().code()).isEqualTo(4010);
    assertThat(story()).containsExactly("connected", "error");
    eventually().until(() -> realtime.connectionCount() == 0);
  }

  @Test
  void answersGoBackWithTheirRequestInItsOrder() {
    open(null, "a");

    List<JsonNode> answers =
        send(
            "{'id':1,'type':'publish','topic':'a','event':'e','data':1}\n"
                + "{'type':'track','topic':'a','data':{}}\n"
                + "{'id':2,'type':'sync','after':'k.1'}\n"
                + "{'id':3,'type':'untrack','topic':'a'}");

    assertThat(answers)
        .extracting(a -> a.get("type").asString() + a.at("/payload/messageId"))
        .containsExactly("ack1", "error2", "ack3");
    eventually().until(() -> story().contains("event1"));
    assertThat(connection.frames("ack")).isEmpty();
    assertThat(connection.frames("error")).isEmpty();
  }

  @Test
  void anEndedStreamTakesNoFrames() {
    Session session = open(null, "a");
    String secret = connection.frames("connected").get(0).at("/payload/session").asString();
    session.closed(1000);

    assertThatThrownBy(() -> realtime.streams().send(ADA, "192.0.2.1", secret, "{}"))
        .isInstanceOf(Rejection.class);
    assertThatThrownBy(() -> realtime.streams().send(null, "192.0.2.1", null, "{}"))
        .isInstanceOf(Rejection.class);
  }
}
