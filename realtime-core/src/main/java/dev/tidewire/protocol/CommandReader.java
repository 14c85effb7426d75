package dev.tidewire.protocol;

import dev.tidewire.channel.Position;
import dev.tidewire.presence.Member;
import dev.tidewire.rows.Where;
import org.jspecify.annotations.Nullable;

/**
 * Makes a command of a frame's fields. Those in the payload count where the frame itself has none;
 * but where the frame itself says all that is needed to know what its data is for, the payload is
 * the data. Not thread-safe; made for one frame.
 */
final class CommandReader {

  private static final int MAX_KEY = 128;

  private final FrameFields own;
  private final FrameFields nested;

  /** Thrown for a field that is missing or has a value that cannot be. */
  private static final class WrongField extends RuntimeException {
    private static final long serialVersionUID = 1L;

    WrongField(String message) {
      super(message, null, false, false);
    }
  }

  private CommandReader(FrameFields own, FrameFields nested) {
    this.own = own;
    this.nested = nested;
  }

  static Inbound read(FrameFields own, FrameFields nested) {
    String type = own.type;
    if (type == null) {
      String why = own.wrong == null ? "a frame needs a type" : own.wrong;
      return new Inbound.Refused(own.id, ErrorCode.BAD_REQUEST, why, true);
    }
    boolean payloadIsData =
        switch (type) {
          case "publish" -> own.topic != null && own.event != null;
          case "track" -> own.topic != null;
          case "call" -> own.method != null;
          default -> false;
        };
    return new CommandReader(own, payloadIsData ? own : nested).read(type);
  }

  private Inbound read(String type) {
    String wrong = first(own.wrong, nested.wrong);
    try {
      Command command = command(type);
      if (command == null) {
        return new Inbound.Refused(own.id, ErrorCode.UNKNOWN_TYPE, "no such frame type", false);
      }
      if (wrong == null) {
        return command;
      }
    } catch (WrongField e) {
      wrong = first(wrong, e.getMessage());
    }
    return new Inbound.Refused(own.id, ErrorCode.BAD_REQUEST, "" + wrong, false);
  }

  private @Nullable Command command(String type) {
    String id = own.id;
    return switch (type) {
      case "auth" -> new Command.Auth(id, required(first(own.token, nested.token), "token"));
      case "subscribe" ->
          new Command.Subscribe(
              id,
              topic(),
              position(first(own.since, nested.since), "since"),
              first(own.presence, nested.presence),
              where(),
              Boolean.TRUE.equals(first(own.snapshot, nested.snapshot)),
              Boolean.TRUE.equals(first(own.count, nested.count)));
      case "unsubscribe" -> new Command.Unsubscribe(id, topic());
      case "publish" -> publish(id);
      case "track" -> {
        String state = data();
        yield new Command.Track(id, topic(), state == null ? "{}" : state);
      }
      case "untrack" -> new Command.Untrack(id, topic());
      case "status" -> new Command.SetStatus(id, status());
      case "history" ->
          new Command.History(
              id,
              topic(),
              first(own.limit, nested.limit),
              position(first(own.before, nested.before), "before"),
              first(own.beforeTime, nested.beforeTime));
      case "sync" -> {
        Position after = required(position(first(own.after, nested.after), "after"), "after");
        boolean named = first(own.topic, nested.topic) != null;
        yield new Command.Sync(id, named ? topic() : null, after);
      }
      case "call" -> {
        String json = data();
        String method = required(first(own.method, nested.method), "method");
        yield new Command.Call(id, method, json == null ? "null" : json);
      }
      case "ping", "heartbeat" -> new Command.Ping(id);
      default -> null;
    };
  }

  private Command publish(@Nullable String id) {
    String event = first(own.event, nested.event);
    if (!Topics.isEvent(event)) {
      throw new WrongField(
          "an event is 1 to 128 printable characters and none of the bus's own names");
    }
    boolean persist = Boolean.TRUE.equals(first(own.persist, nested.persist));
    boolean echo = !Boolean.FALSE.equals(first(own.echo, nested.echo));
    return new Command.Publish(
        id, topic(), required(event, "event"), required(data(), "data"), persist, key(), echo);
  }

  /** The payload is the data where it is not looked into for fields. */
  private @Nullable String data() {
    return first(own.data, nested == own ? own.payload : nested.data);
  }

  private @Nullable Where where() {
    String wrong = first(own.wrongWhere, nested.wrongWhere);
    if (wrong != null) {
      throw new WrongField(wrong);
    }
    return first(own.where, nested.where);
  }

  private String topic() {
    String name = required(first(own.topic, nested.topic), "topic");
    if (!Topics.isTopic(name)) {
      throw new WrongField("a topic is 1 to 255 letters, digits and / : . _ - @");
    }
    return name;
  }

  private @Nullable String key() {
    String key = first(own.key, nested.key);
    if (key != null && (key.isEmpty() || key.length() > MAX_KEY)) {
      throw new WrongField("'key' is 1 to " + MAX_KEY + " characters");
    }
    return key;
  }

  private Member.Status status() {
    String word = first(own.status, nested.status);
    for (Member.Status known : Member.Status.values()) {
      if (known.word().equals(word)) {
        return known;
      }
    }
    throw new WrongField("'status' is online or away");
  }

  private static @Nullable Position position(@Nullable String text, String name) {
    Position position = text == null ? null : Position.parse(text);
    if (text != null && position == null) {
      throw new WrongField("'" + name + "' is not a message id");
    }
    return position;
  }

  private static <T> T required(@Nullable T value, String name) {
    if (value == null) {
      throw new WrongField("'" + name + "' is missing");
    }
    return value;
  }

  private static <T> @Nullable T first(@Nullable T one, @Nullable T other) {
    return one != null ? one : other;
  }
}
