package dev.tidewire.channel;

import static java.nio.charset.StandardCharsets.ISO_8859_1;

/**
 * One item on a channel, with its place in the stream and its frame as every subscriber gets it.
 *
 * <p>The frame is encoded once, when the broker assigns the position; delivery, recovery and
 * history share its bytes. Immutable by convention (the bytes are not copied), safe for any thread.
 */
public final class Publication {

  private final Draft draft;
  private final Position position;
  private final long timestamp;
  private final byte[] frame;

  private Publication(Draft draft, Position position, long timestamp, byte[] frame) {
    this.draft = draft;
    this.position = position;
    this.timestamp = timestamp;
    this.frame = frame;
  }

  static Publication of(Draft draft, Position position, long timestamp) {
    byte[] id = position.toString().getBytes(ISO_8859_1);
    byte[] type = draft.kind().type().getBytes(ISO_8859_1);
    // A reset carries its own position a second time, where a client also finds that of EVICTED.
    byte[] tail =
        draft.kind() == Draft.Kind.RESET
            ? (",\"payload\":{\"reason\":\""
                    + draft.event()
                    + "\",\"position\":\""
                    + position
                    + "\"}}")
                .getBytes(ISO_8859_1)
            : new byte[0];
    byte[] frame =
        new byte
            [7
                + id.length
                + 10
                + type.length
                + 8
                + Timestamps.LENGTH
                + 2
                + draft.body().length
                + tail.length];
    int at = put(frame, 0, "{\"id\":\"");
    at = put(frame, at, id);
    at = put(frame, at, "\",\"type\":\"");
    at = put(frame, at, type);
    at = put(frame, at, "\",\"ts\":\"");
    at = Timestamps.write(timestamp, frame, at);
    at = put(frame, at, "\",");
    at = put(frame, at, draft.body());
    put(frame, at, tail);
    return new Publication(draft, position, timestamp, frame);
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

  /** What was published. */
  public Draft draft() {
    return draft;
  }

  /** Name of the channel. */
  public String topic() {
    return draft.topic();
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
    return draft.dataJson();
  }

  @Override
  public String toString() {
    return topic() + '@' + position;
  }
}
