package dev.tidewire.jakarta;

import static org.assertj.core.api.Assertions.assertThat;

import dev.tidewire.Rejection;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import tools.jackson.databind.JsonNode;

class WebSocketIT {

  private TestServer server;

  @BeforeEach
  void start() throws Exception {
    server = TestServer.open();
  }

  @AfterEach
  void stop() throws Exception {
    server.close();
  }

  @Test
  void whatOneClientPublishesTheOtherReceives() {
    try (WireClient ada = server.connect();
        WireClient bob = server.connect()) {
      ada.send("{\"id\":\"s\",\"type\":\"subscribe\",\"topic\":\"chat/general\"}").awaitAnswer("s");

      bob.send(publish("p", "chat/general", "\"hello\""));

      JsonNode event = ada.awaitEvent("message");
      assertThat(event.path("type").asString()).isEqualTo("event");
      assertThat(event.path("data").asString()).isEqualTo("hello");
      assertThat(event.path("userId").asString())
          .isEqualTo(bob.awaitType("welcome").path("payload").path("userId").asString());
      assertThat(event.path("id").asString())
          .isEqualTo(bob.awaitAnswer("p").path("payload").path("position").asString());
    }
  }

  @Test
  void thePublishersOwnCopyComesBeforeItsAck() {
    try (WireClient ada = server.connect()) {
      ada.send("{\"id\":\"s\",\"type\":\"subscribe\",\"topic\":\"t\"}").awaitAnswer("s");
      for (int i = 0; i < 40; i++) {
        ada.send(publish("p" + i, "t", "" + i));
      }
      ada.awaitAnswer("p39");

      for (int i = 0; i < 40; i++) {
        int n = i;
        int own = indexOf(ada, f -> f.has("data") && f.path("data").asInt(-1) == n);
        int ack =
            indexOf(ada, f -> f.path("payload").path("messageId").asString("").equals("p" + n));
        assertThat(own).isNotNegative().isLessThan(ack);
      }
    }
  }

  @Test
  void aClientThatComesBackGetsExactlyWhatItMissed() {
    WireClient ada = server.connect();
    ada.send("{\"id\":\"s\",\"type\":\"subscribe\",\"topic\":\"t\"}").awaitAnswer("s");
    emit(0, 10);
    JsonNode last = ada.awaitFrame("tenth", f -> f.path("data").asInt(-1) == 9);
    ada.drop();
    emit(10, 50);

    try (WireClient back = server.connect()) {
      back.send(
          "{\"id\":\"s\",\"type\":\"subscribe\",\"topic\":\"t\",\"since\":\""
              + last.path("id").asString()
              + "\"}");
      emit(50, 60);

      JsonNode ack = back.awaitAnswer("s").path("payload");
      assertThat(ack.path("recovered").asBoolean()).isTrue();
      List<Integer> seen = new ArrayList<>();
      ack.path("messages").forEach(m -> seen.add(m.path("data").asInt()));
      if (!seen.contains(59)) {
        back.awaitFrame("last", f -> f.path("data").asInt(-1) == 59);
      }
      back.frames("event").forEach(m -> seen.add(m.path("data").asInt()));
      assertThat(seen).containsExactlyElementsOf(IntStream.range(10, 60).boxed().toList());
    }
  }

  @Test
  void aPositionOfAnotherLifeIsRefusedLoudly() {
    try (WireClient ada = server.connect()) {
      ada.send("{\"id\":\"s\",\"type\":\"subscribe\",\"topic\":\"t\",\"since\":\"zzz.7\"}");

      assertThat(ada.awaitAnswer("s").path("payload").path("recovered").asBoolean(true)).isFalse();
      assertThat(ada.awaitType("reset").path("payload").path("reason").asString())
          .isEqualTo("EPOCH");
    }
  }

  @Test
  void presenceLeavesWithTheConnection() {
    try (WireClient watcher = server.connect()) {
      watcher
          .send("{\"id\":\"s\",\"type\":\"subscribe\",\"topic\":\"room/1\",\"presence\":true}")
          .awaitType("presence_state");
      WireClient ada = server.connect();
      ada.send("{\"type\":\"track\",\"topic\":\"room/1\",\"data\":{\"name\":\"Ada\"}}");
      JsonNode join = watcher.awaitEvent("presence:join");
      assertThat(join.path("data").path("name").asString()).isEqualTo("Ada");

      ada.drop();

      JsonNode leave = watcher.awaitEvent("presence:leave");
      assertThat(leave.path("userId").asString()).isEqualTo(join.path("userId").asString());
      assertThat(leave.path("rev").asLong()).isEqualTo(join.path("rev").asLong() + 1);
    }
  }

  @Test
  void callsAreAnsweredOrRejectedWithTheApplicationsCode() {
    server
        .realtime()
        .onCall(
            "bid",
            request -> {
              int amount = (Integer) request.as(Map.class).get("amount");
              if (amount < 100) {
                throw new Rejection("too_low", "bid at least 100");
              }
              return Map.of("accepted", amount);
            });
    try (WireClient ada = server.connect()) {
      ada.send("{\"id\":\"a\",\"type\":\"call\",\"method\":\"bid\",\"data\":{\"amount\":120}}");
      ada.send("{\"id\":\"b\",\"type\":\"call\",\"method\":\"bid\",\"data\":{\"amount\":7}}");

      assertThat(ada.awaitAnswer("a").path("payload").path("data").path("accepted").asInt())
          .isEqualTo(120);
      JsonNode refused = ada.awaitAnswer("b");
      assertThat(refused.path("type").asString()).isEqualTo("error");
      assertThat(refused.path("payload").path("code").asString()).isEqualTo("too_low");
    }
  }

  @Test
  void severalFramesInOneMessageAreAnsweredOneByOne() {
    try (WireClient ada = server.connect()) {
      ada.send(
          "{\"id\":\"1\",\"type\":\"subscribe\",\"topic\":\"a\"}\n"
              + "nonsense\n"
              + "{\"id\":\"2\",\"type\":\"subscribe\",\"channel\":\"b\"}");

      assertThat(ada.awaitAnswer("1").path("type").asString()).isEqualTo("ack");
      assertThat(ada.awaitAnswer("2").path("type").asString()).isEqualTo("ack");
      assertThat(ada.frames("error")).hasSize(1);
    }
  }

  @Test
  void undeployingTellsClientsToComeBackAndLeavesNoThread() throws Exception {
    WireClient ada = server.connect();
    ada.send("{\"id\":\"s\",\"type\":\"subscribe\",\"topic\":\"t\"}").awaitAnswer("s");

    server.undeploy();

    assertThat(ada.awaitClose()).isEqualTo(1001);
    JsonNode advice = ada.awaitType("advice").path("payload");
    assertThat(advice.path("reconnect").asString()).isEqualTo("retry");
    assertThat(advice.path("delayMs").get(1).asInt()).isEqualTo(15_000);
    WireClient.soon("threads")
        .until(
            () ->
                Thread.getAllStackTraces().keySet().stream()
                    .noneMatch(t -> t.getName().startsWith("tidewire-")));
  }

  private void emit(int from, int to) {
    for (int i = from; i < to; i++) {
      server.realtime().emit("n", i, "t").toCompletableFuture().join();
    }
  }

  private static String publish(String id, String topic, String data) {
    return "{\"id\":\""
        + id
        + "\",\"type\":\"publish\",\"topic\":\""
        + topic
        + "\",\"event\":\"message\",\"data\":"
        + data
        + "}";
  }

  private static int indexOf(WireClient client, java.util.function.Predicate<JsonNode> which) {
    List<JsonNode> frames = client.frames();
    return IntStream.range(0, frames.size())
        .filter(i -> which.test(frames.get(i)))
        .findFirst()
        .orElse(-1);
  }
}
