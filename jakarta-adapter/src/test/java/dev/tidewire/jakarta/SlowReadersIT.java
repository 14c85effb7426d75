package dev.tidewire.jakarta;

import static java.nio.charset.StandardCharsets.US_ASCII;
import static org.assertj.core.api.Assertions.assertThat;

import dev.tidewire.AccessPolicy;
import dev.tidewire.PublishOptions;
import dev.tidewire.channel.SlowReaders;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Clients that do not read what they are sent, over real sockets, and those beside them. */
class SlowReadersIT {

  private static final String LARGE = "x".repeat(100_000);
  private static final String MESSAGE = "x".repeat(20_000);
  private static final int STUCK_OF_EACH = 17;

  private TestServer server;
  private final AtomicInteger published = new AtomicInteger();

  @BeforeEach
  void start() throws Exception {
    server =
        TestServer.start(
            b ->
                b.access(AccessPolicy.open())
                    .heartbeat(Duration.ZERO, Duration.ZERO)
                    .limits(l -> l.userConnections(0).addressConnections(0).addressRequests(0, 0))
                    .channels("cursors/*", c -> c.slowReaders(SlowReaders.CONFLATE))
                    .channels("ticks/*", c -> c.slowReaders(SlowReaders.DROP)));
  }

  @AfterEach
  void stop() throws Exception {
    server.close();
  }

  private void publish(String topic, Object data) {
    published.incrementAndGet();
    server
        .realtime()
        .channel(topic)
        .publish("move", data, PublishOptions.NONE.as("ada"))
        .toCompletableFuture()
        .join();
  }

  private RawWebSocket subscribed(String topic) throws IOException {
    RawWebSocket socket = RawWebSocket.connect(server);
    socket.send(
        RawWebSocket.TEXT,
        true,
        "{\"id\":\"s\",\"type\":\"subscribe\",\"topic\":\"" + topic + "\"}");
    socket.awaitText("\"messageId\":\"s\"");
    return socket;
  }

  @ParameterizedTest
  @ValueSource(strings = {"cursors/x", "ticks/x"})
  void whereItMayMissSomethingASlowSocketStaysOpenAndGoesOn(String topic) throws Exception {
    try (RawWebSocket slow = subscribed(topic);
        WireClient fast = server.connect()) {
      fast.send("{\"id\":\"s\",\"type\":\"subscribe\",\"topic\":\"" + topic + "\"}");
      fast.awaitAnswer("s");
      for (int i = 1; i <= 80; i++) { // 8 MB: more than sockets and the queue hold
        publish(topic, "#" + i + "#" + LARGE);
        int sent = i;
        WireClient.soon("the fast one has it")
            .pollDelay(Duration.ZERO)
            .pollInterval(Duration.ofMillis(5))
            .until(() -> fast.frames("event").size() == sent);
      }
      assertThat(server.realtime().connectionCount()).isEqualTo(2);

      slow.send(RawWebSocket.TEXT, true, "{\"id\":\"p\",\"type\":\"ping\"}");
      List<String> got = new ArrayList<>();
      String text = "";
      while (!text.contains("\"messageId\":\"p\"")) {
        text = slow.awaitText("");
        text.lines().filter(line -> line.contains("#")).forEach(got::add);
      }
      assertThat(got).hasSizeBetween(1, 79);
      assertThat(got.get(0)).contains("#1#");
      if (topic.startsWith("cursors")) {
        assertThat(got.get(got.size() - 1)).contains("#80#");
      }
      publish(topic, "the end");
      slow.awaitText("the end");
    }
  }

  /**
   * A third each of sockets, streams and long polls that take nothing, and one of each that does.
   */
  @Test
  void fiftyThatDoNotReadDelayNobodyAndHoldNoThread() throws Exception {
    List<AutoCloseable> stuck = new ArrayList<>();
    String etag =
        server.get("/realtime/poll?topic=chat").headers().firstValue("ETag").orElseThrow();
    try (WireClient socket = server.connect();
        SseClient stream = SseClient.open(server, "topic=chat")) {
      for (int i = 0; i < STUCK_OF_EACH; i++) {
        stuck.add(subscribed("chat"));
        stuck.add(request("/realtime/sse?topic=chat"));
        stuck.add(request("/realtime/poll?topic=chat&wait=25&cursor=" + etag.replace("\"", "")));
      }
      socket.send("{\"id\":\"s\",\"type\":\"subscribe\",\"topic\":\"chat\"}");
      socket.awaitAnswer("s");
      stream.awaitEvent("subscribed");
      WireClient.soon("all are there")
          .until(() -> server.realtime().connectionCount() == 3 * STUCK_OF_EACH + 2);

      String cursor = etag.replace("\"", "");
      for (int i = 1; i <= 60; i++) { // more than sockets take, less than queues hold
        publish("chat", i + MESSAGE);
        socket.awaitFrame("message", f -> f.path("data").asString("").endsWith(MESSAGE));
        stream.awaitEvents("move", i);
        String answer = server.get("/realtime/poll?topic=chat&cursor=" + cursor).body();
        assertThat(answer).contains("\"data\":\"" + i + "x");
        cursor = answer.replaceAll("^\\{\"cursor\":\"([^\"]*).*", "$1");
      }
      WireClient.soon("the last").until(() -> socket.frames("event").size() == 60);
      WireClient.soon("no thread waits for them")
          .until(() -> server.threads().getThreads() - server.threads().getIdleThreads() < 8);

      while (server.realtime().connectionCount() > 2 && published.get() < 1_000) {
        publish("chat", LARGE);
        socket.awaitType("event");
        stream.awaitEvents("move", published.get());
      }
      WireClient.soon("who does not read is gone")
          .until(() -> server.realtime().connectionCount() == 2);
      assertThat(socket.isOpen()).isTrue();
      assertThat(stream.isEnded()).isFalse();
    } finally {
      for (AutoCloseable one : stuck) {
        one.close();
      }
    }
  }

  /** Asks and does not read the answer. */
  private Socket request(String path) throws IOException {
    Socket socket = new Socket();
    socket.setReceiveBufferSize(4_096);
    socket.connect(new InetSocketAddress("127.0.0.1", server.port()));
    socket
        .getOutputStream()
        .write(("GET /app" + path + " HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n").getBytes(US_ASCII));
    return socket;
  }
}
