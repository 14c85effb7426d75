package dev.tidewire.jakarta;

import static org.assertj.core.api.Assertions.assertThat;

import dev.tidewire.AccessPolicy;
import dev.tidewire.Identity;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.util.Set;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/** The inspector over HTTP: who gets in, what it tells, and what never. */
class InspectorIT {

  private static final JsonMapper JSON = JsonMapper.builder().build();
  private static final String CANARY = "canary-9f2c";
  private static final String[] ADMIN = {"X-Test-User", "root"};
  private static TestServer server;

  @BeforeAll
  static void start() throws Exception {
    server =
        TestServer.start(
            EndpointOptions.defaults()
                .inspector()
                .handshake(HandshakePolicy.sameOrigin().allowOrigins("https://listed.example")),
            builder ->
                builder
                    .access(AccessPolicy.open().inspectedBy(who -> who.userId().equals("root")))
                    .tokens(token -> token.startsWith(CANARY) ? Identity.of("token-user") : null));
  }

  @AfterAll
  static void stop() throws Exception {
    server.close();
  }

  private static JsonNode ask(String path) throws Exception {
    HttpResponse<String> answer = server.get("/realtime/inspector/" + path, ADMIN);
    assertThat(answer.statusCode()).as(answer.body()).isEqualTo(200);
    assertThat(answer.headers().firstValue("Content-Type")).hasValue("application/json");
    assertThat(answer.headers().firstValue("Cache-Control")).hasValue("no-store");
    assertThat(answer.body()).doesNotContain(CANARY);
    return JSON.readTree(answer.body());
  }

  @ParameterizedTest
  @ValueSource(strings = {"", "/", "/summary", "/inspector.js", "/connections", "/index.html"})
  void nothingIsThereUntilItIsSwitchedOn(String path) throws Exception {
    try (TestServer off =
        TestServer.start(b -> b.access(AccessPolicy.open().inspectedBy(who -> true)))) {
      assertThat(off.get("/realtime/inspector" + path, ADMIN).statusCode()).isEqualTo(404);
    }
  }

  @ParameterizedTest
  @ValueSource(
      strings = {"/", "/summary", "/inspector.js", "/connections", "/channel?topic=a", "/nothing"})
  void onlyThoseGetInWhomThePolicyLetsIn(String path) throws Exception {
    String where = "/realtime/inspector" + path;
    HttpResponse<String> nobody = server.get(where);
    assertThat(nobody.statusCode()).isEqualTo(401);
    assertThat(JSON.readTree(nobody.body()).path("code").asString()).isEqualTo("UNAUTHORIZED");
    assertThat(server.get(where, "X-Test-User", "ada").statusCode()).isEqualTo(403);
    assertThat(server.get(where, ADMIN).statusCode())
        .isEqualTo(path.equals("/nothing") ? 404 : 200);
    assertThat(
            server.get(where, "X-Test-User", "root", "Origin", "https://evil.example").statusCode())
        .isEqualTo(403);
    HttpResponse<String> listed =
        server.get(where, "X-Test-User", "root", "Origin", "https://listed.example");
    assertThat(listed.statusCode()).isEqualTo(403);
    assertThat(listed.headers().firstValue("Access-Control-Allow-Origin")).isEmpty();
  }

  @Test
  void anOpenPolicyDoesNotOpenIt() throws Exception {
    try (TestServer open =
        TestServer.start(
            EndpointOptions.defaults().inspector(), b -> b.access(AccessPolicy.open()))) {
      assertThat(open.get("/realtime/inspector/").statusCode()).isEqualTo(401);
      assertThat(open.get("/realtime/inspector/summary", ADMIN).statusCode()).isEqualTo(403);
    }
  }

  @Test
  void thePageMayLoadNothingButItsOwnFiles() throws Exception {
    HttpResponse<String> page = server.get("/realtime/inspector/", ADMIN);
    assertThat(page.headers().firstValue("Content-Type").orElseThrow()).startsWith("text/html");
    String policy = page.headers().firstValue("Content-Security-Policy").orElseThrow();
    assertThat(policy).startsWith("default-src 'none';").contains("frame-ancestors 'none'");
    assertThat(policy).doesNotContain("unsafe", "http", "*");
    assertThat(page.body()).doesNotContain("style=", "<style", "onclick=", "//");
    for (String file : Set.of("inspector.js", "inspector.css", "mark.svg", "views.js")) {
      HttpResponse<String> answer = server.get("/realtime/inspector/" + file, ADMIN);
      assertThat(answer.statusCode()).as(file).isEqualTo(200);
      assertThat(answer.headers().firstValue("X-Content-Type-Options")).hasValue("nosniff");
    }
    HttpResponse<String> bare = server.get("/realtime/inspector", ADMIN);
    assertThat(bare.statusCode()).isEqualTo(302);
    assertThat(bare.headers().firstValue("Location").orElseThrow())
        .endsWith("/app/realtime/inspector/");
    assertThat(
            server
                .send(
                    HttpRequest.newBuilder(server.uri("/realtime/inspector/summary"))
                        .method("DELETE", HttpRequest.BodyPublishers.noBody()),
                    ADMIN)
                .statusCode())
        .isEqualTo(405);
  }

  @Test
  void connectionsChannelsAndWhatBecameOfAnEventAreToldWithoutPayloads() throws Exception {
    try (WireClient ada = server.connect("X-Test-User", "ada");
        SseClient stream = SseClient.open(server, "topic=room/1");
        WireClient token = server.connect()) {
      ada.send("{\"id\":\"s\",\"type\":\"subscribe\",\"topic\":\"room/1\"}").awaitAnswer("s");
      ada.send(
              "{\"id\":\"t\",\"type\":\"track\",\"topic\":\"room/1\",\"data\":{\"name\":\""
                  + CANARY
                  + "\"}}")
          .awaitAnswer("t");
      token.send("{\"id\":\"a\",\"type\":\"auth\",\"token\":\"" + CANARY + "\"}").awaitAnswer("a");
      stream.awaitEvent("subscribed");
      ada.send(
          "{\"id\":\"p\",\"type\":\"publish\",\"topic\":\"room/1\",\"event\":\"message\",\"data\":\""
              + CANARY
              + "\"}");
      String id = ada.awaitEvent("message").path("id").asString();

      JsonNode summary = ask("summary");
      assertThat(summary.path("connections").asInt()).isEqualTo(3);
      assertThat(summary.path("byTransport").path("websocket").asInt()).isEqualTo(2);
      assertThat(summary.path("byTransport").path("event_stream").asInt()).isEqualTo(1);

      JsonNode found = ask("connections?search=ada&sort=since&limit=10");
      assertThat(found.path("total").asInt()).isEqualTo(3);
      assertThat(found.path("matched").asInt()).isEqualTo(1);
      JsonNode connection = found.path("items").get(0);
      assertThat(connection.path("userId").asString()).isEqualTo("ada");
      assertThat(connection.path("transport").asString()).isEqualTo("websocket");
      assertThat(connection.path("address").asString()).isEqualTo("127.0.0.1");
      assertThat(ask("connections?search=token-user").path("matched").asInt()).isEqualTo(1);

      JsonNode detail = ask("connection?id=" + connection.path("id").asString());
      assertThat(detail.path("subscriptions").get(0).path("topic").asString()).isEqualTo("room/1");

      JsonNode channel = ask("channels?search=room").path("items").get(0);
      assertThat(channel.path("subscribers").asInt()).isEqualTo(2);
      assertThat(channel.path("position").asString()).isEqualTo(id);
      JsonNode room = ask("channel?topic=room/1");
      assertThat(room.path("retained").asInt()).isEqualTo(1);
      assertThat(room.path("members").path("items").get(0).path("userId").asString())
          .isEqualTo("ada");

      JsonNode sent = ask("explain?who=ada&topic=room/1&id=" + id);
      assertThat(sent.path("verdict").asString()).isEqualTo("sent");
      assertThat(sent.path("captured").path("answer").asString()).isEqualTo("yes");
      JsonNode steps = sent.path("deliveries").get(0);
      for (String step : new String[] {"matched", "authorised", "queued", "sent"}) {
        assertThat(steps.path(step).path("answer").asString()).as(step).isEqualTo("yes");
      }
      assertThat(ask("explain?who=nobody&id=" + id).path("verdict").asString())
          .isEqualTo("not_connected");
      assertThat(ask("explain?who=token-user&id=" + id).path("verdict").asString())
          .isEqualTo("not_subscribed");
    }
  }

  @ParameterizedTest
  @CsvSource({
    "connections?limit=201,400",
    "connections?limit=x,400",
    "connections?sort=password,400",
    "channels?sort=queue,400",
    "connection,400",
    "connection?id=none,404",
    "channel,400",
    "channel?topic=a+b,400",
    "explain?who=ada,400",
    "explain?who=ada&id=1,400",
    "explain?who=ada&id=zzzz.1,404",
    "explain?who=ada&topic=a&id=zzzz.0,400",
    "client.js,404",
    "nested/inspector.js,404",
  })
  void badQuestionsAreProblems(String question, int status) throws Exception {
    HttpResponse<String> answer = server.get("/realtime/inspector/" + question, ADMIN);
    assertThat(answer.statusCode()).as(answer.body()).isEqualTo(status);
    assertThat(answer.headers().firstValue("Content-Type")).hasValue("application/problem+json");
  }
}
