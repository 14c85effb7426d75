package dev.tidewire.jakarta;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.tidewire.AccessPolicy;
import dev.tidewire.TableChannel;
import dev.tidewire.channel.Operation;
import dev.tidewire.channel.RowChange;
import java.net.http.HttpResponse;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

class SseIT {

  private static final JsonMapper MAPPER = JsonMapper.builder().build();
  private static final String[] ADA = {"X-Test-User", "ada"};
  private static TestServer server;

  @BeforeAll
  static void start() throws Exception {
    server =
        TestServer.start(
            builder ->
                builder
                    .access((who, topic, action) -> !topic.startsWith("secret/"))
                    .channels("short/*", c -> c.retain(3, Duration.ofMinutes(1))));
  }

  @AfterAll
  static void stop() throws Exception {
    server.close();
  }

  private static void publish(String topic, Object data) {
    server.realtime().emit("message", data, topic).toCompletableFuture().join();
  }

  @Test
  void theStreamBeginsWithItsHeadersAndWhoIsConnected() {
    try (SseClient ada = SseClient.open(server, "topic=chat/1&topic=chat/2&topic=chat/1", ADA)) {
      assertThat(ada.status()).isEqualTo(200);
      assertThat(ada.headers().firstValue("Content-Type").orElseThrow())
          .isEqualToIgnoringCase("text/event-stream;charset=utf-8");
      assertThat(ada.headers().firstValue("Cache-Control")).hasValue("no-cache, no-transform");
      assertThat(ada.headers().firstValue("X-Accel-Buffering")).hasValue("no");
      // Jetty leaves it out, as it goes without saying in HTTP/1.1.
      assertThat(ada.headers().firstValue("Connection").orElse("keep-alive"))
          .isEqualTo("keep-alive");

      ada.awaitEvents("subscribed", 2);
      assertThat(ada.retry()).isEqualTo("1000");
      JsonNode connected = ada.events().get(0).json();
      assertThat(ada.events().get(0).name()).isEqualTo("connected");
      assertThat(connected.path("topics").values())
          .extracting(JsonNode::asString)
          .containsExactly("chat/1", "chat/2");
      assertThat(connected.path("userId").asString()).isEqualTo("ada");
      assertThat(connected.path("payload").path("session").asString()).hasSizeGreaterThan(20);
      assertThat(connected.path("ts").asString()).isNotEmpty();
    }
  }

  @Test
  void anEventHasItsNameACursorAndTheBytesOfTheWebSocket() {
    try (WireClient socket = server.connect(ADA);
        SseClient stream = SseClient.open(server, "topic=same", ADA)) {
      socket.send("{\"id\":\"s\",\"type\":\"subscribe\",\"topic\":\"same\"}").awaitAnswer("s");
      stream.awaitEvent("subscribed");

      publish("same", Map.of("text", "two\nlines\r\n\u2028and: more"));

      JsonNode frame = socket.awaitEvent("message");
      SseClient.Event event = stream.awaitEvent("message");
      assertThat(event.data()).isEqualTo(frame.toString());
      assertThat(event.id()).isEqualTo("same=" + frame.path("id").asString());
    }
  }

  @ParameterizedTest
  @ValueSource(strings = {"header", "Last-Event-ID", "cursor"})
  void aCursorResumesEveryTopicInWhateverOrder(String how) {
    String a = "resume/" + how + "/a";
    String b = "resume/" + how + "/b";
    String seen;
    try (SseClient first = SseClient.open(server, "topic=" + a + "&topic=" + b, ADA)) {
      first.awaitEvents("subscribed", 2);
      publish(a, 1);
      publish(b, 2);
      first.awaitEvents("message", 2);
      seen = first.lastId();
    }
    publish(b, 3);
    publish(a, 4);
    publish(b, 5);

    String query = "topic=" + b + "&topic=" + a;
    try (SseClient again =
        how.equals("header")
            ? SseClient.open(server, query, "X-Test-User", "ada", "Last-Event-ID", seen)
            : SseClient.open(server, query + "&" + how + "=" + seen, ADA)) {
      again.awaitEvents("subscribed", 2);
      publish(a, 6);
      again.awaitEvents("message", 4);

      assertThat(again.events("reset")).isEmpty();
      assertThat(again.events("subscribed"))
          .allMatch(e -> e.json().path("payload").path("recovered").asBoolean());
      assertThat(data(again, b)).containsExactly(3, 5);
      assertThat(data(again, a)).containsExactly(4, 6);
    }
  }

  private static List<Integer> data(SseClient client, String topic) {
    return client.events("message").stream()
        .map(SseClient.Event::json)
        .filter(f -> f.path("topic").asString().equals(topic))
        .map(f -> f.path("data").asInt())
        .toList();
  }

  @ParameterizedTest
  @ValueSource(strings = {"garbage", "1700000000000", "reset/a=x~reset/b=", "~~~", "reset/a=zz.1"})
  void anUnknownCursorIsAResetOfEveryTopic(String cursor) {
    publish("reset/a", 1);
    try (SseClient client =
        SseClient.open(
            server, "topic=reset/a&topic=reset/b", "X-Test-User", "ada", "Last-Event-ID", cursor)) {
      client.awaitEvents("subscribed", 2);

      assertThat(client.events("reset"))
          .extracting(e -> e.json().path("topic").asString())
          .containsExactlyInAnyOrder("reset/a", "reset/b");
      assertThat(client.events("reset"))
          .allMatch(e -> e.json().path("payload").path("reason").asString().equals("EPOCH"));
      assertThat(client.events("message")).isEmpty();
    }
  }

  @Test
  void onlyWhatCannotBeRecoveredIsReset() {
    String seen;
    try (SseClient first = SseClient.open(server, "topic=short/1&topic=long", ADA)) {
      first.awaitEvents("subscribed", 2);
      seen = first.lastId();
    }
    for (int i = 0; i < 5; i++) {
      publish("short/1", i);
      publish("long", i);
    }
    try (SseClient again =
        SseClient.open(
            server,
            "topic=short/1&topic=long&topic=new",
            "X-Test-User",
            "ada",
            "Last-Event-ID",
            seen)) {
      again.awaitEvents("subscribed", 3);

      assertThat(again.events("reset"))
          .extracting(
              e -> e.json().at("/payload/reason").asString() + e.json().path("topic").asString())
          .containsExactlyInAnyOrder("EVICTEDshort/1", "EPOCHnew");
      assertThat(data(again, "long")).containsExactly(0, 1, 2, 3, 4);
      assertThat(data(again, "short/1")).isEmpty();

      try (SseClient third =
          SseClient.open(
              server,
              "topic=short/1&topic=long&topic=new",
              "X-Test-User",
              "ada",
              "Last-Event-ID",
              again.lastId())) {
        third.awaitEvents("subscribed", 3);
        assertThat(third.events("reset")).isEmpty();
        assertThat(third.events("message")).isEmpty();
      }
    }
  }

  @Test
  void tablesTellTheirRowsAndResets() {
    TableChannel orders = server.realtime().tableChannel("orders");
    try (SseClient client = SseClient.open(server, "topic=orders", ADA)) {
      client.awaitEvent("subscribed");
      Map<String, Object> row = Map.of("id", 7);
      orders.publish(new RowChange("orders", Operation.INSERT, row, null, null, null, null));
      orders.publish(new RowChange("orders", Operation.DELETE, row, null, null, null, null));
      orders.reset();

      assertThat(client.awaitEvent("INSERT").json().at("/data/id").asInt()).isEqualTo(7);
      assertThat(client.awaitEvent("DELETE").json().at("/old/id").asInt()).isEqualTo(7);
      assertThat(client.awaitEvent("reset").json().at("/payload/reason").asString())
          .isEqualTo("UNKNOWN_CHANGE");
    }
  }

  @Test
  void presenceIsToldAndLeavesWithTheStream() throws Exception {
    try (WireClient watcher = server.connect("X-Test-User", "bob")) {
      watcher.send("{\"id\":\"s\",\"type\":\"subscribe\",\"topic\":\"room/1\"}").awaitAnswer("s");
      watcher
          .send("{\"id\":\"t\",\"type\":\"track\",\"topic\":\"room/1\",\"data\":{}}")
          .awaitAnswer("t");
      SseClient ada = SseClient.open(server, "topic=room/1", ADA);
      assertThat(ada.awaitEvent("presence_state").json().path("count").asInt()).isEqualTo(1);
      String session = ada.awaitEvent("connected").json().at("/payload/session").asString();

      HttpResponse<String> answer =
          server.post(
              "/realtime/send?session=" + session,
              "{\"id\":1,\"type\":\"track\",\"topic\":\"room/1\",\"data\":{\"x\":1}}",
              "Content-Type",
              "application/json",
              "X-Test-User",
              "ada");

      assertThat(answer.statusCode()).isEqualTo(200);
      assertThat(MAPPER.readTree(answer.body()).at("/0/payload/messageId").asInt()).isEqualTo(1);
      watcher.awaitFrame("ada", f -> f.path("userId").asString("").equals("ada"));
      assertThat(ada.awaitEvents("presence:join", 1).get(0).json().at("/data/x").asInt())
          .isEqualTo(1);

      ada.close(); // is noticed by writing to it
      await("ada leaves")
          .atMost(Duration.ofSeconds(60))
          .until(
              () ->
                  watcher.frames("presence").stream()
                      .anyMatch(f -> f.path("event").asString().equals("presence:leave")));
    }
  }

  @Test
  void aHeartbeatIsAComment() {
    try (SseClient client = SseClient.open(server, "topic=quiet", ADA)) {
      client.awaitEvent("subscribed");

      WireClient.soon("heartbeat").until(() -> !client.comments().isEmpty());

      assertThat(client.comments().get(0)).isEqualTo(": heartbeat");
      assertThat(client.isEnded()).isFalse();
    }
  }

  @ParameterizedTest
  @CsvSource({
    "topic=a, 401, UNAUTHORIZED",
    "topic=secret/1&as=ada, 403, FORBIDDEN",
    "topic=a&topic=secret/1&as=ada, 403, FORBIDDEN",
    "as=ada, 400, BAD_REQUEST",
    "topic=&as=ada, 400, BAD_REQUEST",
    "topic=a%20b&as=ada, 400, BAD_REQUEST",
    "topic=a%0d%0ab&as=ada, 400, BAD_REQUEST",
    "topic=a&presence=maybe&as=ada, 400, BAD_REQUEST",
    "topic=a&cursor=1&cursor=2&as=ada, 400, BAD_REQUEST",
  })
  void whatIsRefusedIsAProblem(String query, int status, String code) throws Exception {
    String[] headers = query.contains("as=ada") ? ADA : new String[0];
    HttpResponse<String> answer = server.get("/realtime/sse?" + query, headers);

    assertThat(answer.statusCode()).isEqualTo(status);
    assertThat(answer.headers().firstValue("Content-Type").orElseThrow())
        .startsWith("application/problem+json");
    assertThat(MAPPER.readTree(answer.body()).path("code").asString()).isEqualTo(code);
  }

  @Test
  void pagesOfForeignOriginsAndTooManyTopicsAreRefused() throws Exception {
    assertThat(
            server
                .get(
                    "/realtime/sse?topic=a", "X-Test-User", "ada", "Origin", "https://evil.example")
                .statusCode())
        .isEqualTo(403);
    StringBuilder topics = new StringBuilder();
    for (int i = 0; i <= 100; i++) {
      topics.append("&topic=t").append(i);
    }
    assertThat(server.get("/realtime/sse?x" + topics, ADA).statusCode()).isEqualTo(422);
    String longTopics = ("&topic=" + "x".repeat(240)).repeat(1);
    StringBuilder many = new StringBuilder();
    for (int i = 10; i < 40; i++) {
      many.append(longTopics).append(i);
    }
    assertThat(server.get("/realtime/sse?x" + many, ADA).statusCode()).isIn(422, 414, 431);
  }

  @Test
  void aRevokedClientIsToldAndItsStreamEnds() {
    try (SseClient eve = SseClient.open(server, "topic=a", "X-Test-User", "eve")) {
      eve.awaitEvent("subscribed");

      server.realtime().revoke(who -> who.userId().equals("eve"));

      assertThat(eve.awaitEvent("close").json().at("/payload/code").asInt()).isEqualTo(4001);
      eve.awaitEnd();
    }
  }

  @Test
  void undeploymentTellsStreamsToComeBackAndEndsThem() throws Exception {
    try (TestServer other = TestServer.start(b -> b.access(AccessPolicy.open()))) {
      try (SseClient client = SseClient.open(other, "topic=a")) {
        client.awaitEvent("subscribed");

        other.undeploy();

        client.awaitEnd();
        assertThat(client.events("advice")).hasSize(1);
        assertThat(client.awaitEvent("close").json().at("/payload/code").asInt()).isEqualTo(1001);
      }
    }
  }
}
