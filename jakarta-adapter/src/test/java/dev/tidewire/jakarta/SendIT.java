package dev.tidewire.jakarta;

import static org.assertj.core.api.Assertions.assertThat;

import dev.tidewire.Limit;
import java.net.http.HttpResponse;
import java.time.Duration;
import java.util.List;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

class SendIT {

  private static final JsonMapper MAPPER = JsonMapper.builder().build();
  private static TestServer server;

  @BeforeAll
  static void start() throws Exception {
    server =
        TestServer.start(
            builder ->
                builder
                    .access((who, topic, action) -> !topic.startsWith("secret/"))
                    .heartbeat(Duration.ofSeconds(1), Duration.ofSeconds(1)));
    server.realtime().onCall("double", request -> request.as(Integer.class) * 2);
  }

  @AfterAll
  static void stop() throws Exception {
    server.close();
  }

  private static HttpResponse<String> post(String user, String session, String frames)
      throws Exception {
    return server.post(
        "/realtime/send" + (session.isEmpty() ? "" : "?session=" + session),
        frames.replace('\'', '"'),
        "Content-Type",
        "application/json",
        "X-Test-User",
        user);
  }

  private static List<JsonNode> answers(HttpResponse<String> answer) {
    assertThat(answer.statusCode()).as(answer.body()).isEqualTo(200);
    return MAPPER.readTree(answer.body()).valueStream().toList();
  }

  private static String session(SseClient stream) {
    return stream.awaitEvent("connected").json().at("/payload/session").asString();
  }

  @Test
  void theAnswersComeInTheOrderOfTheFrames() throws Exception {
    List<JsonNode> answers =
        answers(
            post(
                "ada",
                "",
                "{'id':1,'type':'publish','topic':'s/1','event':'e','data':1,'persist':true}\n"
                    + "{'id':2,'type':'call','method':'double','data':21}\n"
                    + "{'type':'publish','topic':'s/1','event':'e','data':2,'persist':true}\n"
                    + "{'id':3,'type':'publish','topic':'secret/1','event':'e','data':1}\n"
                    + "{'id':4,'type':'history','topic':'s/1'}\n"
                    + "not a frame"));

    assertThat(answers).hasSize(5);
    assertThat(answers.get(0).at("/payload/position").asString()).endsWith(".1");
    assertThat(answers.get(1).at("/payload/data").asInt()).isEqualTo(42);
    assertThat(answers.get(2).at("/payload/code").asString()).isEqualTo("FORBIDDEN");
    assertThat(answers.get(2).at("/payload/messageId").asInt()).isEqualTo(3);
    assertThat(answers.get(3).at("/payload/messages")).hasSize(2);
    assertThat(answers.get(3).at("/payload/messages/0/user_id").asString()).isEqualTo("ada");
    assertThat(answers.get(4).at("/payload/code").asString()).isEqualTo("BAD_REQUEST");
  }

  @Test
  void aPingIsAnsweredWithoutAConnectionToo() throws Exception {
    assertThat(answers(post("ada", "", "{'id':1,'type':'ping'}\n{'type':'heartbeat'}")))
        .extracting(answer -> answer.path("type").asString())
        .containsExactly("pong", "ack", "pong");
  }

  @ParameterizedTest
  @ValueSource(strings = {"track", "untrack", "subscribe", "unsubscribe", "status", "auth", "sync"})
  void whatNeedsAConnectionIsRefusedWithoutOne(String type) throws Exception {
    List<JsonNode> answers =
        answers(
            post(
                "ada",
                "",
                "{'id':1,'type':'"
                    + type
                    + "','topic':'s/2','data':{},'status':'away','token':'t','after':'a.1'}"));

    assertThat(answers).singleElement();
    assertThat(answers.get(0).at("/payload/code").asString()).isEqualTo("BAD_REQUEST");
  }

  @Test
  void theFramesOfAStreamAreItsClients() throws Exception {
    try (SseClient ada = SseClient.open(server, "topic=s/3", "X-Test-User", "ada")) {
      String session = session(ada);
      ada.awaitEvent("subscribed");

      List<JsonNode> answers =
          answers(
              post(
                  "ada",
                  session,
                  "{'id':1,'type':'publish','topic':'s/3','event':'mine','data':1,'echo':false}\n"
                      + "{'id':2,'type':'publish','topic':'s/3','event':'all','data':2}\n"
                      + "{'id':3,'type':'track','topic':'s/3','data':{}}\n"
                      + "{'id':4,'type':'status','status':'away'}\n"
                      + "{'id':5,'type':'untrack','topic':'s/3'}\n"
                      + "{'id':6,'type':'subscribe','topic':'s/4'}"));

      assertThat(answers)
          .extracting(a -> a.path("type").asString())
          .containsExactly("ack", "ack", "ack", "ack", "ack", "error");
      ada.awaitEvent("presence:leave");
      assertThat(ada.events("presence:update").get(0).json().path("status").asString())
          .isEqualTo("away");
      assertThat(ada.events("all")).hasSize(1);
      assertThat(ada.events("mine")).isEmpty();
      assertThat(ada.awaitEvent("all").id())
          .endsWith(answers.get(1).at("/payload/position").asString());
    }
  }

  @Test
  void aStrangersOrUnknownSessionIsRefused() throws Exception {
    String frame = "{'id':1,'type':'publish','topic':'s/5','event':'e','data':1}";
    try (SseClient ada = SseClient.open(server, "topic=s/5", "X-Test-User", "ada")) {
      String session = session(ada);
      assertThat(post("eve", session, frame).statusCode()).isEqualTo(403);
      assertThat(post("ada", session + "x", frame).statusCode()).isEqualTo(410);
      assertThat(post("ada", session, frame).statusCode()).isEqualTo(200);
      server.realtime().revoke(who -> who.userId().equals("ada"));
      ada.awaitEnd();
      WireClient.soon("session over").until(() -> post("ada", session, frame).statusCode() == 410);
    }
  }

  @Test
  void theRequestIsJudgedLikeAPublication() throws Exception {
    String frame = "{\"id\":1,\"type\":\"ping\"}";
    String[] json = {"Content-Type", "application/json"};
    assertThat(server.post("/realtime/send", frame, json).statusCode()).isEqualTo(401);
    assertThat(
            server
                .post("/realtime/send", frame, "Content-Type", "text/plain", "X-Test-User", "ada")
                .statusCode())
        .isEqualTo(415);
    assertThat(
            server
                .post(
                    "/realtime/send",
                    frame,
                    "Content-Type",
                    "application/json",
                    "X-Test-User",
                    "ada",
                    "Origin",
                    "https://evil.example")
                .statusCode())
        .isEqualTo(403);
    long before = server.realtime().refusals(Limit.FRAME_BYTES);
    assertThat(post("ada", "", " ".repeat(70_000)).statusCode()).isEqualTo(413);
    assertThat(server.realtime().refusals(Limit.FRAME_BYTES)).isEqualTo(before + 1);
    assertThat(server.get("/realtime/send").statusCode()).isEqualTo(405);
  }

  @Test
  void whoPingedIsExpectedToGoOn() throws Exception {
    try (SseClient pings = SseClient.open(server, "topic=s/6", "X-Test-User", "bob");
        SseClient listens = SseClient.open(server, "topic=s/6", "X-Test-User", "bob")) {
      listens.awaitEvent("subscribed");
      assertThat(answers(post("bob", session(pings), "{'id':1,'type':'ping'}")))
          .extracting(a -> a.path("type").asString())
          .containsExactly("pong", "ack");

      assertThat(pings.awaitEvent("close").json().at("/payload/code").asInt()).isEqualTo(4000);
      assertThat(listens.isEnded()).isFalse();
    }
  }
}
