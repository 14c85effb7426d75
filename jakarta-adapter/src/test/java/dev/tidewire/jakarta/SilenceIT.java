package dev.tidewire.jakarta;

import static org.assertj.core.api.Assertions.assertThat;

import dev.tidewire.AccessPolicy;
import java.net.URI;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.time.Duration;
import org.junit.jupiter.api.Test;
import tools.jackson.databind.JsonNode;

/** Clients that stop without a word, as one whose process is halted: nobody closes anything. */
class SilenceIT {

  private static final String TRACK =
      "{\"id\":\"t\",\"type\":\"track\",\"topic\":\"room\",\"data\":{\"name\":\"Ada\"}}";

  private static TestServer server() throws Exception {
    return TestServer.start(
        b ->
            b.access(AccessPolicy.open())
                .heartbeat(Duration.ofMillis(300), Duration.ofMillis(300)));
  }

  private static WireClient watching(TestServer server) {
    WireClient client = server.connect("X-Test-User", "bob");
    client
        .send("{\"id\":\"s\",\"type\":\"subscribe\",\"topic\":\"room\",\"presence\":true}")
        .awaitAnswer("s");
    return client;
  }

  /** Awaits a leave and returns it; the watching client itself must go on pinging meanwhile. */
  private static JsonNode awaitLeave(WireClient watching) {
    WireClient.soon("leave")
        .pollInterval(Duration.ofMillis(100))
        .until(
            () -> {
              watching.send("{\"type\":\"ping\"}");
              return watching.frames("presence").stream()
                  .anyMatch(f -> f.path("event").asString().equals("presence:leave"));
            });
    return watching.awaitEvent("presence:leave");
  }

  private static void isLeftByAda(JsonNode leave) {
    assertThat(leave.path("reason").asString()).isEqualTo("timeout");
    assertThat(leave.path("userId").asString()).isEqualTo("ada");
  }

  @Test
  void aSilentSocketLeavesPresence() throws Exception {
    try (TestServer server = server();
        ChaosProxy network = new ChaosProxy(server.port(), 0);
        WireClient bob = watching(server)) {
      WireClient ada =
          WireClient.connect(
              URI.create("ws://127.0.0.1:" + network.port() + "/app/realtime/ws"),
              "X-Test-User",
              "ada");
      ada.send(TRACK).awaitAnswer("t");

      network.silence();

      isLeftByAda(awaitLeave(bob));
    }
  }

  @Test
  void aSilentStreamThatUsedToPingLeavesPresence() throws Exception {
    try (TestServer server = server();
        ChaosProxy network = new ChaosProxy(server.port(), 0);
        WireClient bob = watching(server)) {
      SseClient ada = stream(network);
      say(server, ada, TRACK + "\n{\"type\":\"ping\"}");

      network.silence();

      isLeftByAda(awaitLeave(bob));
      ada.close();
    }
  }

  /** It never pings: the server has to find out by writing. */
  @Test
  void aStreamWhoseClientVanishedLeavesPresence() throws Exception {
    try (TestServer server = server();
        ChaosProxy network = new ChaosProxy(server.port(), 0);
        WireClient bob = watching(server)) {
      SseClient ada = stream(network);
      say(server, ada, TRACK);

      network.cut();

      isLeftByAda(awaitLeave(bob));
      ada.close();
    }
  }

  private static SseClient stream(ChaosProxy network) {
    SseClient client =
        SseClient.open(
            URI.create("http://127.0.0.1:" + network.port() + "/app/realtime/sse?topic=room"),
            "X-Test-User",
            "ada");
    client.awaitEvent("subscribed");
    return client;
  }

  private static void say(TestServer server, SseClient client, String frames) throws Exception {
    String secret = client.awaitEvent("connected").json().at("/payload/session").asString();
    HttpResponse<String> answer =
        server.send(
            HttpRequest.newBuilder(server.uri("/realtime/send?session=" + secret))
                .header("Content-Type", "application/json")
                .POST(HttpRequest.BodyPublishers.ofString(frames)),
            "X-Test-User",
            "ada");
    assertThat(answer.body()).contains("\"t\"");
  }
}
