package dev.tidewire.jakarta;

import static org.assertj.core.api.Assertions.assertThat;

import dev.tidewire.AccessPolicy;
import java.net.URI;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

class PollIT {

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

  private static String begin(String query) throws Exception {
    return body(server.get("/realtime/poll?" + query, ADA)).path("cursor").asString();
  }

  private static JsonNode body(HttpResponse<String> answer) {
    assertThat(answer.statusCode()).as(answer.body()).isEqualTo(200);
    return MAPPER.readTree(answer.body());
  }

  private static List<Integer> data(JsonNode body) {
    return body.path("messages").valueStream().map(m -> m.path("data").asInt()).toList();
  }

  private static CompletableFuture<HttpResponse<String>> ask(URI uri, String... headers) {
    HttpRequest.Builder request = HttpRequest.newBuilder(uri);
    for (int i = 0; i < headers.length; i += 2) {
      request.header(headers[i], headers[i + 1]);
    }
    return SseClient.HTTP.sendAsync(request.build(), HttpResponse.BodyHandlers.ofString());
  }

  @Test
  void aPollTellsWhatCameSinceTheOneBefore() throws Exception {
    String first = begin("topic=p/a&topic=p/b&wait=25");
    publish("p/b", 1);
    publish("p/a", 2);
    publish("p/b", 3);

    HttpResponse<String> answer =
        server.get("/realtime/poll?topic=p/b&topic=p/a&cursor=" + first, ADA);

    JsonNode news = body(answer);
    String cursor = news.path("cursor").asString();
    assertThat(data(news)).containsExactlyInAnyOrder(1, 2, 3).containsSubsequence(1, 3);
    assertThat(news.path("more").asBoolean()).isFalse();
    assertThat(answer.headers().firstValue("ETag")).hasValue('"' + cursor + '"');
    assertThat(answer.headers().firstValue("Cache-Control")).hasValue("no-cache");
    assertThat(answer.headers().firstValue("Content-Type").orElseThrow())
        .startsWith("application/json");
    assertThat(data(body(server.get("/realtime/poll?topic=p/a&topic=p/b&cursor=" + cursor, ADA))))
        .isEmpty();
  }

  @Test
  void nothingNewIsNotModifiedWithoutABody() throws Exception {
    String etag = '"' + begin("topic=p/c") + '"';
    String[] conditional = {"X-Test-User", "ada", "If-None-Match", etag};

    HttpResponse<String> nothing = server.get("/realtime/poll?topic=p/c", conditional);
    assertThat(nothing.statusCode()).isEqualTo(304);
    assertThat(nothing.body()).isEmpty();
    assertThat(nothing.headers().firstValue("ETag")).hasValue(etag);
    assertThat(
            server
                .get("/realtime/poll?topic=p/c", "X-Test-User", "ada", "If-None-Match", "W/" + etag)
                .statusCode())
        .isEqualTo(304);

    publish("p/c", 7);

    assertThat(data(body(server.get("/realtime/poll?topic=p/c", conditional)))).containsExactly(7);
  }

  @Test
  void aLongPollIsAnsweredAsSoonAsThereIsSomething() throws Exception {
    String cursor = begin("topic=p/d");
    CompletableFuture<HttpResponse<String>> answer =
        ask(server.uri("/realtime/poll?topic=p/d&wait=25&cursor=" + cursor), ADA);
    WireClient.soon("it waits").until(() -> server.realtime().connectionCount() > 0);
    assertThat(answer).isNotDone();

    publish("p/d", 9);

    assertThat(data(body(answer.join()))).containsExactly(9);
    WireClient.soon("its session ends").until(() -> server.realtime().connectionCount() == 0);
  }

  @Test
  void aLongPollWithoutNewsEndsWhenItsTimeIsUp() throws Exception {
    String cursor = begin("topic=p/e");

    HttpResponse<String> matched =
        server.get(
            "/realtime/poll?topic=p/e&wait=1",
            "X-Test-User",
            "ada",
            "If-None-Match",
            '"' + cursor + '"');
    JsonNode plain = body(server.get("/realtime/poll?topic=p/e&wait=1&cursor=" + cursor, ADA));

    assertThat(matched.statusCode()).isEqualTo(304);
    assertThat(plain.path("cursor").asString()).isEqualTo(cursor);
    assertThat(plain.path("messages")).isEmpty();
  }

  @Test
  void aLongAnswerComesInPartsWithoutHoleOrRepeat() throws Exception {
    String cursor = begin("topic=many/a&topic=many/b");
    for (int i = 0; i < 700; i++) {
      publish(i % 2 == 0 ? "many/a" : "many/b", i);
    }
    publish("many/a", 700);
    for (int i = 701; i < 1_200; i++) {
      publish("many/a", i);
    }
    List<Integer> got = new ArrayList<>();
    boolean more = true;
    while (more) {
      JsonNode part =
          body(server.get("/realtime/poll?topic=many/a&topic=many/b&cursor=" + cursor, ADA));
      assertThat(part.path("messages").size()).isLessThanOrEqualTo(500);
      got.addAll(data(part));
      cursor = part.path("cursor").asString();
      more = part.path("more").asBoolean();
    }

    assertThat(got).containsExactlyInAnyOrderElementsOf(IntStream.range(0, 1_200).boxed().toList());
    assertThat(got.stream().filter(i -> i < 700 && i % 2 == 1).toList()).isSorted();
    assertThat(got.stream().filter(i -> i >= 700 || i % 2 == 0).toList()).isSorted();
  }

  @Test
  void whatCannotBeRecoveredIsAReset() throws Exception {
    String cursor = begin("topic=short/1");
    for (int i = 0; i < 5; i++) {
      publish("short/1", i);
    }

    JsonNode evicted = body(server.get("/realtime/poll?topic=short/1&cursor=" + cursor, ADA));
    JsonNode garbage = body(server.get("/realtime/poll?topic=short/1&cursor=what&wait=25", ADA));

    assertThat(evicted.path("messages")).hasSize(1);
    assertThat(evicted.at("/messages/0/payload/reason").asString()).isEqualTo("EVICTED");
    assertThat(garbage.at("/messages/0/payload/reason").asString()).isEqualTo("EPOCH");
    String now = garbage.path("cursor").asString();
    assertThat(now).isEqualTo(evicted.path("cursor").asString());
    assertThat(body(server.get("/realtime/poll?topic=short/1&cursor=" + now, ADA)).path("messages"))
        .isEmpty();
  }

  @ParameterizedTest
  @CsvSource({
    "topic=a, 401, UNAUTHORIZED",
    "topic=secret/1&as=ada, 403, FORBIDDEN",
    "as=ada, 400, BAD_REQUEST",
    "topic=a&wait=26&as=ada, 400, BAD_REQUEST",
    "topic=a&wait=-1&as=ada, 400, BAD_REQUEST",
    "topic=a&wait=1.5&as=ada, 400, BAD_REQUEST",
    "topic=a&wait=&as=ada, 400, BAD_REQUEST",
    "topic=a&wait=99999999999999999999&as=ada, 400, BAD_REQUEST",
    "topic=a&wait=1&wait=2&as=ada, 400, BAD_REQUEST",
  })
  void badPollsAreProblems(String query, int status, String code) throws Exception {
    HttpResponse<String> answer =
        server.get("/realtime/poll?" + query, query.contains("as=ada") ? ADA : new String[0]);

    assertThat(answer.statusCode()).isEqualTo(status);
    assertThat(answer.headers().firstValue("Content-Type").orElseThrow())
        .startsWith("application/problem+json");
    assertThat(MAPPER.readTree(answer.body()).path("code").asString()).isEqualTo(code);
  }

  @Test
  void aLogoutAndAnUndeploymentEndAWaitingPoll() throws Exception {
    try (TestServer other = TestServer.start(b -> b.access(AccessPolicy.open()))) {
      String cursor =
          MAPPER.readTree(other.get("/realtime/poll?topic=a").body()).path("cursor").asString();
      String path = "/realtime/poll?topic=a&wait=25&cursor=" + cursor;
      CompletableFuture<HttpResponse<String>> eve = ask(other.uri(path), "X-Test-User", "eve");
      CompletableFuture<HttpResponse<String>> guest = ask(other.uri(path));
      WireClient.soon("both wait").until(() -> other.realtime().connectionCount() == 2);

      other.realtime().revoke(who -> who.userId().equals("eve"));
      assertThat(eve.join().statusCode()).isEqualTo(401);
      assertThat(guest).isNotDone();

      other.undeploy();
      assertThat(guest.join().statusCode()).isEqualTo(503);
      assertThat(guest.join().body()).contains("UNAVAILABLE");
    }
  }
}
