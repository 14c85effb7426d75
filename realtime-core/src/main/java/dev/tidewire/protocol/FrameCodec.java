package dev.tidewire.protocol;

import static java.nio.charset.StandardCharsets.UTF_8;

import dev.tidewire.channel.Draft;
import dev.tidewire.channel.RowChange;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;
import tools.jackson.core.StreamReadConstraints;
import tools.jackson.core.TokenStreamFactory;
import tools.jackson.core.json.JsonFactory;

/**
 * Turns text into commands, and what the server says into text. Payloads pass through as they came:
 * validated once here, never parsed again on their way out. Immutable, safe for any thread.
 */
public final class FrameCodec {

  /** Deepest nesting of a payload. */
  public static final int MAX_DEPTH = 32;

  private static final int MAX_NUMBER_DIGITS = 100;

  /** Above the payload's, so that a frame that is too deep can still be read to its end. */
  private static final int MAX_PARSED_DEPTH = 10 * MAX_DEPTH;

  private final JsonFactory json;
  private final JsonValues values;
  private final FrameWriter writer;
  private final int maxCommands;

  /**
   * @param frameIds makes the ids of frames that stand in no stream
   * @param maxCommands frames that one message may carry; what comes after them is refused as one
   */
  public FrameCodec(FrameIds frameIds, int maxCommands) {
    // A table of property names would remember what strangers send.
    this.json =
        JsonFactory.builder()
            .disable(TokenStreamFactory.Feature.CANONICALIZE_PROPERTY_NAMES)
            .streamReadConstraints(
                StreamReadConstraints.builder()
                    .maxNestingDepth(MAX_PARSED_DEPTH)
                    .maxNumberLength(MAX_NUMBER_DIGITS)
                    .build())
            .build();
    this.values = new JsonValues();
    this.writer = new FrameWriter(json, frameIds);
    this.maxCommands = maxCommands;
  }

  /**
   * Decodes a text message: one or more frames, separated by white space. There is at least one
   * answer, whatever the text.
   */
  public List<Inbound> decode(String message) {
    char[] text = message.toCharArray();
    List<Inbound> frames = new ArrayList<>(1);
    int at = skipSpace(text, 0);
    if (at == text.length) {
      frames.add(
          new Inbound.Refused(null, ErrorCode.BAD_REQUEST, "a frame is a JSON object", true));
    }
    while (at < text.length) {
      if (frames.size() == maxCommands) {
        frames.add(
            new Inbound.Refused(
                null,
                ErrorCode.LIMIT_EXCEEDED,
                "more than " + maxCommands + " frames in one message",
                false));
        return frames;
      }
      FrameReader reader = new FrameReader(json, text, at);
      frames.add(reader.read(null));
      at = reader.isBroken() ? nextFrame(text, at) : skipSpace(text, reader.end());
    }
    return frames;
  }

  /** Decodes one frame that is known to be of {@code type} and need not say so. */
  public Inbound decodeAs(String type, String message) {
    char[] text = message.toCharArray();
    FrameReader reader = new FrameReader(json, text, 0);
    Inbound frame = reader.read(type);
    if (skipSpace(text, reader.end()) < text.length) {
      return new Inbound.Refused(
          frame.id(), ErrorCode.BAD_REQUEST, "something follows the JSON object", true);
    }
    return frame;
  }

  /**
   * After a frame that cannot be read, the next line that begins with a brace is the next chance:
   * any other line may be the inside of the broken frame, and its payload must not turn into
   * commands.
   */
  private static int nextFrame(char[] text, int from) {
    for (int at = from + 1; at < text.length; at++) {
      if (text[at] == '{' && text[at - 1] == '\n') {
        return at;
      }
    }
    return text.length;
  }

  private static int skipSpace(char[] text, int from) {
    int at = from;
    while (at < text.length
        && (text[at] == ' ' || text[at] == '\n' || text[at] == '\r' || text[at] == '\t')) {
      at++;
    }
    return at;
  }

  /** The frame of an answer to the command with the given id (raw JSON). */
  public String encode(Reply reply, @Nullable String commandId, long now) {
    return writer.reply(reply, commandId, now);
  }

  /** The frame of a push. */
  public String encode(Push push, long now) {
    return writer.push(push, now);
  }

  /** The payload of an acknowledgement alone, as HTTP answers carry it. */
  public String encodePayload(Reply.Ack ack) {
    return writer.payload(ack);
  }

  /**
   * The JSON of any Java value, on one line: a map, a record, a bean, a JSON tree.
   *
   * @throws IllegalArgumentException if it cannot become JSON
   */
  public String toJson(@Nullable Object value) {
    return values.write(value);
  }

  /**
   * Reads JSON into a Java type.
   *
   * @throws IllegalArgumentException if the JSON has another shape, or is {@code null}
   */
  public <T> T fromJson(String text, Class<T> type) {
    return values.read(text, type);
  }

  /**
   * The presence state as members see it: the client's object, in which only {@code userId} is
   * ours.
   *
   * @return null if {@code state} is not a JSON object
   */
  public @Nullable String presenceData(String state, String userId) {
    return values.withUserId(state, userId);
  }

  /** Encodes an event; {@code data} is JSON text without line breaks. */
  public Draft event(
      String topic,
      String event,
      String data,
      @Nullable String userId,
      boolean persist,
      @Nullable String exceptSession) {
    StringBuilder head = new StringBuilder(64).append("\"topic\":");
    values.quote(topic, head).append(",\"event\":");
    values.quote(event, head);
    if (userId != null) {
      values.quote(userId, head.append(",\"userId\":"));
    }
    byte[] prefix = head.append(",\"data\":").toString().getBytes(UTF_8);
    byte[] payload = data.getBytes(UTF_8);
    byte[] body = join(prefix, payload, new byte[] {'}'});
    return new Draft(
        topic,
        Draft.Kind.EVENT,
        event,
        userId,
        body,
        prefix.length,
        prefix.length + payload.length,
        persist,
        null,
        exceptSession);
  }

  /** Encodes a row change. */
  public Draft change(RowChange change) {
    StringBuilder head = new StringBuilder(64).append("\"topic\":");
    values
        .quote(change.topic(), head)
        .append(",\"operation\":\"")
        .append(change.operation())
        .append("\",\"data\":");
    byte[] prefix = head.toString().getBytes(UTF_8);
    byte[] row = values.write(change.row()).getBytes(UTF_8);
    StringBuilder rest = new StringBuilder(64);
    if (change.old() != null) {
      // A deleted row stands in both places; it is encoded once.
      rest.append(",\"old\":")
          .append(
              change.old() == change.row() ? new String(row, UTF_8) : values.write(change.old()));
    }
    field(rest, "userId", change.userId());
    field(rest, "tx", change.transaction());
    field(rest, "cause", change.cause());
    byte[] body = join(prefix, row, rest.append('}').toString().getBytes(UTF_8));
    return new Draft(
        change.topic(),
        Draft.Kind.CHANGE,
        change.operation().name(),
        change.userId(),
        body,
        prefix.length,
        prefix.length + row.length,
        false,
        change,
        null);
  }

  /**
   * Reads back what {@link #change} encoded, for brokers that keep bytes only.
   *
   * @param body as in {@link Draft#body}
   * @throws IllegalArgumentException if it is no row change
   */
  public RowChange readChange(byte[] body) {
    return values.readChange('{' + new String(body, UTF_8));
  }

  /** Encodes "something changed in this table that cannot be told row by row". */
  public Draft reset(String topic, String reason) {
    byte[] body = values.quote(topic, new StringBuilder("\"topic\":")).toString().getBytes(UTF_8);
    return new Draft(topic, Draft.Kind.RESET, reason, null, body, 0, 0, false, null, null);
  }

  private void field(StringBuilder to, String name, @Nullable String value) {
    if (value != null) {
      values.quote(value, to.append(",\"").append(name).append("\":"));
    }
  }

  private static byte[] join(byte[] a, byte[] b, byte[] c) {
    byte[] joined = new byte[a.length + b.length + c.length];
    System.arraycopy(a, 0, joined, 0, a.length);
    System.arraycopy(b, 0, joined, a.length, b.length);
    System.arraycopy(c, 0, joined, a.length + b.length, c.length);
    return joined;
  }
}
