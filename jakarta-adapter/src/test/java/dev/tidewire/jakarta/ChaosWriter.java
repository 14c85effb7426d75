package dev.tidewire.jakarta;

import dev.tidewire.channel.Position;
import java.io.IOException;
import java.net.URI;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.time.Duration;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.concurrent.CompletionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import java.util.function.BooleanSupplier;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/**
 * A client that publishes over a bad network: each message has a key, and is sent again over the
 * next link until it is acknowledged. Driven by one thread.
 */
final class ChaosWriter {

  private static final Duration SILENCE = Duration.ofMillis(700);
  private static final int WINDOW = 20;
  private static final JsonMapper JSON = JsonMapper.builder().build();

  private final URI base;
  private final List<String> topics;
  private final ChaosOracle oracle;
  private final String name;
  private final Random random;
  private final Map<String, Message> unanswered = new LinkedHashMap<>();
  private int next;
  private int attempts;
  private int repeated;

  private record Message(String topic, String key, String data) {}

  ChaosWriter(URI base, List<String> topics, ChaosOracle oracle, String name, long seed) {
    this.base = base;
    this.topics = topics;
    this.oracle = oracle;
    this.name = name;
    this.random = new Random(seed);
  }

  @Override
  public String toString() {
    return "%d messages in %d attempts, %d answered as repeated"
        .formatted(next, attempts, repeated);
  }

  private Message message() {
    String key = name + "-" + next++;
    return new Message(topics.get(random.nextInt(topics.size())), key, '"' + key + '"');
  }

  private void answered(Message message, JsonNode answer) {
    repeated += answer.path("repeated").asBoolean(false) ? 1 : 0;
    oracle.acknowledged(
        message.topic(), Position.parse(answer.path("position").asString()), message.data());
  }

  /** Publishes over WebSockets, several messages at a time, until there are so many. */
  void overSockets(int count, BooleanSupplier mayGoOn) {
    while (next < count || !unanswered.isEmpty()) {
      try {
        socket(count, mayGoOn);
      } catch (CompletionException | IllegalStateException e) {
        LockSupport.parkNanos(TimeUnit.MILLISECONDS.toNanos(random.nextInt(30)));
      }
    }
  }

  private void socket(int count, BooleanSupplier mayGoOn) {
    URI ws = URI.create(base.resolve("ws").toString().replaceFirst("http", "ws"));
    WireClient client = WireClient.connect(SILENCE, ws);
    try {
      unanswered.values().forEach(message -> send(client, message));
      int read = 0;
      long heard = System.nanoTime();
      while (System.nanoTime() - heard < SILENCE.toNanos() || unanswered.isEmpty()) {
        boolean isOpen = client.isOpen(); // before the last look
        int known = client.frames().size();
        for (int i = read; i < known; i++) {
          JsonNode answer = client.frames().get(i).path("payload");
          Message message = unanswered.remove(answer.path("messageId").asString(""));
          if (message != null) {
            answered(message, answer);
          }
          heard = System.nanoTime();
        }
        if (known == read && !isOpen) {
          return;
        }
        read = known;
        if (next >= count && unanswered.isEmpty()) {
          return;
        }
        if (next < count && unanswered.size() < WINDOW && mayGoOn.getAsBoolean()) {
          heard = unanswered.isEmpty() ? System.nanoTime() : heard;
          Message message = message();
          unanswered.put(message.key(), message);
          send(client, message);
        } else {
          LockSupport.parkNanos(500_000);
        }
      }
    } finally {
      client.drop();
    }
  }

  private void send(WireClient client, Message message) {
    attempts++;
    client.send(
        "{\"id\":\"%s\",\"type\":\"publish\",\"topic\":\"%s\",\"event\":\"n\",\"data\":%s,\"key\":\"%s\"}"
            .formatted(message.key(), message.topic(), message.data(), message.key()));
  }

  /** Publishes by requests, one at a time, until there are so many. */
  void overHttp(int count, BooleanSupplier mayGoOn) throws InterruptedException {
    while (next < count) {
      if (!mayGoOn.getAsBoolean()) {
        LockSupport.parkNanos(1_000_000);
        continue;
      }
      Message message = message();
      while (!posted(message)) {
        LockSupport.parkNanos(TimeUnit.MILLISECONDS.toNanos(random.nextInt(30)));
      }
    }
  }

  private boolean posted(Message message) throws InterruptedException {
    attempts++;
    String body =
        "{\"topic\":\"%s\",\"event\":\"n\",\"data\":%s,\"key\":\"%s\"}"
            .formatted(message.topic(), message.data(), message.key());
    try {
      HttpResponse<String> answer =
          SseClient.HTTP.send(
              HttpRequest.newBuilder(base.resolve("publish"))
                  .header("Content-Type", "application/json")
                  .timeout(SILENCE)
                  .POST(HttpRequest.BodyPublishers.ofString(body))
                  .build(),
              HttpResponse.BodyHandlers.ofString());
      if (answer.statusCode() != 200) {
        return false;
      }
      answered(message, JSON.readTree(answer.body()));
      return true;
    } catch (IOException e) {
      return false;
    }
  }
}
