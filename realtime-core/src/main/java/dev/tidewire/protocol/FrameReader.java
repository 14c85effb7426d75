package dev.tidewire.protocol;

import org.jspecify.annotations.Nullable;
import tools.jackson.core.JacksonException;
import tools.jackson.core.JsonParser;
import tools.jackson.core.JsonToken;
import tools.jackson.core.ObjectReadContext;
import tools.jackson.core.exc.InputCoercionException;
import tools.jackson.core.json.JsonFactory;

/**
 * Reads one frame in one pass, without a tree: scalars of the envelope are decoded, {@code data}
 * stays the client's own text. Whatever is wrong with a field, the frame is read to its end, so
 * that its id is known and the next frame is found. Not thread-safe; made for one frame.
 */
final class FrameReader {

  private static final int MAX_KEYS = 1_000;
  private static final int MAX_ID = 128;

  private final JsonFactory json;
  private final char[] text;
  private final int from;
  private int to;

  private final FrameFields own = new FrameFields();
  private final FrameFields nested = new FrameFields();
  private @Nullable String beyondLimit;
  private int keys;

  FrameReader(JsonFactory json, char[] text, int from) {
    this.json = json;
    this.text = text;
    this.from = from;
    this.to = -1;
  }

  /** Whether it could not be read to its end. */
  boolean isBroken() {
    return to < 0;
  }

  /** Index after the frame; the end of the text if it could not be read. */
  int end() {
    return to < 0 ? text.length : to;
  }

  /**
   * Reads the frame.
   *
   * @param knownType what it is if it carries no {@code type} itself, or null
   */
  Inbound read(@Nullable String knownType) {
    try (JsonParser parser =
        json.createParser(ObjectReadContext.empty(), text, from, text.length - from)) {
      if (parser.nextToken() != JsonToken.START_OBJECT) {
        return new Inbound.Refused(null, ErrorCode.BAD_REQUEST, "a frame is a JSON object", true);
      }
      readFields(parser, own);
      to = after(parser);
    } catch (JacksonException e) {
      // The parser's message quotes the input and its own limits; the client gets neither.
      return new Inbound.Refused(
          own.id, ErrorCode.BAD_REQUEST, "not valid JSON, or a number of too many digits", true);
    }
    if (beyondLimit != null) {
      return new Inbound.Refused(own.id, ErrorCode.BAD_REQUEST, beyondLimit, false);
    }
    own.type = own.type == null ? knownType : own.type;
    return CommandReader.read(own, nested);
  }

  private void readFields(JsonParser parser, FrameFields into) {
    for (String name = parser.nextName(); name != null; name = parser.nextName()) {
      if (into == nested) {
        countKey();
      }
      parser.nextToken();
      readField(parser, name, into);
    }
  }

  /** Passes over exactly one value. */
  private void readField(JsonParser parser, String name, FrameFields into) {
    switch (name) {
      case "id" -> into.id = clientId(parser, into);
      case "type" -> into.type = string(parser, name, into);
      case "topic", "channel" -> into.topic = string(parser, name, into);
      case "event" -> into.event = string(parser, name, into);
      case "method" -> into.method = string(parser, name, into);
      case "token" -> into.token = string(parser, name, into);
      case "key" -> into.key = string(parser, name, into);
      case "status" -> into.status = string(parser, name, into);
      case "since" -> into.since = string(parser, name, into);
      case "after" -> into.after = string(parser, name, into);
      case "before" -> readBefore(parser, into);
      case "limit" -> into.limit = integer(parser, name, into);
      case "presence" -> readPresence(parser, into);
      case "persist" -> into.persist = bool(parser, name, into);
      case "echo" -> into.echo = bool(parser, name, into);
      case "snapshot" -> into.snapshot = bool(parser, name, into);
      case "where" -> readWhere(parser, into);
      case "data" -> into.data = slice(parser, into == nested ? 1 : 0);
      case "payload" -> readPayload(parser, into);
      default -> skip(parser, into == nested ? 1 : 0);
    }
  }

  /** True, false, or the word for the number of members alone. */
  private void readPresence(JsonParser parser, FrameFields into) {
    boolean counts =
        parser.currentToken() == JsonToken.VALUE_STRING && parser.getString().equals("count");
    into.count = counts;
    into.presence = counts ? Boolean.FALSE : bool(parser, "presence", into);
  }

  /** Only a subscribe has it; in any other frame the field means nothing. */
  private void readWhere(JsonParser parser, FrameFields into) {
    String condition = slice(parser, into == nested ? 1 : 0);
    if (beyondLimit == null && !condition.equals("null")) {
      try {
        into.where = WhereReader.read(json, condition);
      } catch (WhereReader.WrongCondition e) {
        into.wrongWhere = "'where': " + e.getMessage();
      }
    }
  }

  private void readPayload(JsonParser parser, FrameFields into) {
    if (into == nested) {
      skip(parser, 1);
    } else if (parser.currentToken() == JsonToken.START_OBJECT) {
      int start = start(parser);
      readFields(parser, nested);
      own.payload = oneLine(start, after(parser));
    } else {
      own.payload = slice(parser, 0);
    }
  }

  private @Nullable String clientId(JsonParser parser, FrameFields into) {
    JsonToken token = parser.currentToken();
    String raw = slice(parser, 0);
    if (token == JsonToken.VALUE_STRING || token == JsonToken.VALUE_NUMBER_INT) {
      if (raw.length() <= MAX_ID) {
        return raw;
      }
      into.complain("'id' is at most " + MAX_ID + " characters");
    } else if (token != JsonToken.VALUE_NULL) {
      into.complain("'id' is a string");
    }
    return null;
  }

  private void readBefore(JsonParser parser, FrameFields into) {
    if (parser.currentToken() == JsonToken.VALUE_NUMBER_INT) {
      into.beforeTime = integer(parser, "before", into);
    } else if (parser.currentToken() == JsonToken.VALUE_NUMBER_FLOAT) {
      into.beforeTime = (long) Math.ceil(parser.getDoubleValue());
    } else {
      into.before = string(parser, "before", into);
    }
  }

  private @Nullable String string(JsonParser parser, String name, FrameFields into) {
    return switch (parser.currentToken()) {
      case VALUE_STRING -> parser.getString();
      case VALUE_NULL -> null;
      default -> {
        wrongType(parser, into, "'" + name + "' is a string");
        yield null;
      }
    };
  }

  private @Nullable Long integer(JsonParser parser, String name, FrameFields into) {
    return switch (parser.currentToken()) {
      case VALUE_NUMBER_INT -> {
        try {
          yield parser.getLongValue();
        } catch (InputCoercionException e) {
          wrongType(parser, into, "'" + name + "' is out of range");
          yield null;
        }
      }
      case VALUE_NULL -> null;
      default -> {
        wrongType(parser, into, "'" + name + "' is an integer");
        yield null;
      }
    };
  }

  private @Nullable Boolean bool(JsonParser parser, String name, FrameFields into) {
    return switch (parser.currentToken()) {
      case VALUE_TRUE -> Boolean.TRUE;
      case VALUE_FALSE -> Boolean.FALSE;
      case VALUE_NULL -> null;
      default -> {
        wrongType(parser, into, "'" + name + "' is true or false");
        yield null;
      }
    };
  }

  private void wrongType(JsonParser parser, FrameFields into, String complaint) {
    into.complain(complaint);
    skip(parser, 0);
  }

  /** The present value as the client wrote it, validated by passing over it. */
  private String slice(JsonParser parser, int depth) {
    int start = start(parser);
    skip(parser, depth);
    parser.finishToken();
    return oneLine(start, after(parser));
  }

  /** Passes over the present value, which lies this deep in a payload. */
  private void skip(JsonParser parser, int depth) {
    int open = 0;
    for (JsonToken token = parser.currentToken(); token != null; token = parser.nextToken()) {
      if (token.isStructStart()) {
        open++;
        if (depth + open > FrameCodec.MAX_DEPTH) {
          beyondLimit = "nested deeper than " + FrameCodec.MAX_DEPTH;
        }
      } else if (token.isStructEnd()) {
        open--;
      } else if (token == JsonToken.PROPERTY_NAME) {
        countKey();
      }
      if (open == 0) {
        return;
      }
    }
  }

  private void countKey() {
    if (++keys > MAX_KEYS) {
      beyondLimit = "more than " + MAX_KEYS + " keys";
    }
  }

  private int start(JsonParser parser) {
    return from + (int) parser.currentTokenLocation().getCharOffset();
  }

  private int after(JsonParser parser) {
    return from + (int) parser.currentLocation().getCharOffset();
  }

  /** Line breaks separate frames; in sound JSON they can only be white space between tokens. */
  private String oneLine(int start, int end) {
    return new String(text, start, end - start).replace('\n', ' ').replace('\r', ' ');
  }
}
