package dev.tidewire.jakarta;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.time.Duration;
import java.util.Arrays;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** What only clients that are broken, hostile or gone do. */
class RawWebSocketIT {

  private static final String SUBSCRIBE = "{\"id\":\"s\",\"type\":\"subscribe\",\"topic\":\"t\"}";
  private TestServer server;

  @BeforeEach
  void start() throws Exception {
    server = TestServer.open();
  }

  @AfterEach
  void stop() throws Exception {
    server.close();
  }

  @Test
  void aMessageInPartsIsOneMessage() throws Exception {
    byte[] text = "{\"id\":\"é\",\"type\":\"subscribe\",\"topic\":\"t\"}".getBytes(UTF_8);
    int middle = new String(text, UTF_8).indexOf('é') + 1; // between the two bytes of a letter
    try (RawWebSocket client = RawWebSocket.connect(server)) {
      client.send(RawWebSocket.TEXT, false, Arrays.copyOf(text, middle));
      client.send(RawWebSocket.PING, true, "still here");
      client.send(RawWebSocket.CONTINUATION, true, Arrays.copyOfRange(text, middle, text.length));

      assertThat(client.awaitText("\"ack\"")).contains("\"messageId\":\"é\"");
    }
  }

  @Test
  void partsThatGrowBeyondTheLimitClose1009BeforeTheLastOne() throws Exception {
    try (RawWebSocket client = RawWebSocket.connect(server)) {
      client.send(RawWebSocket.TEXT, false, "{\"data\":\"");
      for (int i = 0; i < 3; i++) {
        client.send(RawWebSocket.CONTINUATION, false, "x".repeat(30_000));
      }

      assertThat(client.awaitClose()).isEqualTo(1009);
    }
  }

  @Test
  void compressionIsNotOffered() throws Exception {
    try (RawWebSocket client =
        RawWebSocket.handshake(
            server,
            "Upgrade: websocket\r\nConnection: keep-alive, Upgrade\r\n"
                + "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"
                + "Sec-WebSocket-Extensions: permessage-deflate\r\n"
                + "Sec-WebSocket-Protocol: chat\r\n")) {
      assertThat(client.status()).isEqualTo(101);
      assertThat(client.answer().toLowerCase(java.util.Locale.ROOT))
          .doesNotContain("sec-websocket-extensions")
          .doesNotContain("sec-websocket-protocol");
    }
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "",
        "Upgrade: h2c\r\nConnection: Upgrade\r\n",
        "Upgrade: websocket\r\n"
            + "Connection: Upgrade\r\n"
            + "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n",
        "Upgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 8\r\n"
            + "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n",
        "Upgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\n",
        "Upgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\n"
            + "Sec-WebSocket-Key: short\r\n",
      })
  void whatIsNoHandshakeIsToldWhatIsNeeded(String headers) throws Exception {
    try (RawWebSocket client = RawWebSocket.handshake(server, headers)) {
      assertThat(client.status()).isEqualTo(426);
      assertThat(client.answer())
          .contains("Upgrade: websocket")
          .contains("Sec-WebSocket-Version: 13")
          .contains("application/problem+json");
    }
  }

  @Test
  void aClientThatDoesNotReadIsCutAndHoldsUpNobody() throws Exception {
    try (RawWebSocket deaf = RawWebSocket.connect(server);
        WireClient ada = server.connect()) {
      deaf.send(RawWebSocket.TEXT, true, SUBSCRIBE);
      deaf.awaitText("\"ack\"");
      ada.send(SUBSCRIBE).awaitAnswer("s");
      String data = "x".repeat(100_000);
      int count = 100; // ten times what may wait, and more than sockets hold
      for (int i = 1; i <= count; i++) {
        int n = i;
        server.realtime().emit("e", data, "t").toCompletableFuture().join();
        if (n % 5 == 0) { // she keeps up: what waits for her stays below the limit
          ada.awaitFrame("frame " + n, f -> ada.frames("event").size() == n);
        }
      }

      WireClient.soon("the deaf client is gone")
          .until(() -> server.realtime().connectionCount() == 1);
      assertThat(ada.isOpen()).isTrue();
    }
  }

  @Test
  void anUndeploymentDoesNotWaitForAClientThatDoesNotRead() throws Exception {
    try (RawWebSocket deaf = RawWebSocket.connect(server)) {
      deaf.send(RawWebSocket.TEXT, true, SUBSCRIBE);
      deaf.awaitText("\"ack\"");
      for (int i = 0; i < 8; i++) {
        server.realtime().emit("e", "x".repeat(100_000), "t").toCompletableFuture().join();
      }

      server.undeploy();

      assertThat(server.realtime().connectionCount()).isZero();
    }
  }

  @Test
  void pongsAreSignsOfLifeAndSilenceIsNone() throws Exception {
    ScheduledExecutorService ponging = Executors.newSingleThreadScheduledExecutor();
    try (TestServer impatient =
            TestServer.start(
                b ->
                    b.access(dev.tidewire.AccessPolicy.open())
                        .heartbeat(Duration.ofSeconds(1), Duration.ofSeconds(9)));
        RawWebSocket alive = RawWebSocket.connect(impatient);
        RawWebSocket silent = RawWebSocket.connect(impatient)) {
      // to the end of the test: whatever this thread waits for, the client never falls silent
      ponging.scheduleAtFixedRate(() -> pong(alive), 0, 50, TimeUnit.MILLISECONDS);

      assertThat(silent.awaitClose()).isEqualTo(4000);
      WireClient.soon("only the silent one is gone")
          .until(() -> impatient.realtime().connectionCount() == 1);
      alive.send(RawWebSocket.TEXT, true, SUBSCRIBE);
      assertThat(alive.awaitText("\"ack\"")).contains("\"s\"");
    } finally {
      ponging.shutdownNow();
    }
  }

  private static void pong(RawWebSocket client) {
    try {
      client.send(RawWebSocket.PONG, true, "");
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }
}
