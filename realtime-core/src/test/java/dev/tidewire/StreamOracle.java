package dev.tidewire;

import static org.assertj.core.api.Assertions.assertThat;

import dev.tidewire.channel.Position;
import dev.tidewire.testing.FakeConnection;
import dev.tidewire.testing.Json;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import tools.jackson.databind.JsonNode;

/**
 * Reads what one connection was sent about one channel, frame by frame, and fails at the first that
 * is missing, double, out of order or not announced. Not thread-safe.
 */
final class StreamOracle {

  private enum Kind {
    SUBSCRIBE,
    UNSUBSCRIBE,
    SYNC,
    PUBLISH
  }

  private record Asked(Kind kind, @Nullable Position since) {}

  private final String label;
  private final FakeConnection connection;
  private final Map<String, Asked> asked = new HashMap<>();
  private final Set<Long> replaysBegin = new HashSet<>();
  private final List<Long> heard = new ArrayList<>();
  private int read;
  private boolean subscribed;
  private @Nullable Position last;
  private @Nullable Position resetExpected;
  private int recoveries;
  private int refusals;

  StreamOracle(String label, FakeConnection connection) {
    this.label = label;
    this.connection = connection;
  }

  String subscribe(String id, @Nullable Position since) {
    asked.put(id, new Asked(Kind.SUBSCRIBE, since));
    return "{'id':'"
        + id
        + "','type':'subscribe','topic':'t'"
        + (since == null ? "" : ",'since':'" + since + "'")
        + "}";
  }

  String unsubscribe(String id) {
    asked.put(id, new Asked(Kind.UNSUBSCRIBE, null));
    return "{'id':'" + id + "','type':'unsubscribe','topic':'t'}";
  }

  String sync(String id, Position after) {
    asked.put(id, new Asked(Kind.SYNC, after));
    replaysBegin.add(after.offset() + 1);
    return "{'id':'" + id + "','type':'sync','topic':'t','after':'" + after + "'}";
  }

  String publish(String id) {
    asked.put(id, new Asked(Kind.PUBLISH, null));
    return "{'id':'" + id + "','type':'publish','topic':'t','event':'e','data':1}";
  }

  /** Whether everything that was asked is answered. */
  boolean isQuiet() {
    return asked.isEmpty();
  }

  boolean isSubscribed() {
    return subscribed;
  }

  /** The last position known to the client, or null. */
  @Nullable Position last() {
    return last;
  }

  int recoveries() {
    return recoveries;
  }

  int refusals() {
    return refusals;
  }

  /** Reads what came since the last call. */
  StreamOracle look() {
    List<String> news = connection.messages(read);
    read += news.size();
    for (String message : news) {
      Json.frames(message).forEach(this::read);
    }
    return this;
  }

  private void read(JsonNode frame) {
    String type = frame.get("type").asString();
    if (resetExpected != null) {
      assertThat(type).as("%s: after a refused recovery", label).isEqualTo("reset");
      assertThat(frame.at("/payload/position").asString()).isEqualTo(resetExpected.toString());
      resetExpected = null;
      return;
    }
    switch (type) {
      case "event" -> event(Position.parse(frame.get("id").asString()));
      case "ack" -> ack(frame.get("payload"));
      case "welcome", "presence_state" -> {}
      default -> throw new AssertionError(label + ": unexpected " + frame);
    }
  }

  private void event(Position at) {
    assertThat(subscribed).as("%s: subscribed at %s", label, at).isTrue();
    if (at.offset() != last.offset() + 1) {
      assertThat(replaysBegin).as("%s: %s after %s", label, at, last).contains(at.offset());
    }
    assertThat(at.epoch()).as(label).isEqualTo(last.epoch());
    heard.add(at.offset());
    last = at;
  }

  private void ack(JsonNode payload) {
    Asked command = asked.remove(payload.get("messageId").asString());
    assertThat(command).as("%s: one answer only: %s", label, payload).isNotNull();
    Position position =
        payload.has("position") ? Position.parse(payload.get("position").asString()) : null;
    switch (command.kind()) {
      case UNSUBSCRIBE -> subscribed = false;
      case PUBLISH -> {
        boolean changing = asked.values().stream().anyMatch(a -> a.kind() != Kind.PUBLISH);
        if (subscribed && !changing) { // who asks for what it missed may have to wait for room
          assertThat(last.offset())
              .as("%s: own copy of %s before its ack", label, position)
              .isGreaterThanOrEqualTo(position.offset());
        }
      }
      case SUBSCRIBE, SYNC -> started(command, position, payload);
    }
  }

  private void started(Asked command, Position position, JsonNode payload) {
    Position since = command.since();
    if (since == null) {
      if (subscribed) {
        assertThat(position).as("%s: goes on where it was", label).isEqualTo(last);
      }
    } else if (payload.get("recovered").asBoolean()) {
      recoveries++;
      List<Long> missed = new ArrayList<>();
      payload
          .get("messages")
          .forEach(m -> missed.add(Position.parse(m.get("id").asString()).offset()));
      int count = (int) (position.offset() - since.offset());
      if (command.kind() == Kind.SYNC) {
        assertThat(missed).as(label).isEmpty();
        assertThat(heard.size())
            .as("%s: replayed after %s", label, since)
            .isGreaterThanOrEqualTo(count);
        missed.addAll(heard.subList(heard.size() - count, heard.size()));
        replaysBegin.clear();
      }
      assertThat(missed).as("%s: missed since %s", label, since).hasSize(count);
      for (int i = 0; i < count; i++) {
        assertThat(missed.get(i)).as("%s: missed", label).isEqualTo(since.offset() + 1 + i);
      }
    } else {
      refusals++;
      assertThat(payload.get("messages")).as(label).isEmpty();
      resetExpected = position;
    }
    if (subscribed) {
      assertThat(position.offset()).as(label).isGreaterThanOrEqualTo(last.offset());
    }
    subscribed = true;
    last = position;
  }
}
