package dev.tidewire.jakarta;

import static org.assertj.core.api.Assertions.assertThat;

import dev.tidewire.AccessPolicy;
import dev.tidewire.Identity;
import dev.tidewire.Limit;
import dev.tidewire.Limits;
import java.net.Socket;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.List;
import java.util.Locale;
import java.util.concurrent.CompletableFuture;
import java.util.function.Consumer;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** What is let in and what is not, over every transport, and that places are given back. */
class LimitsIT {

  private static final String UPGRADE =
      "Upgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\n"
          + "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n";

  private static TestServer server(Consumer<Limits> limits) throws Exception {
    return TestServer.start(b -> b.access(AccessPolicy.open()).limits(limits));
  }

  private static void awaitPlaces(TestServer server, int taken) {
    awaitPlaces(server, taken, false);
  }

  /** A client of a stream that has gone is noticed by writing to it, more than once. */
  private static void awaitPlaces(TestServer server, int taken, boolean writing) {
    WireClient.soon("places taken")
        .until(
            () -> {
              if (writing) {
                server.realtime().emit("now", 1, "t").toCompletableFuture().join();
              }
              return server.realtime().admission().connectionCount() == taken;
            });
  }

  private static CompletableFuture<HttpResponse<String>> longPoll(TestServer server)
      throws Exception {
    int others = server.realtime().admission().connectionCount();
    String etag = server.get("/realtime/poll?topic=t").headers().firstValue("ETag").orElseThrow();
    awaitPlaces(server, others); // its own place is free again a moment after its answer
    return SseClient.HTTP.sendAsync(
        HttpRequest.newBuilder(server.uri("/realtime/poll?topic=t&wait=25"))
            .header("If-None-Match", etag)
            .build(),
        HttpResponse.BodyHandlers.ofString());
  }

  private static void assertRefused(TestServer server, int status, String... headers)
      throws Exception {
    StringBuilder lines = new StringBuilder(UPGRADE);
    for (int i = 0; i < headers.length; i += 2) {
      lines.append(headers[i]).append(": ").append(headers[i + 1]).append("\r\n");
    }
    try (RawWebSocket socket = RawWebSocket.handshake(server, lines.toString())) {
      assertThat(socket.status()).isEqualTo(status);
      assertThat(socket.answer()).containsPattern("(?i)retry-after: [1-9]");
    }
    for (String path : List.of("/realtime/sse?topic=t", "/realtime/poll?topic=t")) {
      HttpResponse<String> answer = server.get(path, headers);
      assertThat(answer.statusCode()).as("%s: %s", path, answer.body()).isEqualTo(status);
      assertThat(answer.headers().firstValue("Retry-After")).isPresent();
      assertThat(answer.body()).contains("\"temporary\":true", "\"retryAfterMs\":");
    }
  }

  @Test
  void whenTheBusIsFullEveryTransportIsRefusedBeforeTheUpgrade() throws Exception {
    try (TestServer server = server(l -> l.connections(3));
        WireClient socket = server.connect();
        SseClient stream = SseClient.open(server, "topic=t")) {
      stream.awaitEvent("subscribed");
      CompletableFuture<HttpResponse<String>> poll = longPoll(server);
      awaitPlaces(server, 3);

      assertRefused(server, 503);
      assertThat(server.get("/realtime/history?topic=t").statusCode()).isEqualTo(200);
      assertThat(server.realtime().refusals(Limit.CONNECTIONS)).isEqualTo(3);

      server.realtime().emit("now", 1, "t").toCompletableFuture().join();
      assertThat(poll.join().statusCode()).isEqualTo(200);
      awaitPlaces(server, 2);
      try (WireClient next = server.connect()) {
        next.awaitType("welcome");
        assertThat(socket.isOpen()).isTrue();
      }
    }
  }

  @Test
  void whenHandshakesComeTooFastEveryTransportIsRefusedBeforeTheUpgrade() throws Exception {
    try (TestServer server = server(l -> l.handshakes(1))) {
      WireClient.soon("refused")
          .until(
              () -> {
                try (RawWebSocket socket = RawWebSocket.handshake(server, UPGRADE);
                    SseClient stream = SseClient.open(server, "topic=t")) {
                  boolean refused = socket.status() == 503 && stream.status() == 503;
                  return refused
                      && stream.headers().firstValue("Retry-After").orElse("").equals("1")
                      && socket.answer().toLowerCase(Locale.ROOT).contains("retry-after: 1\r\n");
                }
              });
      assertThat(server.realtime().refusals(Limit.HANDSHAKES)).isGreaterThan(1);
      assertThat(server.get("/realtime/poll?topic=t").statusCode()).isEqualTo(200); // is none
    }
  }

  @Test
  void anAddressGetsItsShareOverAllTransportsTogether() throws Exception {
    try (TestServer server = server(l -> l.addressConnections(3));
        WireClient socket = server.connect();
        SseClient stream = SseClient.open(server, "topic=t")) {
      stream.awaitEvent("subscribed");
      CompletableFuture<HttpResponse<String>> poll = longPoll(server);
      awaitPlaces(server, 3);

      assertRefused(server, 429, "X-Forwarded-For", "192.0.2.7"); // is not believed
      assertThat(server.realtime().refusals(Limit.ADDRESS_CONNECTIONS)).isEqualTo(3);

      poll.cancel(true);
      stream.close();
      awaitPlaces(server, 1, true);
      try (WireClient next = server.connect()) {
        next.awaitType("welcome");
        assertThat(socket.isOpen()).isTrue();
      }
    }
  }

  @Test
  void behindATrustedProxyClientsAreToldApart() throws Exception {
    EndpointOptions options =
        EndpointOptions.defaults().handshake(HandshakePolicy.sameOrigin().trustForwardedHeaders());
    try (TestServer server =
            TestServer.start(
                options, b -> b.access(AccessPolicy.open()).limits(l -> l.addressConnections(1)));
        WireClient one = server.connect("X-Forwarded-For", "203.0.113.9, 192.0.2.1");
        WireClient other = server.connect("X-Forwarded-For", "203.0.113.9, 192.0.2.2")) {
      one.awaitType("welcome");
      other.awaitType("welcome");

      assertRefused(server, 429, "X-Forwarded-For", "198.51.100.1, 192.0.2.1");
    }
  }

  @Test
  void oneUserHasOnlySoManyConnections() throws Exception {
    try (TestServer server = server(l -> l.userConnections(2));
        WireClient socket = server.connect("X-Test-User", "ada");
        SseClient stream = SseClient.open(server, "topic=t", "X-Test-User", "ada")) {
      socket.awaitType("welcome");
      stream.awaitEvent("subscribed");

      WireClient third = server.connect("X-Test-User", "ada");
      assertThat(third.awaitClose()).isEqualTo(4029);
      assertThat(third.frames("advice")).hasSize(1);
      assertThat(third.frames("error").get(0).at("/payload/code").asString())
          .isEqualTo("RATE_LIMITED");
      for (String path : List.of("/realtime/sse?topic=t", "/realtime/poll?topic=t")) {
        HttpResponse<String> answer = server.get(path, "X-Test-User", "ada");
        assertThat(answer.statusCode()).as(path).isEqualTo(429);
        assertThat(answer.headers().firstValue("Retry-After")).contains("5");
      }
      assertThat(server.get("/realtime/poll?topic=t", "X-Test-User", "bob").statusCode())
          .isEqualTo(200);

      socket.close();
      awaitPlaces(server, 1);
      try (WireClient next = server.connect("X-Test-User", "ada")) {
        next.awaitType("welcome");
      }
    }
  }

  /** Six requests of every kind; the seventh is one too many, of whatever kind. */
  @Test
  void allThatAnAddressAsksIsCountedTogether() throws Exception {
    try (TestServer server = server(l -> l.addressRequests(1, 6))) {
      String publish = "{\"topic\":\"t\",\"event\":\"e\",\"data\":1}";
      String json = "application/json";
      server.connect();
      SseClient.open(server, "topic=t").awaitEvent("subscribed");
      assertThat(server.get("/realtime/history?topic=t").statusCode()).isEqualTo(200);
      assertThat(server.get("/realtime/presence?topic=t").statusCode()).isEqualTo(200);
      assertThat(server.post("/realtime/publish", publish, "Content-Type", json).statusCode())
          .isEqualTo(200);

      WireClient.soon("too many")
          .until(() -> server.get("/realtime/poll?topic=t").statusCode() == 429);
      HttpResponse<String> refused = null;
      while (refused == null || refused.statusCode() != 429) { // a token a second may come between
        refused = server.post("/realtime/send", "{\"type\":\"ping\"}", "Content-Type", json);
      }
      assertThat(refused.headers().firstValue("Retry-After")).contains("1");
      assertThat(refused.headers().firstValue("Content-Type")).contains("application/problem+json");
      assertThat(refused.body()).contains("RATE_LIMITED");
      assertThat(server.get("/realtime/client.js").statusCode()).isEqualTo(200);
      assertThat(server.realtime().refusals(Limit.ADDRESS_REQUESTS)).isPositive();
    }
  }

  private enum Ending {
    NOT_A_HANDSHAKE,
    FOREIGN_PAGE,
    WRONG_TOKEN,
    CUT_AFTER_THE_HANDSHAKE_WAS_SENT,
    CUT,
    CLOSED,
    HALF_OPEN,
    LOGGED_OUT,
    STREAM_REFUSED,
    STREAM_CUT,
    POLL_REFUSED,
    POLL_CUT
  }

  /** Twice as many of each as there are places. */
  @ParameterizedTest
  @EnumSource(Ending.class)
  void howeverAConnectionEndsItsPlaceIsGivenBack(Ending ending) throws Exception {
    try (TestServer server =
        TestServer.start(
            b ->
                b.access((who, topic, action) -> topic.equals("t"))
                    .guests()
                    .tokens(token -> null)
                    .heartbeat(Duration.ofMillis(100), Duration.ofMillis(100))
                    .limits(l -> l.connections(4).addressConnections(4)))) {
      // a silent client is waited for; that its place is free again shows in the end, too
      for (int round = ending == Ending.HALF_OPEN ? 1 : 0; round < 2; round++) {
        for (int i = 0; i < 4; i++) {
          end(ending, server);
        }
        if (ending == Ending.LOGGED_OUT) {
          server.realtime().revoke(who -> who.equals(Identity.of("ada")));
        }
        awaitPlaces(server, 0, ending == Ending.STREAM_CUT || ending == Ending.POLL_CUT);
      }
      WireClient.soon("nothing is left").until(() -> server.realtime().connectionCount() == 0);
      if (ending != Ending.CUT_AFTER_THE_HANDSHAKE_WAS_SENT) { // there nobody waits for the server
        assertThat(server.realtime().refusals(Limit.CONNECTIONS)).isZero();
      }
      try (WireClient next = server.connect()) {
        next.awaitType("welcome");
      }
    }
  }

  private static void end(Ending ending, TestServer server) throws Exception {
    switch (ending) {
      case NOT_A_HANDSHAKE ->
          assertThat(RawWebSocket.handshake(server, "").status()).isEqualTo(426);
      case FOREIGN_PAGE ->
          assertThat(
                  RawWebSocket.handshake(server, UPGRADE + "Origin: https://evil.example\r\n")
                      .status())
              .isEqualTo(403);
      case WRONG_TOKEN -> {
        RawWebSocket socket =
            RawWebSocket.handshake(server, UPGRADE + "Authorization: Bearer wrong\r\n");
        assertThat(socket.awaitClose()).isEqualTo(4001);
        socket.close();
      }
      case CUT_AFTER_THE_HANDSHAKE_WAS_SENT -> {
        try (Socket socket = new Socket("127.0.0.1", server.port())) {
          String request =
              "GET /app/realtime/ws HTTP/1.1\r\nHost: 127.0.0.1\r\n" + UPGRADE + "\r\n";
          socket.getOutputStream().write(request.getBytes(StandardCharsets.US_ASCII));
        }
      }
      case CUT -> RawWebSocket.connect(server).close();
      case CLOSED -> {
        WireClient client = server.connect();
        client.awaitType("welcome");
        client.close();
      }
      case HALF_OPEN -> RawWebSocket.connect(server).awaitText("welcome");
      case LOGGED_OUT -> server.connect("X-Test-User", "ada").awaitType("welcome");
      case STREAM_REFUSED ->
          assertThat(server.get("/realtime/sse?topic=no").statusCode()).isEqualTo(403);
      case STREAM_CUT -> {
        SseClient stream = SseClient.open(server, "topic=t");
        stream.awaitEvent("subscribed");
        stream.close();
      }
      case POLL_REFUSED ->
          assertThat(server.get("/realtime/poll?topic=no").statusCode()).isEqualTo(403);
      case POLL_CUT -> longPoll(server).cancel(true);
    }
  }
}
