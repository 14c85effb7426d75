package dev.tidewire.demo;

import dev.tidewire.channel.Position;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.WebSocket;
import java.time.Duration;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.Set;
import java.util.concurrent.CompletionException;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.locks.LockSupport;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/**
 * A client that keeps to the wire protocol and to no node: where its WebSocket breaks, it goes on
 * at the next node with the positions it has. It publishes at a steady pace, each message with a
 * key; of those that are refused, it gives every second up and sends the others again, with the
 * same key, until they are acknowledged.
 *
 * <p>Driven by a thread of its own; the methods may be called by any.
 */
final class NodeClient implements AutoCloseable {
  private static final HttpClient HTTP = HttpClient.newHttpClient();
  private static final JsonMapper JSON = new JsonMapper();
  private static final long PACE_NANOS = Duration.ofMillis(40).toNanos();
  private static final long PING_NANOS = Duration.ofSeconds(5).toNanos();
  private static final int WINDOW = 20;
  private static final String END = "";

  private final String name;
  private final List<URI> nodes;
  private final List<String> topics;
  private final List<String> custom;
  private final StreamOracle oracle;
  private final Random random;
  private final Map<String, StreamOracle.Story> stories = new LinkedHashMap<>();
  private final Thread thread;
  private volatile int at;
  private volatile boolean moving;
  private volatile boolean here;
  private volatile boolean publishing;
  private volatile boolean done;
  private volatile boolean settled;
  private final AtomicInteger acknowledged = new AtomicInteger();
  private final AtomicInteger refused = new AtomicInteger();
  private final AtomicInteger links = new AtomicInteger();

  // Confined to the thread.
  private final Map<String, Message> unanswered = new LinkedHashMap<>();
  private final Map<String, Long> due = new HashMap<>();
  private final Set<String> missing = new HashSet<>();
  private final Map<String, Long> retries = new LinkedHashMap<>();
  private int published;
  private long nextPublish;
  private long nextPing;

  private record Message(String topic, String key, String data) {}

  NodeClient(
      String name,
      List<URI> nodes,
      int first,
      List<String> topics,
      StreamOracle oracle,
      long seed) {
    this.name = name;
    this.nodes = nodes;
    this.at = first;
    this.topics = topics;
    this.custom = topics.stream().filter(topic -> topic.contains("/")).toList();
    this.oracle = oracle;
    this.random = new Random(seed);
    topics.forEach(topic -> stories.put(topic, oracle.story(name, topic)));
    thread = new Thread(this::run, "client-" + name);
    thread.setDaemon(true);
    thread.start();
  }

  /** Whether it hears all its topics, at the node where it is to be. */
  boolean isSubscribed() {
    return here && !moving;
  }

  /** Whether it has heard of each topic at least up to there. */
  boolean hasHeard(Map<String, Position> ends) {
    return stories.entrySet().stream()
        .allMatch(
            each -> {
              Position end = ends.get(each.getKey());
              Position last = each.getValue().last();
              return end == null || (last != null && last.offset() >= end.offset());
            });
  }

  NodeClient publish(boolean on) {
    publishing = on;
    return this;
  }

  /** Goes to a node, as a load balancer may send it there. */
  void move(int node) {
    at = node;
    moving = true;
  }

  int node() {
    return at;
  }

  int acknowledged() {
    return acknowledged.get();
  }

  /** How often it was told {@code UNAVAILABLE}. */
  int refused() {
    return refused.get();
  }

  int links() {
    return links.get();
  }

  /** Whether all that it published is answered, and nothing more comes. */
  boolean isSettled() {
    return settled;
  }

  private void run() {
    while (!done) {
      Link link = new Link();
      try {
        moving = false;
        link.open(nodes.get(at));
        links.incrementAndGet();
        converse(link);
      } catch (CompletionException e) {
        LockSupport.parkNanos(TimeUnit.MILLISECONDS.toNanos(50)); // that node is not there
      } finally {
        here = false;
        link.drop();
      }
      if (!moving) {
        at = (at + 1) % nodes.size();
      }
    }
  }

  private void converse(Link link) {
    due.clear();
    missing.addAll(topics);
    topics.forEach(topic -> due.put(topic, 0L));
    retries.clear();
    unanswered.values().forEach(message -> send(link, message)); // with the same keys
    try {
      while (!done && !moving) {
        String text = link.inbox.poll(5, TimeUnit.MILLISECONDS);
        if (END.equals(text)) {
          return;
        }
        if (text != null) {
          text.lines().map(JSON::readTree).forEach(this::take);
        }
        act(link);
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  private void act(Link link) {
    long now = System.nanoTime();
    for (String topic : topics) {
      Long time = due.get(topic);
      if (time != null && time - now <= 0) {
        due.remove(topic);
        Position last = stories.get(topic).last();
        link.send(
            "{\"id\":\"s %s\",\"type\":\"subscribe\",\"topic\":\"%s\"%s,\"presence\":false}"
                .formatted(topic, topic, last == null ? "" : ",\"since\":\"" + last + "\""));
      }
    }
    if (nextPing - now <= 0) {
      nextPing = now + PING_NANOS;
      link.send("{\"type\":\"ping\"}");
    }
    retries
        .entrySet()
        .removeIf(
            retry -> {
              boolean isDue = retry.getValue() - now <= 0;
              if (isDue) {
                send(link, unanswered.get(retry.getKey()));
              }
              return isDue;
            });
    if (publishing && unanswered.size() < WINDOW && nextPublish - now <= 0) {
      nextPublish = now + PACE_NANOS;
      String key = name + "-" + published++;
      Message message = new Message(custom.get(random.nextInt(custom.size())), key, key);
      oracle.intended(message.data());
      unanswered.put(key, message);
      send(link, message);
    }
    settled = !publishing && unanswered.isEmpty();
  }

  private static void send(Link link, Message message) {
    link.send(
        "{\"id\":\"%s\",\"type\":\"publish\",\"topic\":\"%s\",\"event\":\"n\",\"data\":\"%s\",\"key\":\"%s\"}"
            .formatted(message.key(), message.topic(), message.data(), message.key()));
  }

  private void take(JsonNode frame) {
    switch (frame.path("type").asString()) {
      case "ack" -> acknowledged(frame.path("payload"));
      case "error" -> refused(frame.path("payload"));
      case "event", "db_change" -> take(frame.path("topic").asString(), frame);
      case "reset" -> reset(frame);
      default -> {}
    }
  }

  private void acknowledged(JsonNode answer) {
    String id = answer.path("messageId").asString();
    Position position = Position.parse(answer.path("position").asString());
    if (id.startsWith("s ")) {
      String topic = answer.path("topic").asString();
      answer.path("messages").forEach(message -> take(topic, message));
      boolean recovered = answer.path("recovered").asBoolean(false);
      stories.get(topic).subscribed(position, recovered);
      missing.remove(topic);
      here = missing.isEmpty();
      return;
    }
    Message message = unanswered.remove(id);
    if (message != null) {
      oracle.accepted(message.topic(), position, message.data());
      acknowledged.incrementAndGet();
    }
  }

  private void refused(JsonNode error) {
    String id = error.path("messageId").asString("");
    long later = System.nanoTime() + TimeUnit.MILLISECONDS.toNanos(100);
    if (!error.path("code").asString().equals("UNAVAILABLE")) {
      oracle.complain(name + " was told " + error);
    } else if (id.startsWith("s ")) {
      due.put(id.substring(2), later);
    } else {
      refused.incrementAndGet();
      if (random.nextBoolean()) {
        unanswered.remove(id); // it may have happened, or not
      } else if (unanswered.containsKey(id)) {
        retries.put(id, later);
      }
    }
  }

  private void take(String topic, JsonNode frame) {
    Position position = Position.parse(frame.path("id").asString());
    String data =
        switch (frame.path("type").asString()) {
          case "event" -> frame.path("data").asString();
          case "db_change" -> frame.at("/data/id").asLong() + ":" + frame.at("/data/total").asInt();
          default -> "reset";
        };
    if (!stories.get(topic).heard(position, data)) {
      due.putIfAbsent(topic, 0L); // something is missing: ask again from where we are
    }
  }

  private void reset(JsonNode frame) {
    String topic = frame.path("topic").asString();
    String reason = frame.at("/payload/reason").asString();
    if (reason.equals("UNKNOWN_CHANGE")) {
      take(topic, frame);
    } else {
      stories.get(topic).reset(Position.parse(frame.at("/payload/position").asString()), reason);
    }
  }

  @Override
  public void close() {
    done = true;
    try {
      thread.join(TimeUnit.SECONDS.toMillis(30));
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  /** One WebSocket. */
  private static final class Link implements WebSocket.Listener {
    final LinkedBlockingQueue<String> inbox = new LinkedBlockingQueue<>();
    private final StringBuilder partial = new StringBuilder();
    private WebSocket socket;

    void open(URI node) {
      URI base = node.resolve("realtime/ws");
      socket =
          HTTP.newWebSocketBuilder()
              .connectTimeout(Duration.ofSeconds(20))
              .buildAsync(URI.create(base.toString().replaceFirst("http", "ws")), this)
              .join();
    }

    void send(String text) {
      try {
        socket.sendText(text, true).join();
      } catch (CompletionException e) {
        inbox.add(END);
      }
    }

    void drop() {
      if (socket != null) {
        socket.abort();
      }
    }

    @Override
    public CompletionStage<?> onText(WebSocket from, CharSequence data, boolean last) {
      partial.append(data);
      if (last) {
        inbox.add(partial.toString());
        partial.setLength(0);
      }
      from.request(1);
      return null;
    }

    @Override
    public CompletionStage<?> onClose(WebSocket from, int status, String reason) {
      inbox.add(END);
      return null;
    }

    @Override
    public void onError(WebSocket from, Throwable error) {
      inbox.add(END);
    }
  }
}
