package dev.tidewire.jakarta;

import static org.assertj.core.api.Assertions.assertThat;

import dev.tidewire.AccessPolicy;
import java.io.InputStream;
import java.io.OutputStream;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;
import tools.jackson.databind.JsonNode;

class BadInputIT {

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

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      quoteCharacter = '\0',
      value = {
        "{\"id\":\"x\",\"type\":\"nope\"} | UNKNOWN_TYPE",
        "{\"id\":\"x\",\"type\":5} | BAD_REQUEST",
        "{\"id\":\"x\",\"type\":\"subscribe\"} | BAD_REQUEST",
        "{\"id\":\"x\",\"type\":\"subscribe\",\"topic\":7} | BAD_REQUEST",
        "{\"id\":\"x\",\"type\":\"subscribe\",\"topic\":\"a b\"} | BAD_REQUEST",
        "{\"id\":\"x\",\"type\":\"subscribe\",\"topic\":\"\"} | BAD_REQUEST",
        "{\"id\":\"x\",\"type\":\"subscribe\",\"topic\":\"secret/1\"} | FORBIDDEN",
        "{\"id\":\"x\",\"type\":\"subscribe\",\"topic\":\"a\",\"since\":\"garbage\"} | BAD_REQUEST",
        "{\"id\":\"x\",\"type\":\"unsubscribe\",\"topic\":\"never\"} | NOT_SUBSCRIBED",
        "{\"id\":\"x\",\"type\":\"publish\",\"topic\":\"orders\",\"event\":\"e\",\"data\":1} | FORBIDDEN",
        "{\"id\":\"x\",\"type\":\"publish\",\"topic\":\"a\",\"event\":\"presence:join\",\"data\":1} | BAD_REQUEST",
        "{\"id\":\"x\",\"type\":\"publish\",\"topic\":\"a\",\"event\":\"INSERT\",\"data\":1} | BAD_REQUEST",
        "{\"id\":\"x\",\"type\":\"publish\",\"topic\":\"a\",\"data\":1} | BAD_REQUEST",
        "{\"id\":\"x\",\"type\":\"history\",\"topic\":\"a\",\"limit\":-1} | BAD_REQUEST",
        "{\"id\":\"x\",\"type\":\"history\",\"topic\":\"a\",\"limit\":0} | BAD_REQUEST",
        "{\"id\":\"x\",\"type\":\"history\",\"topic\":\"a\",\"limit\":1000000000} | LIMIT_EXCEEDED",
        "{\"id\":\"x\",\"type\":\"history\",\"topic\":\"a\",\"limit\":\"many\"} | BAD_REQUEST",
        "{\"id\":\"x\",\"type\":\"history\",\"topic\":\"a\",\"before\":\"garbage\"} | BAD_REQUEST",
        "{\"id\":\"x\",\"type\":\"track\",\"topic\":\"a\",\"data\":[1]} | BAD_REQUEST",
        "{\"id\":\"x\",\"type\":\"status\",\"status\":\"asleep\"} | BAD_REQUEST",
        "{\"id\":\"x\",\"type\":\"auth\",\"token\":\"t\"} | UNAUTHORIZED",
        "{\"id\":\"x\",\"type\":\"call\",\"method\":\"nope\"} | UNKNOWN_TOPIC",
      })
  void isAnsweredWithItsCodeAndTheConnectionLives(String frame, String code) {
    try (WireClient client = server.connect()) {
      JsonNode error = client.send(frame).awaitAnswer("x");

      assertThat(error.path("type").asString()).isEqualTo("error");
      assertThat(error.path("payload").path("code").asString()).isEqualTo(code);
      client.send("{\"type\":\"ping\"}").awaitType("pong");
    }
  }

  @ParameterizedTest
  @ValueSource(strings = {"{", "[]", "\"text\"", "{}", "null", "", "{\"a\":}", "\u0000"})
  void malformedFramesAreAnsweredAndTheConnectionLives(String frame) {
    try (WireClient client = server.connect()) {
      JsonNode error = client.send(frame).awaitType("error");

      assertThat(error.path("payload").path("code").asString()).isEqualTo("BAD_REQUEST");
      client.send("{\"type\":\"ping\"}").awaitType("pong");
    }
  }

  @Test
  void whatIsTooDeepOrTooLargeIsRefusedAndTheConnectionLives() {
    try (WireClient client = server.connect()) {
      String deep = "[".repeat(33) + "]".repeat(33);
      client.send(
          "{\"id\":\"d\",\"type\":\"publish\",\"topic\":\"a\",\"event\":\"e\",\"data\":"
              + deep
              + "}");
      client.send(
          "{\"id\":\"t\",\"type\":\"track\",\"topic\":\"a\",\"data\":{\"s\":\""
              + "x".repeat(4_096)
              + "\"}}");

      assertThat(client.awaitAnswer("d").path("payload").path("code").asString())
          .isEqualTo("BAD_REQUEST");
      assertThat(client.awaitAnswer("t").path("payload").path("code").asString())
          .isEqualTo("TOO_LARGE");
      client.send("{\"type\":\"ping\"}").awaitType("pong");
    }
  }

  @Test
  void aFrameAboveTheLimitCloses1009() {
    WireClient client = server.connect();
    client.send("{\"type\":\"publish\",\"data\":\"" + "x".repeat(70_000) + "\"}");

    assertThat(client.awaitClose()).isEqualTo(1009);
  }

  @Test
  void theEleventhMalformedFrameCloses4509() {
    WireClient client = server.connect();
    for (int i = 0; i < 11; i++) {
      client.send("nonsense");
    }

    assertThat(client.awaitClose()).isEqualTo(4509);
    assertThat(client.frames("error")).hasSize(11);
  }

  @Test
  void aFloodIsToldAndThenCloses4029() {
    WireClient client = server.connect();
    for (int i = 0; i < 50 && client.isOpen(); i++) {
      client.send("{\"type\":\"ping\"}\n".repeat(50).strip());
    }

    assertThat(client.awaitClose()).isEqualTo(4029);
    JsonNode error = client.awaitType("error").path("payload");
    assertThat(error.path("code").asString()).isEqualTo("RATE_LIMITED");
    assertThat(error.path("retryAfterMs").asLong()).isPositive();
    assertThat(client.frames("advice")).hasSize(1);
  }

  @Test
  void aBinaryMessageCloses1003() {
    WireClient client = server.connect();
    client.sendBinary(new byte[] {1, 2, 3});

    assertThat(client.awaitClose()).isEqualTo(1003);
  }

  @Test
  void invalidUtf8Closes1007() throws Exception {
    try (Socket socket = new Socket("127.0.0.1", server.port())) {
      OutputStream out = socket.getOutputStream();
      out.write(
          ("GET /app/realtime/ws HTTP/1.1\r\nHost: 127.0.0.1\r\nUpgrade: websocket\r\n"
                  + "Connection: Upgrade\r\nSec-WebSocket-Version: 13\r\n"
                  + "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n")
              .getBytes(StandardCharsets.US_ASCII));
      // A masked text frame (mask of zeros) whose two bytes are no UTF-8.
      out.write(new byte[] {(byte) 0x81, (byte) 0x82, 0, 0, 0, 0, (byte) 0xc3, (byte) 0x28});
      out.flush();
      socket.setSoTimeout(30_000);
      byte[] all = readToEnd(socket.getInputStream());

      String bytes = new String(all, StandardCharsets.ISO_8859_1);
      assertThat(bytes).contains("\u0003\u00ef"); // 1007 in a close frame
    }
  }

  private static byte[] readToEnd(InputStream in) throws java.io.IOException {
    java.io.ByteArrayOutputStream all = new java.io.ByteArrayOutputStream();
    byte[] chunk = new byte[1_024];
    for (int n = in.read(chunk); n > 0; n = in.read(chunk)) {
      all.write(chunk, 0, n);
      String text = all.toString(StandardCharsets.ISO_8859_1);
      if (text.contains("\u0003\u00ef")) {
        break;
      }
    }
    return all.toByteArray();
  }

  @Test
  void withoutAPolicyEverythingIsRefusedAndTheErrorNamesTheFix() throws Exception {
    try (TestServer closed = TestServer.start(builder -> builder.guests());
        WireClient client = closed.connect()) {
      JsonNode error =
          client
              .send("{\"id\":\"x\",\"type\":\"subscribe\",\"topic\":\"a\"}")
              .awaitAnswer("x")
              .path("payload");

      assertThat(error.path("code").asString()).isEqualTo("FORBIDDEN");
      assertThat(error.path("message").asString()).contains("AccessPolicy.open()");
    }
  }

  @Test
  void failuresOfTheApplicationDoNotLeakDetails() throws Exception {
    try (TestServer faulty = TestServer.start(b -> b.access(AccessPolicy.open()));
        WireClient client = faulty.connect()) {
      faulty
          .realtime()
          .onCall(
              "boom",
              request -> {
                throw new IllegalStateException("jdbc:secret");
              });
      JsonNode error =
          client.send("{\"id\":\"x\",\"type\":\"call\",\"method\":\"boom\"}").awaitAnswer("x");

      assertThat(error.path("payload").path("code").asString()).isEqualTo("INTERNAL");
      assertThat(error.toString()).doesNotContain("secret").doesNotContain("IllegalState");
    }
  }
}
