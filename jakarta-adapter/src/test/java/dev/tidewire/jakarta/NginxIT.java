package dev.tidewire.jakarta;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.tidewire.AccessPolicy;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.net.http.WebSocketHandshakeException;
import java.nio.file.Path;
import java.util.List;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/** Behind nginx as {@code docs/operations.md} sets it up. */
class NginxIT {

  private static final JsonMapper JSON = JsonMapper.builder().build();
  private static final String TOPIC = "c/proxied";

  @TempDir private Path folder;
  private final HttpClient http = HttpClient.newHttpClient();
  private final Set<String> addresses = ConcurrentHashMap.newKeySet();
  private TestServer server;
  private Nginx nginx;

  @BeforeEach
  void start() throws Exception {
    HandshakePolicy trusting = HandshakePolicy.sameOrigin().trustForwardedHeaders();
    Origins origins = new Origins(trusting);
    HandshakePolicy policy =
        trusting.identity(
            request -> {
              addresses.add(origins.address(request));
              return null;
            });
    server =
        TestServer.start(
            EndpointOptions.defaults().handshake(policy),
            builder -> builder.access(AccessPolicy.open()));
    nginx = Nginx.before(server.port(), folder);
  }

  @AfterEach
  void stop() throws Exception {
    if (nginx != null) {
      nginx.close();
    }
    server.close();
  }

  private String site() {
    return "http://" + nginx.authority();
  }

  private URI uri(String path) {
    return URI.create(site() + "/app" + path);
  }

  private WireClient connect(String... headers) {
    return WireClient.connect(
        URI.create("ws://" + nginx.authority() + "/app/realtime/ws"), headers);
  }

  private CompletableFuture<JsonNode> poll(String query) {
    return http.sendAsync(
            HttpRequest.newBuilder(uri("/realtime/poll?topic=" + TOPIC + query)).build(),
            HttpResponse.BodyHandlers.ofString())
        .thenApply(response -> JSON.readTree(response.body()));
  }

  /** A page's publication. */
  private int publish(int data, String... headers) throws Exception {
    HttpRequest.Builder request =
        HttpRequest.newBuilder(uri("/realtime/publish"))
            .header("Content-Type", "application/json")
            .POST(
                HttpRequest.BodyPublishers.ofString(
                    "{\"topic\":\"%s\",\"event\":\"e%d\",\"data\":%d}"
                        .formatted(TOPIC, data, data)));
    for (int i = 0; i < headers.length; i += 2) {
      request.header(headers[i], headers[i + 1]);
    }
    return http.send(request.build(), HttpResponse.BodyHandlers.ofString()).statusCode();
  }

  private static WireClient subscribe(WireClient client, String more) {
    client
        .send("{\"id\":\"s\",\"type\":\"subscribe\",\"topic\":\"" + TOPIC + "\"" + more + "}")
        .awaitAnswer("s");
    return client;
  }

  @Test
  void allThreeTransportsHearAtOnce() throws Exception {
    try (WireClient socket = subscribe(connect("Origin", site()), "");
        SseClient stream = SseClient.open(uri("/realtime/sse?topic=" + TOPIC), "Origin", site())) {
      stream.awaitEvent("subscribed"); // not kept back until a buffer is full
      String cursor = poll("").get(30, TimeUnit.SECONDS).path("cursor").asString();
      CompletableFuture<JsonNode> waiting = poll("&wait=25&cursor=" + cursor);

      assertThat(publish(1, "Origin", site())).isEqualTo(200);

      assertThat(socket.awaitEvent("e1").path("data").asInt()).isEqualTo(1);
      assertThat(stream.awaitEvent("e1").json().path("data").asInt()).isEqualTo(1);
      assertThat(waiting.get(30, TimeUnit.SECONDS).at("/messages/0/data").asInt()).isEqualTo(1);
      socket.send(
          "{\"id\":\"u\",\"type\":\"publish\",\"topic\":\"%s\",\"event\":\"e2\",\"data\":2}"
              .formatted(TOPIC));
      stream.awaitEvent("e2");
    }
    assertThat(nginx.errors()).isEmpty();
  }

  @Test
  void whatAClientWritesIntoForwardedHeadersDoesNotCount() throws Exception {
    String[] lies = {
      "Origin", "http://evil.example",
      "X-Forwarded-Host", "evil.example",
      "X-Forwarded-Port", "80",
      "X-Forwarded-For", "203.0.113.9",
      "Forwarded", "for=203.0.113.9;host=evil.example;proto=http"
    };

    assertThat(publish(1, lies)).isEqualTo(403);
    assertThatThrownBy(() -> connect(lies)).hasCauseInstanceOf(WebSocketHandshakeException.class);
    lies[1] = site();
    assertThat(publish(2, lies)).isEqualTo(200);
    assertThat(addresses).containsExactly("127.0.0.1");
  }

  @Test
  void afterAReloadEveryClientGoesOnWhereItWas() throws Exception {
    try (WireClient socket = subscribe(connect(), "");
        SseClient stream = SseClient.open(uri("/realtime/sse?topic=" + TOPIC))) {
      stream.awaitEvent("subscribed");
      assertThat(publish(1)).isEqualTo(200);
      String last = socket.awaitEvent("e1").path("id").asString();
      String cursor = stream.awaitEvent("e1").id();

      nginx.reload();

      socket.awaitClose();
      stream.awaitEnd();
      for (int data = 2; data <= 4; data++) {
        assertThat(publish(data)).isEqualTo(200);
      }
      try (WireClient again = subscribe(connect(), ",\"since\":\"" + last + "\"");
          SseClient resumed =
              SseClient.open(uri("/realtime/sse?topic=" + TOPIC), "Last-Event-ID", cursor)) {
        JsonNode ack = again.awaitAnswer("s").path("payload");
        assertThat(ack.path("recovered").asBoolean()).isTrue();
        assertThat(ack.path("messages").findValuesAsString("event"))
            .containsExactly("e2", "e3", "e4");
        resumed.awaitEvent("e4");
        resumed.awaitEvent("subscribed");
        assertThat(resumed.events())
            .extracting(SseClient.Event::name)
            .containsSubsequence(List.of("e2", "e3", "e4"))
            .doesNotContain("e1", "reset");
        assertThat(
                poll("&cursor=" + cursor)
                    .get(30, TimeUnit.SECONDS)
                    .path("messages")
                    .findValuesAsString("event"))
            .containsExactly("e2", "e3", "e4");
      }
    }
  }
}
