package dev.tidewire.jakarta;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import java.net.http.HttpResponse;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

/** What a WebSocket carries, over plain HTTP. */
class LinkIT {

  private static TestServer server;

  @BeforeAll
  static void start() throws Exception {
    server =
        TestServer.start(
            builder ->
                builder
                    .access((who, topic, action) -> true)
                    .tokens(token -> null)
                    .heartbeat(Duration.ofSeconds(1), Duration.ofSeconds(1)));
  }

  @AfterAll
  static void stop() throws Exception {
    server.close();
  }

  private static HttpResponse<String> send(String user, String link, String frames)
      throws Exception {
    return server.post(
        "/realtime/send?link=" + link,
        frames.replace('\'', '"'),
        "Content-Type",
        "application/json",
        "X-Test-User",
        user);
  }

  private static String poll(String user, String link, int wait) throws Exception {
    HttpResponse<String> answer =
        server.get("/realtime/poll?link=" + link + "&wait=" + wait, "X-Test-User", user);
    assertThat(answer.statusCode()).as(answer.body()).isEqualTo(200);
    return answer.body();
  }

  private static String opened(String user) throws Exception {
    String greeting = poll(user, "new", 5);
    assertThat(greeting).contains("event: link\n").contains("\"type\":\"welcome\"");
    return greeting.replaceAll("(?s).*event: link\ndata: (\\w+)\n.*", "$1");
  }

  /** Asks until an answer has all of them. */
  private static String pollUntil(String user, String link, String... wanted) {
    StringBuilder all = new StringBuilder();
    await()
        .atMost(WireClient.PATIENCE)
        .until(
            () -> {
              all.append(poll(user, link, 1));
              return List.of(wanted).stream().allMatch(word -> all.indexOf(word) >= 0);
            });
    return all.toString();
  }

  @Test
  void pollsTellWhatWasSubscribedAndWhoIsThere() throws Exception {
    String ada = opened("ada");
    String grace = opened("grace");
    String join =
        "{'id':1,'type':'subscribe','topic':'l/1','presence':true}\n"
            + "{'id':2,'type':'track','topic':'l/1','data':{}}";
    assertThat(send("ada", ada, join).statusCode()).isEqualTo(204);
    assertThat(send("grace", grace, join).statusCode()).isEqualTo(204);
    pollUntil("ada", ada, "\"userId\":\"grace\"", "\"messageId\":1");
    send("grace", grace, "{'id':3,'type':'publish','topic':'l/1','event':'e','data':'hello'}");
    pollUntil("ada", ada, "\"data\":\"hello\"");
    pollUntil("grace", grace, "\"messageId\":3");

    assertThat(send("grace", grace + "&close=true", "").statusCode()).isEqualTo(204);
    pollUntil("ada", ada, "presence:leave");
    assertThat(server.get("/realtime/poll?link=" + grace, "X-Test-User", "grace").statusCode())
        .isEqualTo(410);
  }

  @Test
  void waitingPollIsAnsweredByWhatComes() throws Exception {
    String ada = opened("ada");
    send("ada", ada, "{'id':1,'type':'subscribe','topic':'l/2'}");
    pollUntil("ada", ada, "\"messageId\":1");
    CompletableFuture<String> waiting =
        CompletableFuture.supplyAsync(
            () -> {
              try {
                return poll("ada", ada, 25);
              } catch (Exception e) {
                throw new IllegalStateException(e);
              }
            });
    server.realtime().emit("n", "1", "l/2").toCompletableFuture().join();
    assertThat(waiting.get(30, TimeUnit.SECONDS)).contains("\"event\":\"n\"");
  }

  @Test
  void streamCarriesMessagesOfSeveralFramesAndItsEnd() throws Exception {
    try (SseClient ada = SseClient.open(server, "link=new", "X-Test-User", "ada")) {
      String link = ada.awaitEvent("link").data();
      send("ada", link, "{'id':1,'type':'subscribe','topic':'l/3'}\n{'id':2,'type':'ping'}");
      await()
          .atMost(WireClient.PATIENCE)
          .until(() -> ada.events("").stream().anyMatch(e -> e.data().contains("\"messageId\":2")));
      server.realtime().revoke(who -> who.userId().equals("ada"));
      assertThat(ada.awaitEvent("close").json().at("/payload/code").asInt()).isEqualTo(4001);
      ada.awaitEnd();
    }
  }

  @Test
  void silentLinkIsGone() throws Exception {
    String ada = opened("ada");
    await()
        .atMost(WireClient.PATIENCE)
        .until(() -> send("eve-who-is-not-asked", "unknown", "").statusCode() == 410);
    await()
        .atMost(WireClient.PATIENCE)
        .pollInterval(Duration.ofSeconds(8)) // asking is a sign of life
        .until(
            () ->
                server.get("/realtime/poll?link=" + ada, "X-Test-User", "ada").statusCode() == 410);
  }

  @Test
  void strangersAndForeignPagesAreRefused() throws Exception {
    String ada = opened("ada");
    assertThat(send("eve", ada, "{'type':'ping'}").statusCode()).isEqualTo(403);
    assertThat(send("ada", ada, " ".repeat(70_000)).statusCode()).isEqualTo(413);
    assertThat(server.get("/realtime/poll?link=new", "Origin", "https://evil.example").statusCode())
        .isEqualTo(403);
    assertThat(server.get("/realtime/sse?link=" + ada, "X-Test-User", "ada").statusCode())
        .isEqualTo(400);
    HttpResponse<String> plain =
        server.post(
            "/realtime/send?link=" + ada, "{}", "Content-Type", "text/plain", "X-Test-User", "ada");
    assertThat(plain.statusCode()).isEqualTo(415);
  }

  @Test
  void wrongTokenEndsTheLink() throws Exception {
    String link =
        server.get("/realtime/poll?link=new").body().replaceAll("(?s).*data: (\\w+)\n.*", "$1");
    assertThat(
            server
                .post(
                    "/realtime/send?link=" + link,
                    "{\"id\":1,\"type\":\"auth\",\"token\":\"no\"}",
                    "Content-Type",
                    "application/json")
                .statusCode())
        .isEqualTo(204);
    StringBuilder told = new StringBuilder();
    await()
        .atMost(WireClient.PATIENCE)
        .until(
            () -> {
              told.append(server.get("/realtime/poll?link=" + link + "&wait=1").body());
              return told.indexOf("event: close") >= 0;
            });
    assertThat(told).contains("4001");
  }
}
