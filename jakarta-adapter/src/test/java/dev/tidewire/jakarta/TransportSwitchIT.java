package dev.tidewire.jakarta;

import static org.assertj.core.api.Assertions.assertThat;

import dev.tidewire.AccessPolicy;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.TreeMap;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.locks.LockSupport;
import java.util.function.IntSupplier;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/**
 * One reader who takes another transport at random, mid-stream, with nothing but its positions.
 * {@code -Dtidewire.seed=…} repeats a run.
 */
class TransportSwitchIT {

  private static final JsonMapper JSON = JsonMapper.builder().build();
  private static final List<String> TOPICS = List.of("sw/a", "sw/b", "sw/c");
  private static final int MESSAGES = 6_000;

  /** So that what was missed can always be recovered. */
  private static final int MAX_AHEAD = 120;

  private final long seed = Long.getLong("tidewire.seed", System.nanoTime());
  private final Random random = new Random(seed);
  private final AtomicInteger published = new AtomicInteger();
  private final AtomicInteger consumed = new AtomicInteger();
  private final Map<String, List<Integer>> got = new TreeMap<>();
  private final Map<String, String> positions = new TreeMap<>();

  @Test
  void nothingIsLostOrRepeatedAcrossTransports() throws Exception {
    int[] used = new int[3];
    try (TestServer server = TestServer.start(b -> b.access(AccessPolicy.open()))) {
      poll(server, 0); // where it begins
      CompletableFuture<Map<String, Integer>> publisher =
          CompletableFuture.supplyAsync(() -> publish(server, new Random(seed + 1)));
      while (consumed.get() < MESSAGES) {
        int transport = random.nextInt(3);
        used[transport]++;
        switch (transport) {
          case 0 -> socket(server);
          case 1 -> stream(server);
          default -> poll(server, random.nextInt(2));
        }
      }
      Map<String, Integer> sent = publisher.get(30, TimeUnit.SECONDS);

      System.out.printf(
          "seed %d: %d messages, %d times WebSocket, %d SSE, %d poll%n",
          seed, consumed.get(), used[0], used[1], used[2]);
      assertThat(used).as("seed %d", seed).doesNotContain(0);
      for (String topic : TOPICS) {
        assertThat(got.get(topic))
            .as("%s, seed %d", topic, seed)
            .isEqualTo(IntStream.range(0, sent.get(topic)).boxed().toList());
      }
    }
  }

  private Map<String, Integer> publish(TestServer server, Random choice) {
    Map<String, Integer> next = new TreeMap<>();
    for (int i = 0; i < MESSAGES; i++) {
      while (isAhead()) {
        LockSupport.parkNanos(100_000);
      }
      String topic = TOPICS.get(choice.nextInt(TOPICS.size()));
      int number = next.merge(topic, 1, Integer::sum) - 1;
      server.realtime().emit("n", number, topic).toCompletableFuture().join();
      published.incrementAndGet();
    }
    return next;
  }

  private boolean isAhead() {
    return published.get() - consumed.get() > MAX_AHEAD;
  }

  /** Waits for some more, or until no more will come. */
  private void some(IntSupplier count) {
    int enough = count.getAsInt() + random.nextInt(80);
    WireClient.soon("messages, seed " + seed)
        .pollInterval(Duration.ofMillis(1))
        .pollDelay(Duration.ZERO)
        .until(() -> count.getAsInt() >= enough || published.get() == MESSAGES || isAhead());
  }

  private void take(JsonNode frame) {
    assertThat(frame.path("type").asString()).as("%s, seed %d", frame, seed).isEqualTo("event");
    String topic = frame.path("topic").asString();
    got.computeIfAbsent(topic, t -> new ArrayList<>()).add(frame.path("data").asInt());
    positions.put(topic, frame.path("id").asString());
    consumed.incrementAndGet();
  }

  private String cursor() {
    return positions.entrySet().stream()
        .map(e -> e.getKey() + '=' + e.getValue())
        .collect(Collectors.joining("~"));
  }

  private void socket(TestServer server) {
    WireClient client = server.connect();
    for (String topic : TOPICS) {
      client.send(
          "{\"id\":\"%s\",\"type\":\"subscribe\",\"topic\":\"%s\",\"since\":\"%s\",\"presence\":false}"
              .formatted(topic, topic, positions.get(topic)));
    }
    TOPICS.forEach(client::awaitAnswer);
    some(() -> client.frames().size());
    List<JsonNode> seen = List.copyOf(client.frames());
    client.drop();
    for (JsonNode frame : seen) {
      switch (frame.path("type").asString()) {
        case "welcome" -> {}
        case "ack" -> {
          assertThat(frame.at("/payload/recovered").asBoolean()).as("seed %d", seed).isTrue();
          frame.at("/payload/messages").forEach(this::take);
        }
        default -> take(frame);
      }
    }
  }

  private void stream(TestServer server) {
    SseClient client =
        SseClient.open(
            server, "topic=sw/c&topic=sw/a&topic=sw/b&presence=false", "Last-Event-ID", cursor());
    client.awaitEvent("connected");
    some(() -> client.events().size());
    List<SseClient.Event> seen = List.copyOf(client.events());
    client.close();
    for (SseClient.Event event : seen) {
      switch (event.name()) {
        case "connected", "subscribed" -> {}
        default -> take(event.json());
      }
      assertThat(event.id()).as("seed %d", seed).isEqualTo(cursor());
    }
  }

  private void poll(TestServer server, int wait) throws Exception {
    for (int polls = random.nextInt(4); polls >= 0; polls--) {
      String resume = positions.isEmpty() ? "" : "&cursor=" + cursor();
      JsonNode body =
          JSON.readTree(
              server
                  .get("/realtime/poll?topic=sw/a&topic=sw/b&topic=sw/c&wait=" + wait + resume)
                  .body());
      body.path("messages").forEach(this::take);
      for (String entry : body.path("cursor").asString().split("~")) {
        int equals = entry.lastIndexOf('=');
        positions.putIfAbsent(entry.substring(0, equals), entry.substring(equals + 1));
      }
      assertThat(body.path("cursor").asString()).as("seed %d", seed).isEqualTo(cursor());
    }
  }
}
