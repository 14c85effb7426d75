package dev.tidewire;

import static dev.tidewire.Client.eventually;
import static org.assertj.core.api.Assertions.assertThat;

import dev.tidewire.channel.Cursor;
import dev.tidewire.channel.Position;
import dev.tidewire.testing.Drafts;
import dev.tidewire.testing.FakeConnection;
import dev.tidewire.testing.FakeConnection.Sending;
import dev.tidewire.testing.Json;
import dev.tidewire.testing.Parallel;
import dev.tidewire.transport.Session;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.TreeMap;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.locks.LockSupport;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import tools.jackson.databind.JsonNode;

/**
 * Readers that change between sockets and streams, are cut off and slow, while several threads
 * publish, some the same twice. {@code -Dtidewire.seed=…} takes the same seed again, {@code
 * -Dtidewire.messages=…} another length.
 */
class SwitchUnderFireTest {

  private static final List<String> TOPICS = List.of("all", "few");
  private static final int READERS = 12;
  private static final int DRIVERS = 3;

  private final long seed = Long.getLong("tidewire.seed", System.nanoTime());
  private final int messages = Integer.getInteger("tidewire.messages", 4_000);
  private final ExecutorService network = Executors.newFixedThreadPool(2);
  private final Map<String, Map<Position, String>> published = new ConcurrentHashMap<>();
  private final AtomicInteger publishing = new AtomicInteger(3);
  private final AtomicInteger heard = new AtomicInteger();
  private final AtomicInteger lives = new AtomicInteger();
  private final AtomicInteger refusals = new AtomicInteger();
  private final AtomicInteger slow = new AtomicInteger();
  private final Realtime realtime =
      Realtime.builder()
          .access(AccessPolicy.open())
          .limits(l -> l.frames(0, 0).userConnections(0).queueBytes(100_000).recovery(0, 0))
          .channels("all", c -> c.retain(1_000_000, Duration.ofHours(1)))
          .channels("few", c -> c.retain(50, Duration.ofHours(1)))
          .build();

  @AfterEach
  void close() {
    realtime.close();
    network.shutdownNow();
  }

  @Test
  void nothingIsLostOrDoubledBetweenTransports() {
    TOPICS.forEach(topic -> published.put(topic, new ConcurrentHashMap<>()));
    List<Parallel.Task> tasks = new ArrayList<>();
    tasks.add(() -> publish("server", null));
    // two threads with the same keys: each message is published by one of them
    tasks.add(() -> publish("twice", "k"));
    tasks.add(() -> publish("twice", "k"));
    for (int i = 0; i < DRIVERS; i++) {
      int number = i;
      tasks.add(() -> drive(new Random(seed + number)));
    }
    Parallel.run(tasks);

    int sent = published.values().stream().mapToInt(Map::size).sum();
    System.out.printf(
        "Switching, seed %d: %d published, %d delivered, %d connections, %d refused recoveries, %d"
            + " slow readers closed%n",
        seed, sent, heard.get(), lives.get(), refusals.get(), slow.get());
    assertThat(sent).as("keys count once, seed %d", seed).isEqualTo(2 * messages);
    assertThat(lives).hasValueGreaterThan(READERS);
  }

  private void publish(String name, String key) {
    try {
      for (int i = 0; i < messages; i++) {
        String topic = TOPICS.get(i % TOPICS.size());
        String data = name + i;
        PublishOptions options =
            key == null ? PublishOptions.NONE : PublishOptions.NONE.withKey(key + i);
        Position at = Drafts.await(realtime.channel(topic).publish("e", data, options));
        String before = published.get(topic).put(at, data);
        assertThat(before).isIn(null, data);
        if (i % 8 == 0) {
          LockSupport.parkNanos(1_000_000);
        }
      }
    } finally {
      publishing.decrementAndGet();
    }
  }

  private void drive(Random random) {
    List<Reader> readers = new ArrayList<>();
    for (int i = 0; i < READERS / DRIVERS; i++) {
      readers.add(new Reader(random));
    }
    while (publishing.get() > 0) {
      readers.get(random.nextInt(readers.size())).live();
    }
    readers.forEach(Reader::finish);
  }

  /** One reader over its connections. Driven by one thread. */
  private final class Reader {
    private final Random random;
    private final Map<String, Position> places = new TreeMap<>();

    Reader(Random random) {
      this.random = random;
    }

    /** One connection, on some transport, for a while. */
    void live() {
      FakeConnection connection = new FakeConnection();
      switch (random.nextInt(8)) {
        case 0 -> connection.behave(Sending.STALL);
        case 1, 2, 3 -> connection.behave(Sending.on(network));
        default -> {}
      }
      open(connection);
      LockSupport.parkNanos(random.nextInt(3_000_000));
      FakeConnection.Closed closed = connection.closed();
      slow.addAndGet(closed != null && closed.code() == 4008 ? 1 : 0);
      connection.drop(1006);
      connection.frames().forEach(this::read);
    }

    private void open(FakeConnection connection) {
      lives.incrementAndGet();
      // a stream's cursor must name all of its channels, or those it leaves out are reset
      boolean mayStream = places.isEmpty() || places.size() == TOPICS.size();
      if (!mayStream || random.nextBoolean()) {
        Session session = realtime.connect(connection, Identity.of("u"));
        connection.attach(session);
        for (String topic : TOPICS) {
          Position since = places.get(topic);
          String more = since == null ? "" : ",'since':'" + since + "'";
          session.receive(
              Json.json("{'id':'c','type':'subscribe','topic':'" + topic + "'" + more + "}"));
        }
      } else {
        TreeMap<String, String> cursor = new TreeMap<>();
        places.forEach((topic, place) -> cursor.put(topic, place.toString()));
        Cursor from = places.isEmpty() ? null : Cursor.parse(Cursor.format(cursor));
        connection.attach(
            realtime
                .streams()
                .open(connection, Identity.of("u"), new StreamRequest(TOPICS, from, false)));
      }
    }

    private void read(JsonNode frame) {
      switch (frame.get("type").asString()) {
        case "event" -> take(frame);
        case "ack" -> {
          JsonNode payload = frame.get("payload");
          payload.path("messages").forEach(this::take);
          stands(payload.get("topic").asString(), payload);
        }
        case "subscribed" -> stands(frame.get("topic").asString(), frame.get("payload"));
        case "reset" -> {
          assertThat(frame.at("/payload/reason").asString())
              .as("seed %d", seed)
              .isEqualTo("EVICTED");
          assertThat(frame.get("topic").asString()).as("keeps few, seed %d", seed).isEqualTo("few");
          places.put(
              frame.get("topic").asString(),
              Position.parse(frame.at("/payload/position").asString()));
        }
        case "connected", "welcome", "presence_state" -> {}
        default -> throw new AssertionError("seed " + seed + ": unexpected " + frame);
      }
    }

    private void stands(String topic, JsonNode payload) {
      Position at = Position.parse(payload.get("position").asString());
      Position place = places.get(topic);
      if (place == null || payload.path("recovered").asBoolean(true)) {
        assertThat(place).as("%s: complete, seed %d", topic, seed).isIn(null, at);
      } else {
        refusals.incrementAndGet();
      }
      places.put(topic, at);
    }

    private void take(JsonNode frame) {
      String topic = frame.get("topic").asString();
      Position at = Position.parse(frame.get("id").asString());
      Position place = places.get(topic);
      if (place != null) {
        assertThat(at)
            .as("%s after %s, seed %d", topic, place, seed)
            .isEqualTo(new Position(place.epoch(), place.offset() + 1));
      }
      if (!published.get(topic).containsKey(at)) { // the publisher may not have been told yet
        eventually().until(() -> published.get(topic).containsKey(at));
      }
      assertThat(frame.get("data").asString()).isEqualTo(published.get(topic).get(at));
      places.put(topic, at);
      heard.incrementAndGet();
    }

    /** Nothing is published any more: in the end it must have it all. */
    void finish() {
      eventually()
          .pollInSameThread()
          .until(
              () -> {
                live();
                return TOPICS.stream().allMatch(this::isAtEnd);
              });
    }

    private boolean isAtEnd(String topic) {
      Position place = places.get(topic);
      return place != null && place.offset() == published.get(topic).size();
    }
  }
}
