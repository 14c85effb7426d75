package dev.tidewire.jakarta;

import static org.assertj.core.api.Assertions.assertThat;

import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

class HttpIT {

  private static final String[] JSON = {"Content-Type", "application/json"};
  private static final JsonMapper MAPPER = JsonMapper.builder().build();
  private static TestServer server;

  @BeforeAll
  static void start() throws Exception {
    server =
        TestServer.start(
            builder ->
                builder.guests().access((who, topic, action) -> !topic.startsWith("secret/")));
    server.realtime().tableChannel("orders");
  }

  @AfterAll
  static void stop() throws Exception {
    server.close();
  }

  @Test
  void whatIsPublishedByHttpReachesSubscribersAndTheHistory() throws Exception {
    try (WireClient ada = server.connect()) {
      ada.send("{\"id\":\"s\",\"type\":\"subscribe\",\"topic\":\"chat/1\"}").awaitAnswer("s");

      HttpResponse<String> published =
          server.post(
              "/realtime/publish",
              "{\"topic\":\"chat/1\",\"event\":\"message\",\"data\":{\"text\":\"hi\"},\"persist\":true}",
              JSON);

      assertThat(published.statusCode()).isEqualTo(200);
      JsonNode event = ada.awaitEvent("message");
      assertThat(MAPPER.readTree(published.body()).path("position").asString())
          .isEqualTo(event.path("id").asString());
      JsonNode history =
          MAPPER.readTree(server.get("/realtime/history?topic=chat/1&limit=10").body());
      assertThat(history.path("messages")).hasSize(1);
      JsonNode message = history.path("messages").get(0);
      assertThat(message.path("id").asString()).isEqualTo(event.path("id").asString());
      assertThat(message.path("room_id").asString()).isEqualTo("chat/1");
      assertThat(message.path("event").asString()).isEqualTo("message");
      assertThat(message.path("data").path("text").asString()).isEqualTo("hi");
      assertThat(message.path("created_at").isIntegralNumber()).isTrue();
    }
  }

  @Test
  void aRepeatedKeyIsPublishedOnce() throws Exception {
    String body = "{\"topic\":\"once\",\"event\":\"e\",\"data\":1,\"key\":\"k-1\"}";
    JsonNode first = MAPPER.readTree(server.post("/realtime/publish", body, JSON).body());
    JsonNode second = MAPPER.readTree(server.post("/realtime/publish", body, JSON).body());

    assertThat(second.path("position")).isEqualTo(first.path("position"));
    assertThat(second.path("repeated").asBoolean()).isTrue();
  }

  @Test
  void presenceTellsWhoIsThere() throws Exception {
    try (WireClient ada = server.connect("X-Test-User", "ada")) {
      ada.send("{\"id\":\"t\",\"type\":\"track\",\"topic\":\"room/9\",\"data\":{\"name\":\"Ada\"}}")
          .awaitAnswer("t");

      JsonNode presence = MAPPER.readTree(server.get("/realtime/presence?topic=room/9").body());

      assertThat(presence.path("count").asInt()).isEqualTo(1);
      JsonNode member = presence.path("members").get(0);
      assertThat(member.path("userId").asString()).isEqualTo("ada");
      assertThat(member.path("data").path("name").asString()).isEqualTo("Ada");
      assertThat(member.path("connections")).hasSize(1);
    }
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      quoteCharacter = '\0',
      value = {
        "{ | 400 | BAD_REQUEST",
        "[] | 400 | BAD_REQUEST",
        "{\"topic\":\"a b\",\"event\":\"e\",\"data\":1} | 400 | BAD_REQUEST",
        "{\"topic\":\"a\",\"event\":\"e\"} | 400 | BAD_REQUEST",
        "{\"topic\":\"a\",\"event\":\"e\",\"data\":1}{} | 400 | BAD_REQUEST",
        "{\"topic\":\"secret/1\",\"event\":\"e\",\"data\":1} | 403 | FORBIDDEN",
        "{\"topic\":\"orders\",\"event\":\"e\",\"data\":1} | 403 | FORBIDDEN",
      })
  void badPublicationsAreProblems(String body, int status, String code) throws Exception {
    assertProblem(server.post("/realtime/publish", body, JSON), status, code);
  }

  @ParameterizedTest
  @CsvSource({
    "/realtime/history?topic=a&limit=-1,400,BAD_REQUEST",
    "/realtime/history?topic=a&limit=0,400,BAD_REQUEST",
    "/realtime/history?topic=a&limit=1000000000,422,LIMIT_EXCEEDED",
    "/realtime/history?topic=a&limit=1e3,400,BAD_REQUEST",
    "/realtime/history?topic=a&limit=999999999999999999999999,400,BAD_REQUEST",
    "/realtime/history?topic=a&before=garbage,400,BAD_REQUEST",
    "/realtime/history,400,BAD_REQUEST",
    "/realtime/history?topic=secret/1,403,FORBIDDEN",
    "/realtime/presence,400,BAD_REQUEST",
    "/realtime/presence?topic=secret/1,403,FORBIDDEN",
    "/realtime/nothing,404,UNKNOWN_TOPIC",
  })
  void badQueriesAreProblems(String path, int status, String code) throws Exception {
    HttpResponse<String> answer = server.get(path);
    assertThat(answer.statusCode()).isEqualTo(status);
    JsonNode problem = problem(answer);
    if (status != 404) {
      assertThat(problem.path("code").asString()).isEqualTo(code);
    }
  }

  @Test
  void otherTypesForeignPagesAndLargeBodiesAreRefused() throws Exception {
    String body = "{\"topic\":\"a\",\"event\":\"e\",\"data\":1}";
    assertThat(server.post("/realtime/publish", body, "Content-Type", "text/plain").statusCode())
        .isEqualTo(415);
    assertThat(
            server
                .post(
                    "/realtime/publish",
                    body,
                    "Content-Type",
                    "application/json",
                    "Origin",
                    "https://evil.example")
                .statusCode())
        .isEqualTo(403);
    assertThat(server.post("/realtime/publish", " ".repeat(70_000), JSON).statusCode())
        .isEqualTo(413);
    assertThat(
            server
                .send(
                    HttpRequest.newBuilder(server.uri("/realtime/publish"))
                        .POST(
                            HttpRequest.BodyPublishers.ofByteArray(
                                new byte[] {'{', (byte) 0xc3, '(', '}'})),
                    JSON)
                .statusCode())
        .isEqualTo(400);
    assertThat(server.get("/realtime/publish").statusCode()).isEqualTo(405);
  }

  @Test
  void theBrowserClientIsServedWithAnETag() throws Exception {
    HttpResponse<String> script = server.get("/realtime/client.js");
    assertThat(script.statusCode()).isEqualTo(200);
    assertThat(script.headers().firstValue("Content-Type").orElseThrow())
        .startsWith("text/javascript");
    assertThat(script.body()).contains("createRealtime");
    String etag = script.headers().firstValue("ETag").orElseThrow();

    HttpResponse<String> again = server.get("/realtime/client.js", "If-None-Match", etag);
    assertThat(again.statusCode()).isEqualTo(304);
    assertThat(again.body()).isEmpty();
    assertThat(server.get("/realtime/client/channel.js").statusCode()).isEqualTo(200);
  }

  @Test
  void theTypingsAreServedAsTypeScriptAndHeadTellsTheLength() throws Exception {
    HttpResponse<String> typings = server.get("/realtime/client.d.ts");
    assertThat(typings.headers().firstValue("Content-Type").orElseThrow())
        .startsWith("application/typescript");

    HttpResponse<String> head =
        server.send(
            HttpRequest.newBuilder(server.uri("/realtime/client.d.ts"))
                .method("HEAD", HttpRequest.BodyPublishers.noBody()));
    assertThat(head.statusCode()).isEqualTo(200);
    assertThat(head.body()).isEmpty();
    assertThat(head.headers().firstValueAsLong("Content-Length"))
        .hasValue(typings.body().getBytes(java.nio.charset.StandardCharsets.UTF_8).length);
  }

  @ParameterizedTest
  @CsvSource({
    "DELETE, /realtime/publish, 'POST, OPTIONS'",
    "POST, /realtime/history, 'GET, HEAD, OPTIONS'",
    "PUT, /realtime/presence, 'GET, HEAD, OPTIONS'",
    "POST, /realtime/ws, 'GET, OPTIONS'",
    "PATCH, /realtime/client.js, 'GET, HEAD, OPTIONS'",
    "ET, /realtime/client.js, 'GET, HEAD, OPTIONS'",
  })
  void otherMethodsAreNotAllowed(String method, String path, String allow) throws Exception {
    HttpResponse<String> answer =
        server.send(
            HttpRequest.newBuilder(server.uri(path))
                .method(method, HttpRequest.BodyPublishers.ofString("{}")));

    assertProblem(answer, 405, "BAD_REQUEST");
    assertThat(answer.headers().firstValue("Allow")).hasValue(allow);
  }

  /** Not by the JDK's client: it does not send what is no URL. */
  @ParameterizedTest
  @CsvSource({
    "/realtime/history?topic=%zz",
    "/realtime/history?topic=%ff%fe",
    "/realtime/presence?topic=a&topic=b",
    "/realtime/history?topic=a&limit=1&limit=2",
  })
  void parametersThatCannotBeReadAreBadRequests(String path) throws Exception {
    try (java.net.Socket socket = new java.net.Socket("127.0.0.1", server.port())) {
      socket
          .getOutputStream()
          .write(
              ("GET /app" + path + " HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n\r\n")
                  .getBytes(java.nio.charset.StandardCharsets.US_ASCII));
      String answer =
          new String(
              socket.getInputStream().readAllBytes(), java.nio.charset.StandardCharsets.UTF_8);

      assertThat(answer).startsWith("HTTP/1.1 400").doesNotContain("\tat ");
    }
  }

  @Test
  void aBodyOfUnknownLengthIsBoundedToo() throws Exception {
    HttpResponse<String> answer =
        server.send(
            HttpRequest.newBuilder(server.uri("/realtime/publish"))
                .POST(
                    HttpRequest.BodyPublishers.ofInputStream(
                        () -> new java.io.ByteArrayInputStream(new byte[100_000]))),
            JSON);

    assertProblem(answer, 413, "TOO_LARGE");
  }

  @ParameterizedTest
  @CsvSource({
    "application/json; charset=UTF-8, 200",
    "APPLICATION/JSON, 200",
    "application/json; charset=iso-8859-1, 415",
    "application/jsonp, 415",
    "application/x-www-form-urlencoded, 415",
  })
  void onlyJsonIsTaken(String type, int status) throws Exception {
    String body = "{\"topic\":\"a\",\"event\":\"e\",\"data\":1}";

    assertThat(server.post("/realtime/publish", body, "Content-Type", type).statusCode())
        .isEqualTo(status);
  }

  @Test
  void aPublicationThatSaysToBeSomethingElseIsRefused() throws Exception {
    assertProblem(
        server.post("/realtime/publish", "{\"type\":\"call\",\"method\":\"m\"}", JSON),
        400,
        "BAD_REQUEST");
  }

  @Test
  void noPathLeadsOutOfTheClientsFolder() throws Exception {
    for (String path :
        new String[] {
          "/realtime/..%2fweb.xml",
          "/realtime/client/..%2f..%2fx.js",
          "/realtime/.js",
          "/realtime//x.js"
        }) {
      assertThat(server.get(path).statusCode()).as(path).isBetween(400, 404);
    }
  }

  private static void assertProblem(HttpResponse<String> answer, int status, String code) {
    assertThat(answer.statusCode()).isEqualTo(status);
    assertThat(problem(answer).path("code").asString()).isEqualTo(code);
  }

  private static JsonNode problem(HttpResponse<String> answer) {
    assertThat(answer.headers().firstValue("Content-Type").orElseThrow())
        .startsWith("application/problem+json");
    assertThat(answer.body()).doesNotContain("Exception").doesNotContain("\tat ");
    JsonNode problem = MAPPER.readTree(answer.body());
    assertThat(problem.path("status").asInt()).isEqualTo(answer.statusCode());
    assertThat(problem.path("title").asString()).isNotEmpty();
    return problem;
  }
}
