package dev.tidewire.jakarta;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.tidewire.AccessPolicy;
import dev.tidewire.Identity;
import dev.tidewire.Realtime;
import dev.tidewire.sync.yjs.MemoryYjsStore;
import dev.tidewire.sync.yjs.YjsOptions;
import dev.tidewire.sync.yjs.YjsUpdates;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.WebSocket;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import org.junit.jupiter.api.Test;

/** What the container and the handshake have to do with Yjs; the npm tests speak the protocol. */
class YjsIT {

  private static final Duration PATIENCE = Duration.ofSeconds(60);

  private static final Consumer<Realtime.Builder> OPEN =
      builder -> builder.access(AccessPolicy.open()).yjs(YjsOptions.on(new MemoryYjsStore()));

  /** Joins the parts of binary messages. */
  private static final class Client implements WebSocket.Listener {
    private final List<byte[]> messages = new CopyOnWriteArrayList<>();
    private final List<Integer> closes = new CopyOnWriteArrayList<>();
    private final java.io.ByteArrayOutputStream parts = new java.io.ByteArrayOutputStream();
    private WebSocket socket;

    static Client connect(TestServer server, String path, String... headers) throws Exception {
      Client client = new Client();
      WebSocket.Builder builder = HttpClient.newHttpClient().newWebSocketBuilder();
      for (int i = 0; i < headers.length; i += 2) {
        builder.header(headers[i], headers[i + 1]);
      }
      URI uri = URI.create("ws://127.0.0.1:" + server.port() + "/app/realtime/yjs/" + path);
      client.socket = builder.buildAsync(uri, client).get(60, TimeUnit.SECONDS);
      return client;
    }

    @Override
    public CompletionStage<?> onBinary(WebSocket from, ByteBuffer part, boolean last) {
      byte[] bytes = new byte[part.remaining()];
      part.get(bytes);
      parts.writeBytes(bytes);
      if (last) {
        messages.add(parts.toByteArray());
        parts.reset();
      }
      from.request(1);
      return null;
    }

    @Override
    public CompletionStage<?> onClose(WebSocket from, int code, String reason) {
      closes.add(code);
      return null;
    }

    void send(byte[] message) throws Exception {
      socket.sendBinary(ByteBuffer.wrap(message), true).get(60, TimeUnit.SECONDS);
    }

    void expectClose(int code) {
      await().atMost(PATIENCE).untilAsserted(() -> assertThat(closes).containsExactly(code));
    }
  }

  /** A run of text that one client typed, as an edit. */
  private static byte[] edit(int length) {
    byte[] head = {1, 1, 5, 0, 4, 1, 1, 't'};
    byte[] update = new byte[head.length + 3 + length + 1];
    System.arraycopy(head, 0, update, 0, head.length);
    varint(update, head.length, length);
    java.util.Arrays.fill(update, head.length + 3, update.length - 1, (byte) 'x');
    byte[] message = new byte[2 + 3 + update.length];
    message[1] = 2;
    varint(message, 2, update.length);
    System.arraycopy(update, 0, message, 5, update.length);
    YjsUpdates.check(update);
    return message;
  }

  /** In three bytes. */
  private static void varint(byte[] to, int at, int value) {
    to[at] = (byte) (value & 0x7f | 0x80);
    to[at + 1] = (byte) (value >> 7 & 0x7f | 0x80);
    to[at + 2] = (byte) (value >> 14);
  }

  @Test
  void aLargeEditReachesEverybodyInTheRoomAndNobodyElse() throws Exception {
    try (TestServer server = TestServer.start(OPEN)) {
      Client one = Client.connect(server, "a/%C3%BC%20b");
      Client two = Client.connect(server, "a/%C3%BC%20b");
      Client elsewhere = Client.connect(server, "a/b");
      await().atMost(PATIENCE).until(() -> two.messages.size() == 1); // its state vector
      byte[] edit = edit(1_000_000);
      one.send(edit);
      await().atMost(PATIENCE).until(() -> two.messages.size() == 2);
      assertThat(two.messages.get(1)).isEqualTo(edit);
      assertThat(elsewhere.messages).hasSizeLessThan(2);
      byte[] stored =
          server.realtime().yjs().read("a/ü b").toCompletableFuture().get(60, TimeUnit.SECONDS);
      assertThat(stored).hasSizeGreaterThan(1_000_000);
      one.socket.abort();
      two.socket.abort();
      elsewhere.socket.abort();
      await().atMost(PATIENCE).until(() -> server.realtime().yjs().roomCount() == 0);
    }
  }

  @Test
  void whoMayConnectIsSettledAsForEveryEndpoint() throws Exception {
    try (TestServer server =
        TestServer.start(
            EndpointOptions.defaults().handshake(HandshakePolicy.sameOrigin().tokenInUrl()),
            builder ->
                builder
                    .access((identity, topic, action) -> topic.startsWith("yjs/notes/"))
                    .tokens(token -> token.equals("good") ? Identity.of("ada") : null)
                    .yjs(YjsOptions.on(new MemoryYjsStore())))) {
      Client.connect(server, "notes/1").expectClose(4401);
      Client.connect(server, "notes/1?token=bad").expectClose(4401);
      Client.connect(server, "other?token=good").expectClose(4403);
      Client ada = Client.connect(server, "notes/1?token=good");
      await().atMost(PATIENCE).until(() -> ada.messages.size() == 1);
      assertThat(server.get("/realtime/yjs/notes/1", "Origin", "http://evil.example").statusCode())
          .isEqualTo(403);
      server.realtime().revoke(identity -> identity.userId().equals("ada"));
      ada.expectClose(4401);
    }
  }

  @Test
  void theEndOfTheHttpSessionIsTheEndOfTheConnection() throws Exception {
    try (TestServer server =
        TestServer.start(
            builder ->
                builder
                    .access((identity, topic, action) -> true)
                    .yjs(YjsOptions.on(new MemoryYjsStore())))) {
      String cookie =
          server.get("/login?user=ada").headers().firstValue("Set-Cookie").orElseThrow();
      String session = cookie.substring(0, cookie.indexOf(';'));
      Client ada = Client.connect(server, "r", "Cookie", session);
      await().atMost(PATIENCE).until(() -> ada.messages.size() == 1);
      server.get("/login", "Cookie", session);
      ada.expectClose(4401);
    }
  }

  @Test
  void whatIsNoRoomOrNoHandshakeIsAnsweredSo() throws Exception {
    try (TestServer server = TestServer.start(OPEN);
        TestServer without = TestServer.open()) {
      assertThat(server.get("/realtime/yjs/r").statusCode()).isEqualTo(426);
      assertThat(server.get("/realtime/yjs/").statusCode()).isEqualTo(400);
      assertThat(server.get("/realtime/yjs/a;b").statusCode()).isEqualTo(400);
      assertThat(server.get("/realtime/yjs/" + "x".repeat(256)).statusCode()).isEqualTo(400);
      assertThat(without.get("/realtime/yjs/r").statusCode()).isEqualTo(404);
    }
  }

  @Test
  void tooLargeAndTextAreClosed() throws Exception {
    try (TestServer server =
        TestServer.start(
            builder ->
                builder
                    .access(AccessPolicy.open())
                    .yjs(YjsOptions.on(new MemoryYjsStore()).messageBytes(100_000)))) {
      Client large = Client.connect(server, "r");
      large.send(edit(100_000));
      large.expectClose(4413);
      Client text = Client.connect(server, "r");
      text.socket.sendText("hello", true).get(60, TimeUnit.SECONDS);
      text.expectClose(1003);
    }
  }

  @Test
  void undeployingTellsClientsToComeBack() throws Exception {
    try (TestServer server = TestServer.start(OPEN)) {
      Client client = Client.connect(server, "r");
      await().atMost(PATIENCE).until(() -> client.messages.size() == 1);
      server.undeploy();
      client.expectClose(1001);
    }
  }
}
