package dev.tidewire.protocol;

import static java.nio.charset.StandardCharsets.UTF_8;

import dev.tidewire.channel.Position;
import dev.tidewire.channel.Publication;
import dev.tidewire.channel.Timestamps;
import dev.tidewire.history.HistoryMessage;
import dev.tidewire.presence.Member;
import dev.tidewire.presence.Occupancy;
import dev.tidewire.presence.PresenceDiff;
import dev.tidewire.presence.PresenceState;
import java.io.StringWriter;
import java.util.List;
import org.jspecify.annotations.Nullable;
import tools.jackson.core.JsonGenerator;
import tools.jackson.core.ObjectWriteContext;
import tools.jackson.core.json.JsonFactory;

/** Writes answers and pushes. Immutable, safe for any thread. */
final class FrameWriter {

  private static final int PROTOCOL = 1;

  private final JsonFactory json;
  private final FrameIds ids;

  FrameWriter(JsonFactory json, FrameIds ids) {
    this.json = json;
    this.ids = ids;
  }

  private interface Fields {
    void write(JsonGenerator to);
  }

  private String object(Fields fields) {
    StringWriter text = new StringWriter(256);
    try (JsonGenerator to = json.createGenerator(ObjectWriteContext.empty(), text)) {
      to.writeStartObject();
      fields.write(to);
      to.writeEndObject();
    }
    return text.toString();
  }

  private String frame(String type, long now, Fields fields) {
    return object(
        to -> {
          to.writeStringProperty("id", ids.next());
          to.writeStringProperty("type", type);
          to.writeStringProperty("ts", Timestamps.format(now));
          fields.write(to);
        });
  }

  String reply(Reply reply, @Nullable String commandId, long now) {
    return frame(
        reply instanceof Reply.Failure ? "error" : "ack",
        now,
        to -> {
          to.writeObjectPropertyStart("payload");
          if (commandId != null) {
            to.writeName("messageId");
            to.writeRawValue(commandId);
          }
          if (reply instanceof Reply.Ack ack) {
            ackFields(ack, to);
          } else if (reply instanceof Reply.Failure failure) {
            failureFields(failure, to);
          }
          to.writeEndObject();
        });
  }

  String payload(Reply.Ack ack) {
    return object(to -> ackFields(ack, to));
  }

  private static void ackFields(Reply.Ack ack, JsonGenerator to) {
    if (ack instanceof Reply.Authenticated authenticated) {
      to.writeStringProperty("userId", authenticated.userId());
    } else if (ack instanceof Reply.Subscribed subscribed) {
      subscribedFields(subscribed, to);
    } else if (ack instanceof Reply.Published published) {
      to.writeStringProperty("topic", published.topic());
      to.writeStringProperty("position", published.position().toString());
      to.writeStringProperty("ts", Timestamps.format(published.timestamp()));
      if (published.repeated()) {
        to.writeBooleanProperty("repeated", true);
      }
      Position previous = published.previous();
      if (previous != null) {
        to.writeStringProperty("prev", previous.toString());
      }
    } else if (ack instanceof Reply.HistoryPage page) {
      to.writeStringProperty("topic", page.topic());
      to.writeArrayPropertyStart("messages");
      page.messages().forEach(message -> historyMessage(message, to));
      to.writeEndArray();
    } else if (ack instanceof Reply.MemberList list) {
      to.writeStringProperty("topic", list.state().topic());
      stateFields(list.state(), list.limit(), to);
    } else if (ack instanceof Reply.MemberCount members) {
      countFields(members.occupancy(), to);
    } else if (ack instanceof Reply.Answer answer) {
      to.writeName("data");
      to.writeRawValue(answer.json());
    }
  }

  private static void subscribedFields(Reply.Subscribed subscribed, JsonGenerator to) {
    to.writeStringProperty("topic", subscribed.topic());
    to.writeStringProperty("position", subscribed.position().toString());
    if (subscribed.recovered() != null) {
      to.writeBooleanProperty("recovered", subscribed.recovered());
      to.writeArrayPropertyStart("messages");
      for (Publication missed : subscribed.missed()) {
        to.writeRawValue(new String(missed.frame(), UTF_8));
      }
      to.writeEndArray();
    }
    if (subscribed.rows() != null) {
      to.writeName("rows");
      to.writeRawValue(subscribed.rows());
    }
  }

  private static void historyMessage(HistoryMessage message, JsonGenerator to) {
    to.writeStartObject();
    to.writeStringProperty("id", message.position().toString());
    to.writeStringProperty("room_id", message.topic());
    to.writeStringProperty("user_id", message.userId());
    to.writeStringProperty("event", message.event());
    to.writeName("data");
    to.writeRawValue(message.data());
    to.writeNumberProperty("created_at", message.createdAt());
    to.writeEndObject();
  }

  private static void failureFields(Reply.Failure failure, JsonGenerator to) {
    to.writeStringProperty("code", failure.code());
    to.writeStringProperty("message", failure.message());
    to.writeBooleanProperty("temporary", failure.temporary());
    if (failure.retryAfterMs() == null) {
      to.writeNullProperty("retryAfterMs");
    } else {
      to.writeNumberProperty("retryAfterMs", failure.retryAfterMs());
    }
    if (failure.topic() != null) {
      to.writeStringProperty("topic", failure.topic());
    }
  }

  String push(Push push, long now) {
    if (push instanceof Push.Welcome welcome) {
      return frame("welcome", now, to -> welcomeFields(welcome, to));
    }
    if (push instanceof Push.Connected connected) {
      return frame(
          "connected",
          now,
          to -> {
            to.writeArrayPropertyStart("topics");
            connected.topics().forEach(to::writeString);
            to.writeEndArray();
            to.writeStringProperty("userId", connected.welcome().userId());
            welcomeFields(connected.welcome(), to);
          });
    }
    if (push instanceof Push.Subscribed subscribed) {
      return frame("subscribed", now, to -> streamFields(subscribed, to));
    }
    if (push instanceof Push.Closing closing) {
      return frame(
          "close",
          now,
          to -> {
            to.writeObjectPropertyStart("payload");
            to.writeNumberProperty("code", closing.code());
            to.writeStringProperty("reason", closing.reason());
            to.writeEndObject();
          });
    }
    if (push instanceof Push.Presence presence) {
      return frame("presence", now, to -> presenceFields(presence.diff(), to));
    }
    if (push instanceof Push.PresenceChanges changes) {
      return frame("presence", now, to -> changesFields(changes, to));
    }
    if (push instanceof Push.Count count) {
      return frame(count.event(), now, to -> countFields(count.occupancy(), to));
    }
    if (push instanceof Push.Members members) {
      return frame(
          "presence_state",
          now,
          to -> {
            to.writeStringProperty("topic", members.state().topic());
            stateFields(members.state(), members.limit(), to);
          });
    }
    if (push instanceof Push.Reset reset) {
      return frame(
          "reset",
          now,
          to -> {
            to.writeStringProperty("topic", reset.topic());
            to.writeObjectPropertyStart("payload");
            to.writeStringProperty("reason", reset.reason());
            to.writeStringProperty("position", reset.position().toString());
            to.writeEndObject();
          });
    }
    if (push instanceof Push.Advice advice) {
      return frame("advice", now, to -> adviceFields(advice, to));
    }
    return frame("pong", now, to -> {});
  }

  private static void streamFields(Push.Subscribed subscribed, JsonGenerator to) {
    to.writeStringProperty("topic", subscribed.topic());
    to.writeObjectPropertyStart("payload");
    to.writeStringProperty("position", subscribed.position().toString());
    if (subscribed.recovered() != null) {
      to.writeBooleanProperty("recovered", subscribed.recovered());
    }
    to.writeEndObject();
  }

  private static void welcomeFields(Push.Welcome welcome, JsonGenerator to) {
    to.writeObjectPropertyStart("payload");
    to.writeStringProperty("connection", welcome.connection());
    to.writeStringProperty("session", welcome.session());
    to.writeStringProperty("userId", welcome.userId());
    to.writeNumberProperty("pingInterval", welcome.pingIntervalMs());
    to.writeNumberProperty("pongTimeout", welcome.pongTimeoutMs());
    to.writeNumberProperty("maxFrameBytes", welcome.maxFrameBytes());
    to.writeNumberProperty("protocol", PROTOCOL);
    to.writeEndObject();
  }

  private static void adviceFields(Push.Advice advice, JsonGenerator to) {
    to.writeObjectPropertyStart("payload");
    to.writeStringProperty("reconnect", advice.retry() ? "retry" : "stop");
    to.writeArrayPropertyStart("delayMs");
    to.writeNumber(advice.minDelayMs());
    to.writeNumber(advice.maxDelayMs());
    to.writeEndArray();
    to.writeEndObject();
  }

  private static void presenceFields(PresenceDiff diff, JsonGenerator to) {
    to.writeStringProperty("topic", diff.topic());
    changeFields(diff, to);
    to.writeNumberProperty("rev", diff.revision());
  }

  private static void changeFields(PresenceDiff diff, JsonGenerator to) {
    to.writeStringProperty("event", diff.change().event());
    to.writeStringProperty("userId", diff.member().userId());
    to.writeName("data");
    to.writeRawValue(diff.member().data());
    to.writeStringProperty(
        "status",
        diff.change() == PresenceDiff.Change.LEAVE ? "offline" : diff.member().status().word());
    if (diff.reason() != null) {
      to.writeStringProperty("reason", diff.reason().word());
    }
  }

  private static void changesFields(Push.PresenceChanges changes, JsonGenerator to) {
    to.writeStringProperty("topic", changes.topic());
    to.writeStringProperty("event", changes.event());
    to.writeNumberProperty("from", changes.from());
    to.writeNumberProperty("rev", changes.revision());
    to.writeArrayPropertyStart("changes");
    for (PresenceDiff diff : changes.changes()) {
      to.writeStartObject();
      changeFields(diff, to);
      to.writeEndObject();
    }
    to.writeEndArray();
  }

  private static void countFields(Occupancy occupancy, JsonGenerator to) {
    to.writeStringProperty("topic", occupancy.topic());
    to.writeNumberProperty("rev", occupancy.revision());
    to.writeNumberProperty("count", occupancy.count());
  }

  private static void stateFields(PresenceState state, int limit, JsonGenerator to) {
    List<Member> members = state.members();
    to.writeNumberProperty("rev", state.revision());
    to.writeNumberProperty("count", members.size());
    to.writeArrayPropertyStart("members");
    members.stream().limit(limit == 0 ? members.size() : limit).forEach(m -> member(m, to));
    to.writeEndArray();
  }

  private static void member(Member member, JsonGenerator to) {
    to.writeStartObject();
    to.writeStringProperty("userId", member.userId());
    to.writeName("data");
    to.writeRawValue(member.data());
    to.writeStringProperty("status", member.status().word());
    to.writeStringProperty("since", Timestamps.format(member.since()));
    to.writeArrayPropertyStart("connections");
    for (Member.Link link : member.connections()) {
      to.writeStartObject();
      to.writeStringProperty("id", link.id());
      to.writeName("data");
      to.writeRawValue(link.data());
      to.writeStringProperty("status", link.status().word());
      to.writeEndObject();
    }
    to.writeEndArray();
    to.writeEndObject();
  }
}
