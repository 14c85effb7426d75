package dev.tidewire.demo;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse.BodyHandlers;
import java.net.http.WebSocket;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.CopyOnWriteArrayList;

/**
 * Two programs that listen to one topic, over a WebSocket and over an event stream. Thread-safe.
 */
final class Wire {
  private static final Duration PATIENCE = Duration.ofSeconds(60);

  private final List<String> frames = new CopyOnWriteArrayList<>();
  private final List<String> lines = new CopyOnWriteArrayList<>();
  private volatile int closeCode;
  private volatile boolean ended;

  /** Connects both and waits until they are subscribed. */
  Wire(URI application, String topic) {
    HttpClient http = HttpClient.newHttpClient();
    URI base = application.resolve("realtime/");
    http.newWebSocketBuilder()
        .buildAsync(
            URI.create(base.resolve("ws").toString().replaceFirst("http", "ws")), listener())
        .join()
        .sendText("{\"id\":\"s\",\"type\":\"subscribe\",\"topic\":\"%s\"}".formatted(topic), true)
        .join();
    HttpRequest stream = HttpRequest.newBuilder(base.resolve("sse?topic=" + topic)).build();
    Thread reader = new Thread(() -> read(http, stream), "event-stream");
    reader.setDaemon(true);
    reader.start();
    awaitAny(frames, "\"messageId\":\"s\"");
    awaitAny(lines, "event: subscribed");
  }

  private void read(HttpClient http, HttpRequest stream) {
    try {
      http.send(stream, BodyHandlers.ofLines()).body().forEach(lines::add);
    } catch (Exception e) {
      // cut off: an end as well
    } finally {
      ended = true;
    }
  }

  private WebSocket.Listener listener() {
    return new WebSocket.Listener() {
      private final StringBuilder text = new StringBuilder();

      @Override
      public CompletionStage<?> onText(WebSocket from, CharSequence data, boolean last) {
        text.append(data);
        if (last) {
          text.toString().lines().forEach(frames::add);
          text.setLength(0);
        }
        from.request(1);
        return null;
      }

      @Override
      public CompletionStage<?> onClose(WebSocket from, int status, String reason) {
        closeCode = status;
        return null;
      }
    };
  }

  /** Both heard a message with this in it, once. */
  void awaitOnBoth(String part) {
    for (List<String> heard : List.of(frames, lines)) {
      awaitAny(heard, part);
      assertThat(heard).filteredOn(text -> text.contains(part)).hasSize(1);
    }
  }

  /** What came over the WebSocket so far with this in it. */
  List<String> frames(String part) {
    return frames.stream().filter(frame -> frame.contains(part)).toList();
  }

  /** The first of them. */
  String frame(String part) {
    return frames(part).get(0);
  }

  /** Both were told that the application goes away. */
  void awaitGone() {
    await("close").atMost(PATIENCE).until(() -> closeCode == 1001);
    awaitAny(lines, "\"code\":1001");
    await("end").atMost(PATIENCE).until(() -> ended);
  }

  private static void awaitAny(List<String> heard, String part) {
    await(part)
        .atMost(PATIENCE)
        .untilAsserted(() -> assertThat(heard).anyMatch(text -> text.contains(part)));
  }
}
