package dev.tidewire.channel;

import static java.nio.charset.StandardCharsets.ISO_8859_1;

import java.util.Arrays;
import org.jspecify.annotations.Nullable;

/**
 * One item on a channel, with its place in the stream and its frame as every subscriber gets it.
 *
 * <p>The frame is encoded once, when the broker assigns the position; delivery, recovery and
 * history share its bytes. As streams keep thousands of these, it holds nothing twice: what can be
 * read from the frame is read from it. Immutable by convention (the bytes are not copied), safe for
 * any thread.
 */
public final class Publication {

  private final String topic;
  private final Draft.Kind kind;
  private final String event;
  private final @Nullable String userId;
  private final boolean persist;
  private final @Nullable RowChange change;
  private final @Nullable String exceptSession;
  private final Position position;
  private final long timestamp;
  private final byte[] frame;
  // Of the draft's body in the frame, and of the data in the body.
  private final int bodyFrom;
  private final int bodyTo;
  private final int dataFrom;
  private final int dataTo;
  private final boolean expendable;
  private final @Nullable String key;

  Publication(
      Draft draft,
      String topic,
      String event,
      Position position,
      long timestamp,
      boolean expendable,
      @Nullable String key) {
    this.topic = topic;
    this.kind = draft.kind();
    this.event = event;
    this.userId = draft.userId();
    this.persist = draft.persist();
    this.change = draft.change();
    this.exceptSession = draft.exceptSession();
    this.position = position;
    this.timestamp = timestamp;
    this.dataFrom = draft.dataFrom();
    this.dataTo = draft.dataTo();
    this.expendable = expendable;
    this.key = key;

    byte[] body = draft.body();
    byte[] id = position.toString().getBytes(ISO_8859_1);
    String type = kind.type();
    byte[] rest = kind == Draft.Kind.RESET ? payload(event, position) : new byte[0];
    frame =
        new byte
            [7
                + id.length
                + 10
                + type.length()
                + 8
                + Timestamps.LENGTH
                + 2
                + body.length
                + rest.length];
    int at = put(frame, 0, "{\"id\":\"");
    at = put(frame, at, id);
    at = put(frame, at, "\",\"type\":\"");
    at = put(frame, at, type);
    at = put(frame, at, "\",\"ts\":\"");
    at = Timestamps.write(timestamp, frame, at);
    bodyFrom = put(frame, at, "\",");
    bodyTo = put(frame, bodyFrom, body);
    put(frame, bodyTo, rest);
  }

  /** A reset carries its own position a second time, where a client also finds that of EVICTED. */
  private static byte[] payload(String reason, Position position) {
    return (",\"payload\":{\"reason\":\"" + reason + "\",\"position\":\"" + position + "\"}}")
        .getBytes(ISO_8859_1);
  }

  @SuppressWarnings("deprecation") // the fast path for ASCII constants
  private static int put(byte[] to, int at, String ascii) {
    ascii.getBytes(0, ascii.length(), to, at);
    return at + ascii.length();
  }

  private static int put(byte[] to, int at, byte[] bytes) {
    System.arraycopy(bytes, 0, to, at, bytes.length);
    return at + bytes.length;
  }

  /**
   * The same on a channel whose slow readers may miss something: its frame names, in {@code prev},
   * the beginning of the stream, so that a client does not ask for what it did not get.
   *
   * @param mayBeMissed whether that holds for this one, too
   * @param conflationKey a newer one with the same key takes its place; null for none
   */
  public Publication among(boolean mayBeMissed, @Nullable String conflationKey) {
    Draft told = draft().after(new Position(position.epoch(), 0));
    return new Publication(told, topic, event, position, timestamp, mayBeMissed, conflationKey);
  }

  /** Whether a client that is behind may miss it. */
  public boolean isExpendable() {
    return expendable;
  }

  /** What a newer one has in common that takes its place; null if none does. */
  public @Nullable String conflationKey() {
    return key;
  }

  /** What was published, put together anew; the accessors below are cheaper. */
  public Draft draft() {
    byte[] body = Arrays.copyOfRange(frame, bodyFrom, bodyTo);
    return new Draft(
        topic, kind, event, userId, body, dataFrom, dataTo, persist, change, exceptSession);
  }

  /** Name of the channel. */
  public String topic() {
    return topic;
  }

  /** What it is. */
  public Draft.Kind kind() {
    return kind;
  }

  /** The event's name, as in {@link Draft#event}. */
  public String event() {
    return event;
  }

  /** Who published it, null for the server itself. */
  public @Nullable String userId() {
    return userId;
  }

  /** The row change, null if it is none. */
  public @Nullable RowChange change() {
    return change;
  }

  /** The session that is not sent this publication, or null. */
  public @Nullable String exceptSession() {
    return exceptSession;
  }

  /** The place in the channel. */
  public Position position() {
    return position;
  }

  /** Server time of acceptance, in milliseconds since 1970. */
  public long timestamp() {
    return timestamp;
  }

  /** The whole frame, UTF-8 JSON without a line break. Not to be modified. */
  public byte[] frame() {
    return frame;
  }

  /** The {@code data} value as JSON text; {@code null} for a reset. */
  public String dataJson() {
    return Draft.dataJson(kind, frame, bodyFrom + dataFrom, bodyFrom + dataTo);
  }

  @Override
  public String toString() {
    return topic + '@' + position;
  }
}
