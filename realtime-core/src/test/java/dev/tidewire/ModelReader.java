package dev.tidewire;

import static org.assertj.core.api.Assertions.assertThat;

import dev.tidewire.broker.Tail.Outcome;
import dev.tidewire.channel.Cursor;
import dev.tidewire.channel.Position;
import dev.tidewire.protocol.CloseCode;
import dev.tidewire.testing.Json;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;
import tools.jackson.databind.JsonNode;

/**
 * A client that keeps to the protocol: remembers its place in each channel, drops what it has, and
 * fails at the first frame that is not what the model says. Not thread-safe.
 */
final class ModelReader {

  enum Via {
    SOCKET,
    STREAM,
    POLL
  }

  private enum Kind {
    SUBSCRIBE,
    SYNC,
    UNSUBSCRIBE,
    PUBLISH
  }

  /** A command under way. */
  private static final class Asked {
    final Kind kind;
    final String topic;
    @Nullable Position since;
    ModelTopic.@Nullable Answer answer;
    final List<Position> told = new ArrayList<>();
    @Nullable String reset;
    ModelTopic.@Nullable Entry published;
    boolean repeated;

    Asked(Kind kind, String topic) {
      this.kind = kind;
      this.topic = topic;
    }
  }

  /** Where it is in a channel. */
  private static final class Place {
    @Nullable Position last;

    /** Whether the server has said that the subscription stands. */
    boolean stands;
  }

  final String user;
  private final ModelBus bus;
  private final Map<String, Place> places = new TreeMap<>();
  private final Map<String, Asked> asked = new HashMap<>();
  // of a stream that opens: how much of each channel's answer was told
  private final Map<String, Asked> opening = new HashMap<>();
  private @Nullable Asked resetExpected;
  private @Nullable ModelLink link;
  private @Nullable String secret;
  private Via via = Via.SOCKET;
  private int commands;

  ModelReader(ModelBus bus, String user) {
    this.bus = bus;
    this.user = user;
  }

  boolean isLive() {
    return link != null && !link.isEnded();
  }

  @Nullable ModelLink link() {
    return link;
  }

  Via via() {
    return via;
  }

  @Nullable String secret() {
    return secret;
  }

  boolean holds(String topic) {
    return isLive() && link.holds.contains(topic);
  }

  /** The place known of a channel, or null. */
  @Nullable Position last(String topic) {
    Place place = places.get(topic);
    return place == null ? null : place.last;
  }

  /** Forgets what it had read after this position, or all of it. */
  void forget(String topic, @Nullable Position back) {
    hear();
    places.computeIfAbsent(topic, t -> new Place()).last = back;
  }

  private String id() {
    return "c" + commands++;
  }

  private void replaceLink(Via next) {
    hear();
    asked.clear();
    opening.clear();
    resetExpected = null;
    secret = null;
    places.values().forEach(place -> place.stands = false);
    link = new ModelLink(bus::ended);
    via = next;
  }

  /** Connects over a WebSocket and subscribes to all that it knows. */
  void connect() {
    replaceLink(Via.SOCKET);
    link.attach(bus.realtime.connect(link, Identity.of(user)));
    for (String topic : List.copyOf(places.keySet())) {
      subscribe(topic, last(topic));
    }
  }

  /** Opens a stream of these channels, from its places or from now on. */
  void open(Via how, List<String> topics, boolean resume) {
    replaceLink(how);
    TreeMap<String, String> cursor = new TreeMap<>();
    for (String topic : topics) {
      Place place = places.computeIfAbsent(topic, t -> new Place());
      if (!resume) {
        place.last = null;
      } else if (place.last != null) {
        cursor.put(topic, place.last.toString());
      }
    }
    String text = resume ? Cursor.format(cursor) : null;
    Cursor from = text == null ? null : Cursor.parse(text);
    for (String topic : topics) {
      Asked open = new Asked(Kind.SUBSCRIBE, topic);
      open.since = from == null ? null : from.of(topic);
      open.answer = bus.read(topic, open.since);
      opening.put(topic, open);
      bus.hold(link, topic);
    }
    link.attach(
        bus.realtime
            .streams()
            .open(link, Identity.of(user), new StreamRequest(topics, from, false)));
  }

  void subscribe(String topic, @Nullable Position since) {
    Asked subscribe = new Asked(Kind.SUBSCRIBE, topic);
    subscribe.since = since;
    places.computeIfAbsent(topic, t -> new Place());
    start(subscribe, "subscribe", since == null ? "" : ",'since':'" + since + "'");
  }

  void sync(String topic, Position after) {
    Asked sync = new Asked(Kind.SYNC, topic);
    sync.since = after;
    start(sync, "sync", ",'after':'" + after + "'");
  }

  private void start(Asked command, String type, String more) {
    command.answer = bus.read(command.topic, command.since);
    bus.hold(link, command.topic);
    say(command, "'type':'" + type + "','topic':'" + command.topic + "'" + more);
  }

  void unsubscribe(String topic) {
    bus.release(link, topic);
    say(new Asked(Kind.UNSUBSCRIBE, topic), "'type':'unsubscribe','topic':'" + topic + "'");
  }

  /** Tells what the model expects of a publication of this reader, then publishes. */
  void publish(String topic, ModelTopic.Entry entry, boolean repeated, String fields) {
    Asked publish = new Asked(Kind.PUBLISH, topic);
    publish.published = entry;
    publish.repeated = repeated;
    String frame = "'type':'publish','topic':'" + topic + "','event':'e'," + fields;
    if (via == Via.SOCKET) {
      say(publish, frame);
      return;
    }
    String id = id();
    asked.put(id, publish);
    ModelLink on = link;
    bus.realtime
        .streams()
        .send(
            Identity.of(user), "192.0.2.1", secret, Json.json("{'id':'" + id + "'," + frame + "}"))
        .thenAccept(
            answers -> {
              if (on == link) {
                answers.forEach(answer -> read(Json.parse(answer)));
              }
            });
  }

  private void say(Asked command, String fields) {
    String id = id();
    asked.put(id, command);
    link.session().receive(Json.json("{'id':'" + id + "'," + fields + "}"));
  }

  /** Reads what has arrived. */
  void hear() {
    if (link == null) {
      return;
    }
    for (String message : link.take()) {
      Json.frames(message).forEach(this::read);
    }
    int code = link.closeCode();
    assertThat(code).as("%s was closed", user).isIn(0, CloseCode.SLOW_CONSUMER.code());
  }

  /** Whether everything it asked for has been answered. */
  boolean isQuiet() {
    return asked.isEmpty() && opening.isEmpty() && resetExpected == null;
  }

  private void read(JsonNode frame) {
    String type = frame.get("type").asString();
    if (resetExpected != null) {
      assertThat(type).as("%s: after a refused recovery: %s", user, frame).isEqualTo("reset");
    }
    switch (type) {
      case "event" -> event(frame);
      case "ack" -> acknowledged(frame.get("payload"));
      case "reset" -> reset(frame);
      case "subscribed" -> subscribed(frame);
      case "connected" -> secret = frame.at("/payload/session").asString();
      case "welcome", "presence_state" -> {}
      default -> throw new AssertionError(user + ": unexpected " + frame);
    }
  }

  private void event(JsonNode frame) {
    String topic = frame.get("topic").asString();
    Position at = Position.parse(frame.get("id").asString());
    ModelTopic.Entry entry = bus.topic(topic).at(at);
    assertThat(frame.get("data").asString()).as("%s %s", topic, at).isEqualTo(entry.data());
    Place place = places.get(topic);
    Asked open = opening.get(topic);
    if (open != null) {
      if (at.offset() > open.answer.position().offset()) {
        readLater(open, at);
      }
      assertThat(open.answer.missed()).as("%s: missed of %s", user, topic).contains(entry);
      open.told.add(at);
    } else {
      assertThat(place.stands).as("%s: %s %s while it stands", user, topic, at).isTrue();
    }
    boolean replaying = false;
    for (Asked command : asked.values()) {
      if (command.kind == Kind.SYNC && command.topic.equals(topic)) {
        command.told.add(at);
        replaying = true;
      }
    }
    take(topic, place, entry, replaying || open != null);
  }

  /** Takes a publication, or drops it if the reader has it. */
  private void take(String topic, Place place, ModelTopic.Entry entry, boolean mayRepeat) {
    Position at = entry.at();
    Position last = place.last;
    boolean known = last != null && last.epoch().equals(at.epoch());
    if (known && at.offset() <= last.offset()) {
      assertThat(mayRepeat).as("%s: %s %s told twice, at %s", user, topic, at, last).isTrue();
      bus.counts.repeats++;
      return;
    }
    if (known) {
      nothingBetween(topic, last, at.offset() - 1);
    } else {
      assertThat(last).as("%s: %s %s of another life", user, topic, at).isNull();
    }
    place.last = at;
    bus.counts.deliveries++;
  }

  /** Only what this very client published without an echo may be left out. */
  private void nothingBetween(String topic, Position last, long until) {
    for (long offset = last.offset() + 1; offset <= until; offset++) {
      ModelTopic.Entry missing = bus.topic(topic).at(new Position(last.epoch(), offset));
      assertThat(missing.except() == link)
          .as("%s: %s %s is lost, after %s", user, topic, missing.at(), last)
          .isTrue();
    }
  }

  private void acknowledged(JsonNode payload) {
    Asked command = asked.remove(payload.get("messageId").asString());
    assertThat(command).as("%s: one answer only: %s", user, payload).isNotNull();
    Place place = places.get(command.topic);
    switch (command.kind) {
      case UNSUBSCRIBE -> place.stands = false;
      case PUBLISH -> published(command, payload);
      case SUBSCRIBE, SYNC -> {
        List<JsonNode> messages = new ArrayList<>();
        payload.path("messages").forEach(messages::add);
        started(command, payload, messages);
      }
    }
  }

  private void published(Asked command, JsonNode payload) {
    ModelTopic.Entry entry = command.published;
    assertThat(payload.get("position").asString())
        .as("%s: where %s was published", user, entry)
        .isEqualTo(entry.at().toString());
    assertThat(payload.path("repeated").asBoolean(false))
        .as("%s", entry)
        .isEqualTo(command.repeated);
    Place place = places.get(command.topic);
    boolean changing = asked.values().stream().anyMatch(a -> a.topic.equals(command.topic));
    if (via == Via.SOCKET && place != null && place.stands && !changing && entry.except() == null) {
      assertThat(place.last.offset())
          .as("%s: own copy of %s before its ack", user, entry.at())
          .isGreaterThanOrEqualTo(entry.at().offset());
    }
  }

  private void subscribed(JsonNode frame) {
    Asked open = opening.remove(frame.get("topic").asString());
    assertThat(open).as("%s: opens once: %s", user, frame).isNotNull();
    started(open, frame.get("payload"), List.of());
  }

  /** The answer to a subscription, in whichever form. */
  private void started(Asked command, JsonNode payload, List<JsonNode> messages) {
    readLater(command, Position.parse(payload.get("position").asString()));
    ModelTopic.Answer answer = command.answer;
    Place place = places.get(command.topic);
    String label = user + " " + command.topic + " since " + command.since;
    assertThat(payload.get("position").asString())
        .as(label)
        .isEqualTo(answer.position().toString());
    if (place.stands && place.last.epoch().equals(answer.position().epoch())) {
      assertThat(answer.position().offset()).as(label).isGreaterThanOrEqualTo(place.last.offset());
    }
    if (command.since == null) {
      assertThat(payload.has("recovered")).as(label).isFalse();
      if (place.stands) {
        nothingBetween(command.topic, place.last, answer.position().offset());
      }
      place.last = answer.position();
      place.stands = true;
      return;
    }
    assertThat(command.reset != null && via != Via.SOCKET)
        .as("%s: a reset if and only if refused", label)
        .isEqualTo(via != Via.SOCKET && !payload.get("recovered").asBoolean());
    if (!payload.get("recovered").asBoolean()) {
      refused(command, place, label);
      return;
    }
    assertThat(answer.outcome()).as(label).isEqualTo(Outcome.COMPLETE);
    recovered(command, place, messages, label);
    place.last = answer.position();
    place.stands = true;
    bus.counts.recoveries++;
  }

  /**
   * Who takes little may have had to wait for room: then the channel was read later, up to here.
   */
  private void readLater(Asked command, Position at) {
    ModelTopic.Answer first = command.answer;
    if (at.equals(first.position())) {
      return;
    }
    if (command.since == null || first.outcome() != Outcome.COMPLETE) {
      Place place = places.get(command.topic);
      if (place.stands && at.equals(place.last) && link.wasSlow()) {
        // What it takes the place of was read later: it goes on from there.
        command.answer = new ModelTopic.Answer(at, first.outcome(), List.of());
      }
      return;
    }
    assertThat(link.wasSlow()).as("%s: %s was read later, at %s", user, command.topic, at).isTrue();
    List<ModelTopic.Entry> missed = new ArrayList<>();
    for (long offset = command.since.offset() + 1; offset <= at.offset(); offset++) {
      missed.add(bus.topic(command.topic).at(new Position(at.epoch(), offset)));
    }
    command.answer = new ModelTopic.Answer(at, Outcome.COMPLETE, missed);
    bus.counts.turns++;
  }

  private void recovered(Asked command, Place place, List<JsonNode> messages, String label) {
    List<Position> expected = command.answer.missed().stream().map(ModelTopic.Entry::at).toList();
    List<Position> told = command.told;
    if (messages.isEmpty()) {
      int from = Math.max(0, told.size() - expected.size());
      told = told.subList(from, told.size()); // a replay may come after live messages
    } else {
      told = messages.stream().map(m -> Position.parse(m.get("id").asString())).toList();
    }
    assertThat(told).as("%s: what was missed", label).isEqualTo(expected);
    for (int i = 0; i < messages.size(); i++) {
      ModelTopic.Entry entry = command.answer.missed().get(i);
      assertThat(messages.get(i).get("data").asString()).as(label).isEqualTo(entry.data());
      take(command.topic, place, entry, true);
    }
  }

  private void refused(Asked command, Place place, String label) {
    if (command.kind != Kind.SYNC) { // that may have heard live messages meanwhile
      assertThat(command.told).as("%s: a part of what was missed", label).isEmpty();
    }
    place.last = command.answer.position();
    place.stands = true;
    if (via == Via.SOCKET) {
      resetExpected = command;
    } else {
      assertThat(command.reset).as("%s: the reset's reason", label).isEqualTo(reason(command));
    }
  }

  /** What the reset of a refused recovery must say. */
  private String reason(Asked command) {
    Outcome outcome = command.answer.outcome();
    if (outcome == Outcome.EPOCH) {
      bus.counts.epochs++;
      return outcome.name();
    }
    if (outcome == Outcome.EVICTED) {
      bus.counts.evictions++;
    } else {
      assertThat(link.wasSlow()).as("%s: evicted while it waited for room", user).isTrue();
      assertThat(bus.read(command.topic, command.since).outcome())
          .as("%s: what could still be recovered", user)
          .isNotEqualTo(Outcome.COMPLETE);
      bus.counts.evictions++;
    }
    return Outcome.EVICTED.name();
  }

  /** A stream is told of it before its subscription stands, a socket right after. */
  private void reset(JsonNode frame) {
    String topic = frame.get("topic").asString();
    Asked command = via == Via.SOCKET ? resetExpected : opening.get(topic);
    assertThat(command).as("%s: a reset was due: %s", user, frame).isNotNull();
    assertThat(topic).isEqualTo(command.topic);
    readLater(command, Position.parse(frame.at("/payload/position").asString()));
    assertThat(frame.at("/payload/position").asString())
        .isEqualTo(command.answer.position().toString());
    command.reset = frame.at("/payload/reason").asString();
    resetExpected = null;
    if (via == Via.SOCKET) {
      assertThat(command.reset).as("%s", frame).isEqualTo(reason(command));
    }
  }

  /** Fails if it stands anywhere else than at the end of a channel that it hears. */
  void isUpToDate() {
    assertThat(isQuiet()).as("%s: everything is answered", user).isTrue();
    places.forEach(
        (topic, place) -> {
          if (place.stands) {
            Position end = bus.topic(topic).position();
            assertThat(place.last.epoch()).as("%s in %s", user, topic).isEqualTo(end.epoch());
            nothingBetween(topic, place.last, end.offset());
          }
        });
  }
}
