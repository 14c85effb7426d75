package dev.tidewire.jakarta;

import static org.assertj.core.api.Assertions.assertThat;

import dev.tidewire.AccessPolicy;
import dev.tidewire.channel.Position;
import java.time.Duration;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/** Coming back with a place that cannot be read: one answer for each case, on every transport. */
class LostPlacesIT {

  private static final JsonMapper JSON = JsonMapper.builder().build();
  private static final int PUBLISHED = 5;
  private static TestServer server;
  private static String epoch;

  @BeforeAll
  static void start() throws Exception {
    server =
        TestServer.start(
            b ->
                b.access(AccessPolicy.open())
                    .channels("few", c -> c.retain(2, Duration.ofHours(1))));
    Position last = null;
    for (int i = 0; i < PUBLISHED; i++) {
      last = server.realtime().emit("n", i, "few").toCompletableFuture().join();
    }
    epoch = last.epoch();
  }

  @AfterAll
  static void stop() throws Exception {
    server.close();
  }

  enum Place {
    EPOCH_CHANGED("few", "EPOCH") {
      @Override
      String text() {
        return "another." + PUBLISHED;
      }
    },
    EVICTED("few", "EVICTED") {
      @Override
      String text() {
        return epoch + ".1";
      }
    },
    IN_THE_FUTURE("few", "EPOCH") {
      @Override
      String text() {
        return epoch + "." + (PUBLISHED + 1);
      }
    },
    NEVER_SEEN_TOPIC("never", "EPOCH") {
      @Override
      String text() {
        return epoch + ".3";
      }
    };

    final String topic;
    final String reason;

    Place(String topic, String reason) {
      this.topic = topic;
      this.reason = reason;
    }

    abstract String text();

    int end() {
      return topic.equals("few") ? PUBLISHED : 0;
    }
  }

  private static void isRefused(JsonNode answer, Place place) {
    assertThat(answer.path("recovered").asBoolean(true)).as("%s", answer).isFalse();
    assertThat(answer.path("messages").size()).isZero();
    assertThat(answer.path("position").asString()).endsWith("." + place.end());
  }

  private static void isReset(JsonNode frame, Place place) {
    assertThat(frame.path("topic").asString()).as("%s", frame).isEqualTo(place.topic);
    assertThat(frame.at("/payload/reason").asString()).isEqualTo(place.reason);
    assertThat(frame.at("/payload/position").asString()).endsWith("." + place.end());
  }

  @ParameterizedTest
  @EnumSource
  void aSubscriptionIsRefusedRecoveryAndReset(Place place) {
    try (WireClient client = server.connect()) {
      client.send(subscribe(place.topic, place.text()));

      isRefused(client.awaitAnswer("s").path("payload"), place);
      isReset(client.awaitType("reset"), place);
      assertThat(client.frames("event")).isEmpty();
    }
  }

  @ParameterizedTest
  @EnumSource
  void aReplayIsRefusedAndReset(Place place) {
    try (WireClient client = server.connect()) {
      client
          .send("{\"id\":\"1\",\"type\":\"subscribe\",\"topic\":\"" + place.topic + "\"}")
          .awaitAnswer("1");
      client.send(
          "{\"id\":\"s\",\"type\":\"sync\",\"topic\":\"%s\",\"after\":\"%s\"}"
              .formatted(place.topic, place.text()));

      isRefused(client.awaitAnswer("s").path("payload"), place);
      isReset(client.awaitType("reset"), place);
      assertThat(client.frames("event")).isEmpty();
    }
  }

  @ParameterizedTest
  @EnumSource
  void aStreamIsReset(Place place) {
    try (SseClient client = stream(place.topic, place.topic + "=" + place.text())) {
      isRefused(client.awaitEvent("subscribed").json().path("payload"), place);
      isReset(client.awaitEvent("reset").json(), place);
      assertThat(client.events("n")).isEmpty();
      assertThat(client.lastId()).startsWith(place.topic + "=").endsWith("." + place.end());
    }
  }

  @ParameterizedTest
  @EnumSource
  void aPollIsReset(Place place) throws Exception {
    JsonNode body = poll(place.topic, place.topic + "=" + place.text());

    assertThat(body.path("messages")).hasSize(1);
    isReset(body.at("/messages/0"), place);
    assertThat(body.path("cursor").asString()).endsWith("." + place.end());
  }

  @Test
  void whatIsNoPlaceIsABadRequestOverAWebSocketAndResetElsewhere() throws Exception {
    try (WireClient client = server.connect()) {
      JsonNode answer = client.send(subscribe("few", "what")).awaitAnswer("s");
      assertThat(answer.at("/payload/code").asString()).isEqualTo("BAD_REQUEST");
      client.send("{\"id\":\"u\",\"type\":\"unsubscribe\",\"topic\":\"few\"}");
      assertThat(client.awaitAnswer("u").at("/payload/code").asString())
          .isEqualTo("NOT_SUBSCRIBED");
    }
    for (String cursor : new String[] {"what", "few=what", "few=" + epoch + ".03", "other=a.1"}) {
      try (SseClient client = stream("few", cursor)) {
        client.awaitEvent("subscribed");
        assertThat(client.awaitEvent("reset").json().at("/payload/reason").asString())
            .as(cursor)
            .isEqualTo("EPOCH");
      }
      assertThat(poll("few", cursor).at("/messages/0/payload/reason").asString())
          .as(cursor)
          .isEqualTo("EPOCH");
    }
  }

  private static String subscribe(String topic, String since) {
    return "{\"id\":\"s\",\"type\":\"subscribe\",\"topic\":\"%s\",\"since\":\"%s\"}"
        .formatted(topic, since);
  }

  private static SseClient stream(String topic, String cursor) {
    return SseClient.open(server, "presence=false&topic=" + topic, "Last-Event-ID", cursor);
  }

  private static JsonNode poll(String topic, String cursor) throws Exception {
    return JSON.readTree(server.get("/realtime/poll?topic=" + topic + "&cursor=" + cursor).body());
  }
}
