package dev.tidewire.jakarta;

import static org.assertj.core.api.Assertions.assertThat;

import java.net.URI;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Queue;
import java.util.concurrent.CompletionException;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicIntegerArray;
import java.util.concurrent.locks.LockSupport;

/**
 * Clients of an application that is deployed again and again: two sockets that publish without a
 * pause, a stream and a poll that listen. Each comes back whenever it is cut off.
 */
final class Visitors implements AutoCloseable {

  private static final int SOCKETS = 2;
  private static final int ALL = SOCKETS + 2;
  private static final Duration TRY = Duration.ofSeconds(5);

  private final URI http;
  private final URI socket;
  private final AtomicInteger life = new AtomicInteger();

  /** The last life of the application in which each was heard, or heard something. */
  private final AtomicIntegerArray seen = new AtomicIntegerArray(ALL);

  /** How the sockets ended that had been answered. */
  private final Queue<Integer> ends = new ConcurrentLinkedQueue<>();

  private final AtomicInteger published = new AtomicInteger();
  private final List<Thread> threads = new ArrayList<>();
  private volatile boolean over;

  /**
   * @param base ends with a slash
   */
  Visitors(URI base) {
    http = base.resolve("realtime/");
    socket = URI.create(http.toString().replaceFirst("http", "ws") + "ws");
    for (int i = 0; i < SOCKETS; i++) {
      int who = i;
      visit("socket " + i, () -> speak(who));
    }
    visit("stream", () -> listen(SOCKETS));
    visit("poll", () -> poll(SOCKETS + 1));
  }

  private interface Visit {
    void run() throws Exception;
  }

  private void visit(String name, Visit visit) {
    Thread thread =
        new Thread(
            () -> {
              while (!over) {
                try {
                  visit.run();
                } catch (Exception e) { // not deployed just now
                  pause();
                }
              }
            },
            "visitor " + name);
    thread.setDaemon(true);
    thread.start();
    threads.add(thread);
  }

  private static void pause() {
    LockSupport.parkNanos(Duration.ofMillis(10).toNanos());
  }

  private void speak(int who) {
    WireClient client = WireClient.connect(TRY, socket);
    boolean answered = false;
    try {
      client.send("{\"id\":\"s\",\"type\":\"subscribe\",\"topic\":\"visitors\"}");
      for (int i = 0; !over && client.isOpen(); i++) {
        int now = life.get();
        String id = "p" + i;
        client.send(
            "{\"id\":\"%s\",\"type\":\"publish\",\"topic\":\"visitors\",\"event\":\"e\",\"data\":1}"
                .formatted(id));
        while (!over && client.isOpen() && !isAnswered(client, id)) {
          pause();
        }
        if (isAnswered(client, id)) {
          answered = true;
          published.incrementAndGet();
          seen.set(who, now);
        }
      }
    } finally {
      if (answered && !over) {
        ends.add(client.awaitClose());
      }
      client.drop();
    }
  }

  private static boolean isAnswered(WireClient client, String id) {
    return client.frames("ack").stream()
        .anyMatch(ack -> ack.at("/payload/messageId").asString("").equals(id));
  }

  private void listen(int who) {
    try (SseClient stream = SseClient.open(http.resolve("sse?topic=visitors"))) {
      if (stream.status() != 200) {
        throw new CompletionException(null);
      }
      while (!over && !stream.isEnded()) {
        int now = life.get();
        int before = stream.events("e").size();
        pause();
        if (stream.events("e").size() > before) {
          seen.set(who, now);
        }
      }
    }
  }

  private void poll(int who) throws Exception {
    int now = life.get();
    HttpResponse<String> start = get("poll?topic=visitors");
    String etag = start.headers().firstValue("ETag").orElseThrow();
    HttpResponse<String> answer = get("poll?topic=visitors&wait=25", "If-None-Match", etag);
    if (answer.statusCode() != 200) {
      throw new CompletionException(null);
    }
    if (answer.body().contains("\"event\":\"e\"")) {
      seen.set(who, now);
    }
  }

  private HttpResponse<String> get(String path, String... headers) throws Exception {
    HttpRequest.Builder request = HttpRequest.newBuilder(http.resolve(path)).timeout(TRY);
    for (int i = 0; i < headers.length; i += 2) {
      request.header(headers[i], headers[i + 1]);
    }
    return SseClient.HTTP.send(request.build(), HttpResponse.BodyHandlers.ofString());
  }

  /** The application is there anew: waits until all have come back to it. */
  void awaitAll() {
    int now = life.incrementAndGet();
    WireClient.soon("all are there in life " + now)
        .untilAsserted(
            () -> {
              for (int who = 0; who < ALL; who++) {
                assertThat(seen.get(who)).as("visitor %d of life %d", who, now).isEqualTo(now);
              }
            });
  }

  /** What all of them have published. */
  int published() {
    return published.get();
  }

  /** How the sockets were closed that had been answered. */
  List<Integer> ends() {
    return List.copyOf(ends);
  }

  @Override
  public void close() throws InterruptedException {
    over = true;
    for (Thread thread : threads) {
      thread.join(WireClient.PATIENCE.toMillis());
      assertThat(thread.isAlive()).as(thread.getName()).isFalse();
    }
  }
}
