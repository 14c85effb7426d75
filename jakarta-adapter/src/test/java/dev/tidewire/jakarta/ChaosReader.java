package dev.tidewire.jakarta;

import dev.tidewire.channel.Position;
import java.io.IOException;
import java.net.URI;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.TreeMap;
import java.util.concurrent.CompletionException;
import java.util.concurrent.ConcurrentSkipListMap;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/**
 * A reader that keeps to the protocol over a bad network: gives a link up that is silent, comes
 * back with nothing but its positions, drops what it has, asks again where something is missing.
 * Driven by one thread; {@link #position} may be asked by any.
 */
final class ChaosReader {

  enum Transport {
    WEBSOCKET,
    SSE,
    POLL
  }

  /** A link that brings nothing for so long is given up. */
  private static final Duration SILENCE = Duration.ofMillis(700);

  private static final Duration PING = Duration.ofMillis(150);
  private static final JsonMapper JSON = JsonMapper.builder().build();

  private final URI base;
  private final List<String> topics;
  private final List<Transport> transports;
  private final Random random;
  private final Map<String, ChaosOracle.Story> stories = new TreeMap<>();
  private final Map<String, Position> positions = new ConcurrentSkipListMap<>();
  private final Map<String, Position> resumed = new TreeMap<>();
  private int links;
  private int holes;
  private int resets;
  private int repeats;

  /**
   * @param base where the realtime paths are, ending in a slash
   * @param transports one of them at random for each link
   */
  ChaosReader(
      URI base, List<String> topics, List<Transport> transports, ChaosOracle oracle, long seed) {
    this.base = base;
    this.topics = topics;
    this.transports = transports;
    this.random = new Random(seed);
    topics.forEach(topic -> stories.put(topic, oracle.story(topic)));
  }

  @Nullable Position position(String topic) {
    return positions.get(topic);
  }

  @Override
  public String toString() {
    return "%d links, %d resets, %d holes, %d repeats dropped"
        .formatted(links, resets, holes, repeats);
  }

  /** Opens one link and reads until it breaks, or it feels like another. */
  void readSome() {
    links++;
    try {
      switch (transports.get(random.nextInt(transports.size()))) {
        case WEBSOCKET -> socket();
        case SSE -> stream();
        case POLL -> poll();
      }
    } catch (IOException | CompletionException | InterruptedException | IllegalStateException e) {
      LockSupport.parkNanos(TimeUnit.MILLISECONDS.toNanos(random.nextInt(30)));
    }
  }

  private long patience() {
    return TimeUnit.MILLISECONDS.toNanos(100 + random.nextInt(2_000));
  }

  private void socket() {
    URI ws = URI.create(base.resolve("ws").toString().replaceFirst("http", "ws"));
    WireClient client = WireClient.connect(SILENCE, ws);
    topics.forEach(topic -> subscribe(client, topic));
    int read = 0;
    long now = System.nanoTime();
    long end = now + patience();
    long heard = now;
    long pinged = now;
    try {
      while (now < end && now - heard < SILENCE.toNanos()) {
        boolean isOpen = client.isOpen(); // before the last look
        int count = client.frames().size();
        for (int i = read; i < count; i++) {
          take(client, client.frames().get(i));
        }
        if (count == read && !isOpen) {
          return;
        }
        heard = count > read ? now : heard;
        read = count;
        if (now - pinged > PING.toNanos()) {
          pinged = now;
          client.send("{\"type\":\"ping\"}");
        }
        LockSupport.parkNanos(1_000_000);
        now = System.nanoTime();
      }
    } finally {
      client.drop();
    }
  }

  private void subscribe(WireClient client, String topic) {
    Position since = positions.get(topic);
    if (since != null) {
      resumed.put(topic, since);
    }
    client.send(
        "{\"id\":\"%s\",\"type\":\"subscribe\",\"topic\":\"%s\",\"presence\":false%s}"
            .formatted(topic, topic, since == null ? "" : ",\"since\":\"" + since + '"'));
  }

  private void take(WireClient client, JsonNode frame) {
    switch (frame.path("type").asString()) {
      case "event" -> {
        if (isHole(frame)) {
          holes++;
          subscribe(client, frame.path("topic").asString());
        } else {
          take(frame);
        }
      }
      case "ack" -> {
        JsonNode answer = frame.path("payload");
        String topic = answer.path("messageId").asString();
        Position at = Position.parse(answer.path("position").asString());
        if (answer.path("recovered").asBoolean(false)) {
          recovered(topic);
          answer.path("messages").forEach(this::take);
        } else if (answer.has("recovered")) {
          reset(topic, at);
        } else {
          begin(topic, at);
        }
      }
      case "reset" -> reset(frame);
      case "welcome", "pong", "advice" -> {}
      default -> throw new AssertionError("unexpected: " + frame);
    }
  }

  /** Nothing is known of the channel yet: what comes after this place is to be heard. */
  private void begin(String topic, Position at) {
    if (positions.putIfAbsent(topic, at) == null) {
      stories.get(topic).add(new ChaosOracle.Heard(at, null));
    }
  }

  private boolean isHole(JsonNode frame) {
    Position at = Position.parse(frame.path("id").asString());
    Position last = positions.get(frame.path("topic").asString());
    return last != null && last.epoch().equals(at.epoch()) && at.offset() > last.offset() + 1;
  }

  private void take(JsonNode frame) {
    String topic = frame.path("topic").asString();
    Position at = Position.parse(frame.path("id").asString());
    Position last = positions.get(topic);
    if (last != null && last.epoch().equals(at.epoch()) && at.offset() <= last.offset()) {
      repeats++;
      return;
    }
    stories.get(topic).add(new ChaosOracle.Heard(at, frame.path("data").toString()));
    positions.put(topic, at);
  }

  private void recovered(String topic) {
    Position since = resumed.get(topic);
    if (since != null) {
      stories.get(topic).recovered(since);
    }
  }

  private void reset(JsonNode frame) {
    reset(frame.path("topic").asString(), Position.parse(frame.at("/payload/position").asString()));
  }

  /** Twice over a WebSocket, in the ack and in a frame: whichever comes first counts. */
  private void reset(String topic, Position at) {
    Position last = positions.get(topic);
    if (last == null || !last.epoch().equals(at.epoch()) || last.offset() < at.offset()) {
      resets++;
      stories.get(topic).add(new ChaosOracle.Heard(at, null));
      positions.put(topic, at);
    }
  }

  private String query() {
    return topics.stream().map(topic -> "topic=" + topic).collect(Collectors.joining("&"));
  }

  private String cursor() {
    return positions.entrySet().stream()
        .map(e -> e.getKey() + '=' + e.getValue())
        .collect(Collectors.joining("~"));
  }

  private void stream() throws InterruptedException {
    resumed.putAll(positions);
    String[] headers =
        positions.isEmpty() ? new String[0] : new String[] {"Last-Event-ID", cursor()};
    SseClient client = SseClient.open(base.resolve("sse?presence=false&" + query()), headers);
    int read = 0;
    long now = System.nanoTime();
    long end = now + patience();
    long heard = now;
    try {
      while (now < end && now - heard < SILENCE.toNanos()) {
        boolean hasEnded = client.isEnded(); // before the last look
        int count = client.events().size();
        for (int i = read; i < count; i++) {
          take(client.events().get(i));
        }
        if (count == read && hasEnded) {
          return;
        }
        heard = count > read ? now : heard;
        read = count;
        LockSupport.parkNanos(1_000_000);
        now = System.nanoTime();
      }
    } finally {
      client.close();
    }
  }

  private void take(SseClient.Event event) {
    JsonNode frame = event.json();
    switch (event.name()) {
      case "connected", "close", "advice" -> {}
      case "reset" -> reset(frame);
      case "subscribed" -> {
        String topic = frame.path("topic").asString();
        if (frame.at("/payload/recovered").asBoolean(false)) {
          recovered(topic);
        }
        begin(topic, Position.parse(frame.at("/payload/position").asString()));
      }
      default -> take(frame);
    }
  }

  private void poll() throws IOException, InterruptedException {
    for (int polls = random.nextInt(6); polls >= 0; polls--) {
      int wait = random.nextInt(2);
      String resume = positions.isEmpty() ? "" : "&cursor=" + cursor();
      HttpResponse<String> answer =
          SseClient.HTTP.send(
              HttpRequest.newBuilder(base.resolve("poll?wait=" + wait + "&" + query() + resume))
                  .timeout(SILENCE.plusSeconds(wait))
                  .build(),
              HttpResponse.BodyHandlers.ofString());
      if (answer.statusCode() != 200) {
        throw new IOException("status " + answer.statusCode());
      }
      JsonNode body = JSON.readTree(answer.body());
      body.path("messages")
          .forEach(
              frame -> {
                if (frame.path("type").asString().equals("reset")) {
                  reset(frame);
                } else {
                  take(frame);
                }
              });
      for (String entry : body.path("cursor").asString().split("~")) {
        int equals = entry.lastIndexOf('=');
        begin(entry.substring(0, equals), Position.parse(entry.substring(equals + 1)));
      }
    }
  }
}
