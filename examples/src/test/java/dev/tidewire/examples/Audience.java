package dev.tidewire.examples;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.net.http.WebSocket;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.CopyOnWriteArrayList;
import org.apache.catalina.startup.Tomcat;
import org.jspecify.annotations.Nullable;

/** Two clients of an application's channel {@code orders}: a WebSocket and an event stream. */
final class Audience {

  private static final Duration PATIENCE = Duration.ofSeconds(30);

  private final HttpClient http = HttpClient.newHttpClient();
  private final List<String> frames = new CopyOnWriteArrayList<>();
  private final List<String> lines = new CopyOnWriteArrayList<>();
  private final String application;
  private volatile int closeCode;
  private volatile boolean ended;

  /** Connects both and waits until both are subscribed. */
  Audience(Tomcat server, String path) {
    application = "127.0.0.1:" + server.getConnector().getLocalPort() + path;
    http.newWebSocketBuilder()
        .buildAsync(URI.create("ws://" + application + "/realtime/ws"), new Frames())
        .join()
        .sendText("{\"id\":\"s\",\"type\":\"subscribe\",\"topic\":\"orders\"}", true)
        .join();
    var unused =
        http.sendAsync(
                request("/realtime/sse?topic=orders").build(), HttpResponse.BodyHandlers.ofLines())
            .thenAcceptAsync(response -> response.body().forEach(lines::add))
            .whenComplete((done, failure) -> ended = true);
    awaitAny(frames, "\"messageId\":\"s\"");
    awaitAny(lines, "event: subscribed");
  }

  private HttpRequest.Builder request(String path) {
    return HttpRequest.newBuilder(URI.create("http://" + application + path));
  }

  int post(String path) throws Exception {
    return http.send(
            request(path).POST(HttpRequest.BodyPublishers.noBody()).build(),
            HttpResponse.BodyHandlers.discarding())
        .statusCode();
  }

  /** Both heard of it, and only once. */
  void awaitShipped(String data) {
    for (List<String> heard : List.of(frames, lines)) {
      awaitAny(heard, "\"data\":" + data);
      assertThat(heard).filteredOn(text -> text.contains("\"event\":\"shipped\"")).hasSize(1);
    }
  }

  /** Both were told that the application goes away, and no thread of ours is left. */
  void awaitGone() {
    await("close").atMost(PATIENCE).until(() -> closeCode == 1001 && ended);
    await("threads")
        .atMost(PATIENCE)
        .until(
            () ->
                Thread.getAllStackTraces().keySet().stream()
                    .noneMatch(thread -> thread.getName().startsWith("tidewire-")));
  }

  private static void awaitAny(List<String> heard, String part) {
    await(part)
        .atMost(PATIENCE)
        .untilAsserted(() -> assertThat(heard).anyMatch(text -> text.contains(part)));
  }

  private final class Frames implements WebSocket.Listener {

    @Override
    public @Nullable CompletionStage<?> onText(WebSocket from, CharSequence data, boolean last) {
      data.toString().lines().forEach(frames::add);
      from.request(1);
      return null;
    }

    @Override
    public @Nullable CompletionStage<?> onClose(WebSocket from, int status, String reason) {
      closeCode = status;
      return null;
    }
  }
}
