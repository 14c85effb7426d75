package dev.tidewire.demo.launcher;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import java.net.http.WebSocket;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CopyOnWriteArrayList;
import org.junit.jupiter.api.Test;

/** HTTP/2 in clear, as programs and proxies speak it, on the port that also speaks HTTP/1.1. */
class Http2IT {
  private static final Path WAR = Path.of(System.getProperty("demo.war", "target/demo-webapp"));
  private static final int STREAMS = 20;

  private final HttpClient http =
      HttpClient.newBuilder().version(HttpClient.Version.HTTP_2).build();

  private static HttpRequest.Builder request(URI uri) {
    return HttpRequest.newBuilder(uri).timeout(Duration.ofSeconds(30));
  }

  @Test
  void twentyStreamsOfEventsShareOneConnection() throws Exception {
    try (DemoServer server = DemoServer.start(WAR, "127.0.0.1", 0, null)) {
      URI base = server.url();
      // the first request asks for HTTP/2, those after it are streams of the same connection
      assertThat(
              http.send(
                      request(base.resolve("realtime/client.js")).build(), BodyHandlers.ofString())
                  .version())
          .isEqualTo(HttpClient.Version.HTTP_2);
      List<List<String>> streams = new ArrayList<>();
      for (int i = 0; i < STREAMS; i++) {
        streams.add(open(base.resolve("realtime/sse?topic=chat/streams")));
      }
      awaitInAll(streams, "event: subscribed");
      assertThat(server.connections()).isEqualTo(1);

      HttpResponse<String> published =
          http.send(
              request(base.resolve("realtime/publish"))
                  .header("Content-Type", "application/json")
                  .POST(
                      HttpRequest.BodyPublishers.ofString(
                          "{\"topic\":\"chat/streams\",\"event\":\"message\",\"data\":\"to all\"}"))
                  .build(),
              BodyHandlers.ofString());

      assertThat(published.statusCode()).as(published.body()).isEqualTo(200);
      assertThat(published.version()).isEqualTo(HttpClient.Version.HTTP_2);
      awaitInAll(streams, "\"data\":\"to all\"");
      for (List<String> lines : streams) {
        assertThat(lines).filteredOn(line -> line.contains("\"data\":\"to all\"")).hasSize(1);
      }
      assertThat(server.connections()).isEqualTo(1);
    }
  }

  @Test
  void webSocketsStillUpgradeFromTheFirstVersion() throws Exception {
    try (DemoServer server = DemoServer.start(WAR, "127.0.0.1", 0, null)) {
      CompletableFuture<String> first = new CompletableFuture<>();
      WebSocket socket =
          http.newWebSocketBuilder()
              .buildAsync(
                  URI.create(server.url().toString().replaceFirst("http", "ws") + "realtime/ws"),
                  new WebSocket.Listener() {
                    @Override
                    public CompletableFuture<?> onText(
                        WebSocket from, CharSequence data, boolean last) {
                      first.complete(data.toString());
                      return null;
                    }
                  })
              .join();

      assertThat(first.orTimeout(30, java.util.concurrent.TimeUnit.SECONDS).join())
          .contains("\"type\":\"welcome\"");
      socket.abort();
    }
  }

  /** What comes on a new stream of events, line by line. */
  private List<String> open(URI uri) {
    List<String> lines = new CopyOnWriteArrayList<>();
    var unused =
        http.sendAsync(request(uri).build(), BodyHandlers.ofLines())
            .thenAcceptAsync(
                response -> {
                  lines.add(response.version().toString());
                  response.body().forEach(lines::add);
                },
                task -> {
                  Thread thread = new Thread(task, "event-stream");
                  thread.setDaemon(true);
                  thread.start();
                });
    return lines;
  }

  private static void awaitInAll(List<List<String>> streams, String part) {
    await(part)
        .atMost(Duration.ofSeconds(30))
        .untilAsserted(
            () ->
                assertThat(streams)
                    .allSatisfy(
                        lines ->
                            assertThat(lines)
                                .contains("HTTP_2")
                                .anyMatch(line -> line.contains(part))));
  }
}
