package dev.tidewire.protocol;

import dev.tidewire.channel.Position;
import dev.tidewire.presence.Member;
import org.jspecify.annotations.Nullable;
import tools.jackson.core.JacksonException;
import tools.jackson.core.JsonParser;
import tools.jackson.core.JsonToken;
import tools.jackson.core.ObjectReadContext;
import tools.jackson.core.exc.InputCoercionException;
import tools.jackson.core.json.JsonFactory;

/**
 * Reads one frame in one pass, without a tree: scalars of the envelope are decoded, {@code data}
 * stays the client's own text. Fields may stand in the frame or one level down in {@code payload};
 * unknown fields are ignored. Not thread-safe; made for one frame.
 */
final class FrameReader {

  private static final int MAX_KEYS = 1_000;
  private static final int MAX_ID = 128;
  private static final int MAX_KEY = 128;

  private final String text;
  private final int from;
  private int to;

  private @Nullable String id;
  private @Nullable String type;
  private @Nullable String topic;
  private boolean topicInPayload;
  private @Nullable String event;
  private @Nullable String method;
  private boolean methodInPayload;
  private @Nullable String token;
  private @Nullable String key;
  private @Nullable String status;
  private @Nullable String since;
  private @Nullable String after;
  private @Nullable String before;
  private @Nullable Long beforeTime;
  private @Nullable Long limit;
  private @Nullable String data;
  private @Nullable String payload;
  private @Nullable Boolean presence;
  private boolean persist;
  private boolean echo = true;
  private @Nullable String unsupported;
  private int keys;

  /** Thrown for a field of the wrong shape; the frame itself is sound JSON. */
  private static final class WrongField extends RuntimeException {
    private static final long serialVersionUID = 1L;

    WrongField(String message) {
      super(message, null, false, false);
    }
  }

  FrameReader(String text, int from) {
    this.text = text;
    this.from = from;
    this.to = text.length();
  }

  /** Index after the frame; the end of the text if it could not be read. */
  int end() {
    return to;
  }

  /**
   * Reads the frame.
   *
   * @param knownType what it is if it carries no {@code type} itself, or null
   */
  Inbound read(JsonFactory json, @Nullable String knownType) {
    type = knownType;
    WrongField wrong = null;
    try (JsonParser parser = json.createParser(ObjectReadContext.empty(), text.substring(from))) {
      if (parser.nextToken() != JsonToken.START_OBJECT) {
        return new Inbound.Refused(null, ErrorCode.BAD_REQUEST, "a frame is a JSON object", true);
      }
      wrong = readFields(parser, false);
      to = from + (int) parser.currentLocation().getCharOffset();
    } catch (JacksonException e) {
      // The parser's message quotes the input and its own limits; the client gets neither.
      return new Inbound.Refused(
          id, ErrorCode.BAD_REQUEST, "not valid JSON, or nested or numbered beyond limits", true);
    }
    if (wrong != null) {
      return new Inbound.Refused(id, ErrorCode.BAD_REQUEST, "" + wrong.getMessage(), false);
    }
    if (type == null) {
      return new Inbound.Refused(id, ErrorCode.BAD_REQUEST, "a frame needs a type", true);
    }
    try {
      Command command = command(type);
      return command != null
          ? command
          : new Inbound.Refused(id, ErrorCode.UNKNOWN_TYPE, "no such frame type", false);
    } catch (WrongField e) {
      return new Inbound.Refused(id, ErrorCode.BAD_REQUEST, "" + e.getMessage(), false);
    }
  }

  /** Reads to the end of the object whatever happens, so that the id is known and the end found. */
  private @Nullable WrongField readFields(JsonParser parser, boolean inPayload) {
    WrongField first = null;
    for (String name = parser.nextName(); name != null; name = parser.nextName()) {
      parser.nextToken();
      WrongField wrong = null;
      try {
        wrong = readField(parser, name, inPayload);
      } catch (WrongField e) {
        parser.skipChildren();
        wrong = e;
      }
      first = first == null ? wrong : first;
    }
    return first;
  }

  private @Nullable WrongField readField(JsonParser parser, String name, boolean inPayload) {
    switch (name) {
      case "id" -> id = inPayload ? id : clientId(parser);
      case "type" -> type = inPayload ? type : string(parser, name);
      case "topic", "channel" -> {
        if (topic == null || !inPayload) {
          topic = string(parser, name);
          topicInPayload = inPayload;
        }
      }
      case "method" -> {
        if (method == null || !inPayload) {
          method = string(parser, name);
          methodInPayload = inPayload;
        }
      }
      case "event" -> event = event == null || !inPayload ? string(parser, name) : event;
      case "token" -> token = string(parser, name);
      case "key" -> key = optionalString(parser, name);
      case "status" -> status = string(parser, name);
      case "since" -> since = optionalString(parser, name);
      case "after" -> after = optionalString(parser, name);
      case "before" -> readBefore(parser);
      case "limit" -> limit = optionalInteger(parser, name);
      case "presence" -> presence = bool(parser, name);
      case "persist" -> persist = bool(parser, name);
      case "echo" -> echo = bool(parser, name);
      case "snapshot" -> {
        if (bool(parser, name)) {
          unsupported = name;
        }
      }
      case "where" -> {
        if (parser.currentToken() != JsonToken.VALUE_NULL) {
          unsupported = name;
        }
        parser.skipChildren();
      }
      case "data" -> data = data == null || !inPayload ? slice(parser) : data;
      case "payload" -> {
        if (inPayload || parser.currentToken() != JsonToken.START_OBJECT) {
          payload = slice(parser);
          return null;
        }
        int start = (int) parser.currentTokenLocation().getCharOffset();
        WrongField wrong = readFields(parser, true);
        payload = oneLine(start, (int) parser.currentLocation().getCharOffset());
        return wrong;
      }
      default -> skip(parser);
    }
    return null;
  }

  private @Nullable Command command(String known) {
    switch (known) {
      case "auth" -> {
        return new Command.Auth(id, required(token, "token"));
      }
      case "subscribe" -> {
        if (unsupported != null) {
          throw new WrongField("'" + unsupported + "' is not supported by this server");
        }
        return new Command.Subscribe(id, topic(), position(since, "since"), presence);
      }
      case "unsubscribe" -> {
        return new Command.Unsubscribe(id, topic());
      }
      case "publish" -> {
        String name = event == null ? "" : event;
        if (!Topics.isEvent(name)) {
          throw new WrongField(
              "an event is 1 to 128 printable characters and none of the bus's own names");
        }
        String json = required(data(!topicInPayload), "data");
        return new Command.Publish(id, topic(), name, json, persist, key(), echo);
      }
      case "track" -> {
        String state = data(!topicInPayload);
        return new Command.Track(id, topic(), state == null ? "{}" : state);
      }
      case "untrack" -> {
        return new Command.Untrack(id, topic());
      }
      case "status" -> {
        return new Command.SetStatus(id, status());
      }
      case "history" -> {
        return new Command.History(id, topic(), limit, position(before, "before"), beforeTime);
      }
      case "sync" -> {
        Position position = position(after, "after");
        if (position == null) {
          throw new WrongField("'after' is missing");
        }
        return new Command.Sync(id, topic == null ? null : topic(), position);
      }
      case "call" -> {
        String json = data(!methodInPayload);
        return new Command.Call(id, required(method, "method"), json == null ? "null" : json);
      }
      case "ping", "heartbeat" -> {
        return new Command.Ping(id);
      }
      default -> {
        return null;
      }
    }
  }

  private @Nullable String data(boolean payloadMayBeData) {
    return data == null && payloadMayBeData ? payload : data;
  }

  private String topic() {
    String name = required(topic, "topic");
    if (!Topics.isTopic(name)) {
      throw new WrongField("a topic is 1 to 255 letters, digits and / : . _ - @");
    }
    return name;
  }

  private @Nullable String key() {
    if (key != null && (key.isEmpty() || key.length() > MAX_KEY)) {
      throw new WrongField("'key' is 1 to " + MAX_KEY + " characters");
    }
    return key;
  }

  private Member.Status status() {
    for (Member.Status known : Member.Status.values()) {
      if (known.word().equals(status)) {
        return known;
      }
    }
    throw new WrongField("'status' is online or away");
  }

  private static String required(@Nullable String value, String name) {
    if (value == null) {
      throw new WrongField("'" + name + "' is missing");
    }
    return value;
  }

  private static @Nullable Position position(@Nullable String text, String name) {
    Position position = text == null ? null : Position.parse(text);
    if (text != null && position == null) {
      throw new WrongField("'" + name + "' is not a message id");
    }
    return position;
  }

  private String clientId(JsonParser parser) {
    JsonToken token = parser.currentToken();
    if (token != JsonToken.VALUE_STRING && token != JsonToken.VALUE_NUMBER_INT) {
      throw new WrongField("'id' is a string");
    }
    String raw = slice(parser);
    if (raw.length() > MAX_ID) {
      throw new WrongField("'id' is at most " + MAX_ID + " characters");
    }
    return raw;
  }

  private void readBefore(JsonParser parser) {
    if (parser.currentToken() == JsonToken.VALUE_NUMBER_INT) {
      beforeTime = optionalInteger(parser, "before");
    } else if (parser.currentToken() == JsonToken.VALUE_NUMBER_FLOAT) {
      beforeTime = (long) Math.ceil(parser.getDoubleValue());
    } else {
      before = optionalString(parser, "before");
    }
  }

  private static String string(JsonParser parser, String name) {
    if (parser.currentToken() != JsonToken.VALUE_STRING) {
      throw new WrongField("'" + name + "' is a string");
    }
    return parser.getString();
  }

  private static @Nullable String optionalString(JsonParser parser, String name) {
    return parser.currentToken() == JsonToken.VALUE_NULL ? null : string(parser, name);
  }

  private static @Nullable Long optionalInteger(JsonParser parser, String name) {
    if (parser.currentToken() == JsonToken.VALUE_NULL) {
      return null;
    }
    if (parser.currentToken() != JsonToken.VALUE_NUMBER_INT) {
      throw new WrongField("'" + name + "' is an integer");
    }
    try {
      return parser.getLongValue();
    } catch (InputCoercionException e) {
      throw new WrongField("'" + name + "' is out of range");
    }
  }

  private static boolean bool(JsonParser parser, String name) {
    return switch (parser.currentToken()) {
      case VALUE_TRUE -> true;
      case VALUE_FALSE -> false;
      default -> throw new WrongField("'" + name + "' is true or false");
    };
  }

  /** The present value as the client wrote it, validated by passing over it. */
  private String slice(JsonParser parser) {
    int start = (int) parser.currentTokenLocation().getCharOffset();
    skip(parser);
    parser.finishToken();
    return oneLine(start, (int) parser.currentLocation().getCharOffset());
  }

  private void skip(JsonParser parser) {
    int depth = 0;
    for (JsonToken token = parser.currentToken(); ; token = parser.nextToken()) {
      if (token.isStructStart()) {
        depth++;
      } else if (token.isStructEnd()) {
        depth--;
      } else if (token == JsonToken.PROPERTY_NAME && ++keys > MAX_KEYS) {
        throw new WrongField("more than " + MAX_KEYS + " keys");
      }
      if (depth == 0) {
        return;
      }
    }
  }

  /** Line breaks separate frames; in sound JSON they can only be white space between tokens. */
  private String oneLine(int start, int end) {
    return text.substring(from + start, from + end).replace('\n', ' ').replace('\r', ' ');
  }
}
