package dev.tidewire.jakarta;

import java.net.URI;
import java.net.http.WebSocket;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CompletionException;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.function.Predicate;
import org.awaitility.Awaitility;
import org.awaitility.core.ConditionFactory;
import org.jspecify.annotations.Nullable;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/** A client of the wire protocol over the JDK's own WebSocket: nothing of ours is in between. */
final class WireClient implements WebSocket.Listener, AutoCloseable {

  static final Duration PATIENCE = Duration.ofSeconds(30);
  private static final JsonMapper JSON = JsonMapper.builder().build();

  private final List<JsonNode> frames = new CopyOnWriteArrayList<>();
  private final StringBuilder partial = new StringBuilder();
  private volatile int closeCode = -1;
  private volatile @Nullable WebSocket socket;

  /** Waits for something that is to happen at once: looks often, for half a minute at most. */
  static ConditionFactory soon(String what) {
    return Awaitility.await(what)
        .atMost(PATIENCE)
        .pollDelay(Duration.ZERO)
        .pollInterval(Duration.ofMillis(10));
  }

  /** Connects; the headers are name, value, name, value. */
  static WireClient connect(URI uri, String... headers) {
    return connect(PATIENCE, uri, headers);
  }

  /** The same, or fails after this time. */
  static WireClient connect(Duration patience, URI uri, String... headers) {
    WireClient client = new WireClient();
    WebSocket.Builder builder = SseClient.HTTP.newWebSocketBuilder().connectTimeout(patience);
    for (int i = 0; i < headers.length; i += 2) {
      builder.header(headers[i], headers[i + 1]);
    }
    client.socket = builder.buildAsync(uri, client).join();
    return client;
  }

  @Override
  public @Nullable CompletionStage<?> onText(WebSocket from, CharSequence data, boolean last) {
    partial.append(data);
    if (last) {
      partial.toString().lines().map(JSON::readTree).forEach(frames::add);
      partial.setLength(0);
    }
    from.request(1);
    return null;
  }

  @Override
  public @Nullable CompletionStage<?> onClose(WebSocket from, int statusCode, String reason) {
    closeCode = statusCode;
    return null;
  }

  @Override
  public void onError(WebSocket from, Throwable error) {
    closeCode = 1006;
  }

  WireClient send(String text) {
    try {
      socket().sendText(text, true).join();
    } catch (CompletionException e) {
      // closed by the server meanwhile: the test sees that by the close code
    }
    return this;
  }

  void sendBinary(byte[] bytes) {
    socket().sendBinary(ByteBuffer.wrap(bytes), true).join();
  }

  private WebSocket socket() {
    return java.util.Objects.requireNonNull(socket);
  }

  /** The first frame so far, or to come, that the predicate picks. */
  JsonNode awaitFrame(String what, Predicate<JsonNode> predicate) {
    soon(what)
        .untilAsserted(
            () ->
                org.assertj.core.api.Assertions.assertThat(frames)
                    .as("%s, close code %d", what, closeCode)
                    .anyMatch(predicate));
    return frames.stream().filter(predicate).findFirst().orElseThrow();
  }

  JsonNode awaitType(String type) {
    return awaitFrame(type, f -> f.path("type").asString().equals(type));
  }

  /** The ack or error of the command with this id. */
  JsonNode awaitAnswer(String id) {
    return awaitFrame(
        "answer to " + id, f -> f.path("payload").path("messageId").asString("").equals(id));
  }

  JsonNode awaitEvent(String event) {
    return awaitFrame(event, f -> f.path("event").asString("").equals(event));
  }

  int awaitClose() {
    soon("close").until(() -> closeCode >= 0);
    return closeCode;
  }

  boolean isOpen() {
    return closeCode < 0;
  }

  List<JsonNode> frames() {
    return frames;
  }

  List<JsonNode> frames(String type) {
    return frames.stream().filter(f -> f.path("type").asString("").equals(type)).toList();
  }

  /** Drops the TCP connection without a closing handshake. */
  void drop() {
    socket().abort();
  }

  @Override
  public void close() {
    socket().sendClose(WebSocket.NORMAL_CLOSURE, "").exceptionally(e -> null).join();
  }
}
