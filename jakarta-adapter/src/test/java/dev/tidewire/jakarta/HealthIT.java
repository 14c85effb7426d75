package dev.tidewire.jakarta;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.tidewire.AccessPolicy;
import dev.tidewire.broker.Broker;
import dev.tidewire.broker.MemoryBroker;
import dev.tidewire.transport.Transport;
import java.lang.reflect.Proxy;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.time.Clock;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import org.junit.jupiter.api.Test;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/** What load balancers ask, and what clients meet while a node is drained. */
class HealthIT {

  private static final String JSON = "application/json";

  private static void assertHealth(TestServer server, int status, String word) throws Exception {
    HttpResponse<String> answer = server.get("/realtime/health");
    assertThat(answer.statusCode()).isEqualTo(status);
    assertThat(answer.body()).isEqualTo("{\"status\":\"" + word + "\"}");
    assertThat(answer.headers().firstValue("Content-Type").orElse("")).startsWith(JSON);
    assertThat(answer.headers().firstValue("Cache-Control")).contains("no-store");
  }

  @Test
  void anybodyMayAskWithoutALoginFromAnywhereAndAsOftenAsTheyLike() throws Exception {
    try (TestServer server =
        TestServer.start(
            b -> b.access(AccessPolicy.denyAll()).limits(l -> l.addressRequests(1, 1)))) {
      for (int i = 0; i < 20; i++) {
        assertHealth(server, 200, "up");
      }
      assertThat(server.get("/realtime/health", "Origin", "https://elsewhere.example").statusCode())
          .isEqualTo(200);
      HttpResponse<String> head =
          server.send(
              HttpRequest.newBuilder(server.uri("/realtime/health"))
                  .method("HEAD", HttpRequest.BodyPublishers.noBody()));
      assertThat(head.statusCode()).isEqualTo(200);
      assertThat(head.body()).isEmpty();
      HttpResponse<String> post = server.post("/realtime/health", "{}", "Content-Type", JSON);
      assertThat(post.statusCode()).isEqualTo(405);
      assertThat(post.headers().firstValue("Allow")).contains("GET, HEAD, OPTIONS");
    }
  }

  @Test
  void aNodeWhoseBrokerIsOutOfReachKeepsItsClients() throws Exception {
    AtomicBoolean reachable = new AtomicBoolean();
    Broker memory = new MemoryBroker(Clock.systemUTC(), () -> "e", Duration.ofMinutes(1));
    Broker frail =
        (Broker)
            Proxy.newProxyInstance(
                Broker.class.getClassLoader(),
                new Class<?>[] {Broker.class},
                (proxy, method, args) ->
                    method.getName().equals("isReachable")
                        ? reachable.get()
                        : method.invoke(memory, args));
    try (TestServer server = TestServer.start(b -> b.access(AccessPolicy.open()).broker(frail))) {
      assertHealth(server, 200, "degraded");
      reachable.set(true);
      assertHealth(server, 200, "up");
    }
  }

  @Test
  void whileANodeIsDrainedNobodyIsLetInAndThoseWhoAreInGoOn() throws Exception {
    try (TestServer server = TestServer.open();
        WireClient socket = server.connect();
        SseClient stream = SseClient.open(server, "topic=t")) {
      socket.send("{\"id\":\"1\",\"type\":\"subscribe\",\"topic\":\"t\"}").awaitAnswer("1");
      JsonNode greeting = stream.awaitEvent("connected").json();
      stream.awaitEvent("subscribed");
      HttpResponse<String> link = server.get("/realtime/poll?link=new");
      String secret = link.body().replaceAll("(?s).*event: link\ndata: (\\w+).*", "$1");
      assertThat(server.realtime().statistics().connections())
          .containsEntry(Transport.WEBSOCKET, 1)
          .containsEntry(Transport.EVENT_STREAM, 1)
          .containsEntry(Transport.POLL, 1);
      server.realtime().drain(Duration.ofHours(1));

      assertHealth(server, 503, "draining");
      try (RawWebSocket refused =
          RawWebSocket.handshake(
              server,
              "Upgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\n"
                  + "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n")) {
        assertThat(refused.status()).isEqualTo(503);
        assertThat(refused.answer()).containsPattern("(?i)retry-after: 2");
      }
      for (String path :
          List.of(
              "/realtime/sse?topic=t",
              "/realtime/poll?topic=t",
              "/realtime/poll?link=new",
              "/realtime/sse?link=new",
              "/realtime/history?topic=t",
              "/realtime/presence?topic=t")) {
        assertRefused(server.get(path));
      }
      String frame = "{\"topic\":\"t\",\"event\":\"e\",\"data\":1}";
      assertRefused(server.post("/realtime/publish", frame, "Content-Type", JSON));
      assertRefused(server.post("/realtime/send", frame, "Content-Type", JSON));
      assertThat(server.realtime().statistics().refusedWhileDraining()).isEqualTo(9);

      String publish =
          "{\"id\":\"2\",\"type\":\"publish\",\"topic\":\"t\",\"event\":\"e\",\"data\":1}";
      socket.send(publish).awaitAnswer("2");
      String session = secret(greeting);
      assertThat(
              server
                  .post("/realtime/send?session=" + session, publish, "Content-Type", JSON)
                  .statusCode())
          .isEqualTo(200);
      assertThat(
              server
                  .post("/realtime/send?link=" + secret, publish, "Content-Type", JSON)
                  .statusCode())
          .isEqualTo(204);
      assertThat(server.get("/realtime/poll?link=" + secret).statusCode()).isEqualTo(200);
      assertThat(server.realtime().statistics().refusedWhileDraining()).isEqualTo(9);
    }
  }

  private static String secret(JsonNode greeting) {
    return greeting.findValue("session").asString();
  }

  private static void assertRefused(HttpResponse<String> answer) {
    assertThat(answer.statusCode()).as(answer.uri() + ": " + answer.body()).isEqualTo(503);
    assertThat(answer.headers().firstValue("Retry-After")).contains("2");
    JsonNode problem = JsonMapper.shared().readTree(answer.body());
    assertThat(problem.get("code").asString()).isEqualTo("UNAVAILABLE");
    assertThat(problem.get("temporary").asBoolean()).isTrue();
  }

  @Test
  void everybodyIsToldToComeBackAndThenThereIsNobody() throws Exception {
    try (TestServer server = TestServer.open();
        WireClient socket = server.connect();
        SseClient stream = SseClient.open(server, "topic=t")) {
      socket.send("{\"id\":\"1\",\"type\":\"subscribe\",\"topic\":\"t\"}").awaitAnswer("1");
      stream.awaitEvent("subscribed");
      server.realtime().emit("last", 1, "t").toCompletableFuture().join();
      CompletableFuture<Void> drained =
          server.realtime().drain(Duration.ZERO).toCompletableFuture();

      assertThat(socket.awaitType("advice").at("/payload/reconnect").asString()).isEqualTo("retry");
      assertThat(socket.awaitClose()).isEqualTo(1001);
      socket.awaitEvent("last");
      assertThat(stream.awaitEvent("close").json().at("/payload/code").asInt()).isEqualTo(1001);
      drained.get(60, TimeUnit.SECONDS);
      assertThat(server.realtime().connectionCount()).isZero();
      server.realtime().close();
      assertHealth(server, 503, "down");
      await().until(() -> server.realtime().admission().connectionCount() == 0);
    }
  }
}
