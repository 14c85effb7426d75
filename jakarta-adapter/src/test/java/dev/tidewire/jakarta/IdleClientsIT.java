package dev.tidewire.jakarta;

import static org.assertj.core.api.Assertions.assertThat;

import dev.tidewire.AccessPolicy;
import java.io.InputStream;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import org.junit.jupiter.api.Test;

/** What clients cost that only wait, and those that do not read. */
class IdleClientsIT {

  private static final int EACH = 250;

  @Test
  void streamsAndPollsThatWaitHoldNoThread() throws Exception {
    try (TestServer server =
        TestServer.start(
            b ->
                b.access(AccessPolicy.open())
                    .limits(l -> l.addressConnections(0).addressRequests(0, 0)))) {
      String etag =
          server.get("/realtime/poll?topic=idle").headers().firstValue("ETag").orElseThrow();
      List<SseClient> streams = new ArrayList<>();
      List<CompletableFuture<HttpResponse<String>>> polls = new ArrayList<>();
      for (int i = 0; i < EACH; i++) {
        streams.add(SseClient.open(server, "topic=idle"));
        polls.add(
            SseClient.HTTP.sendAsync(
                HttpRequest.newBuilder(server.uri("/realtime/poll?topic=idle&wait=25"))
                    .header("If-None-Match", etag)
                    .build(),
                HttpResponse.BodyHandlers.ofString()));
      }
      WireClient.soon("all are there").until(() -> server.realtime().connectionCount() == 2 * EACH);
      WireClient.soon("nobody is busy with them")
          .until(() -> busy(server) < 8); // acceptor, selectors and their reserves

      assertThat(server.get("/realtime/client.js").statusCode()).isEqualTo(200);
      server.realtime().emit("now", 1, "idle").toCompletableFuture().join();

      for (CompletableFuture<HttpResponse<String>> poll : polls) {
        assertThat(poll.join().body()).contains("\"event\":\"now\"");
      }
      for (SseClient stream : streams) {
        stream.awaitEvent("now");
        stream.close();
      }
    }
  }

  private static int busy(TestServer server) {
    return server.threads().getThreads() - server.threads().getIdleThreads();
  }

  @Test
  void aStreamThatIsNotReadEndsAndDelaysNobody() throws Exception {
    try (TestServer server = TestServer.start(b -> b.access(AccessPolicy.open()));
        Socket slow = new Socket()) {
      slow.setReceiveBufferSize(4_096);
      slow.connect(new InetSocketAddress("127.0.0.1", server.port()));
      slow.getOutputStream()
          .write(
              "GET /app/realtime/sse?topic=big HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n"
                  .getBytes(StandardCharsets.US_ASCII));
      InputStream in = slow.getInputStream();
      assertThat(in.read()).isEqualTo('H');
      try (SseClient fast = SseClient.open(server, "topic=big")) {
        fast.awaitEvent("subscribed");
        WireClient.soon("both are there").until(() -> server.realtime().connectionCount() == 2);
        String text = "x".repeat(100_000);
        int sent = 0;
        while (server.realtime().connectionCount() == 2 && sent < 400) {
          server.realtime().emit("text", text, "big").toCompletableFuture().join();
          sent++;
          fast.awaitEvents("text", sent);
        }

        WireClient.soon("the slow one is gone")
            .until(() -> server.realtime().connectionCount() == 1);
        assertThat(sent).isLessThan(400);
        assertThat(fast.isEnded()).isFalse();
      }
    }
  }
}
