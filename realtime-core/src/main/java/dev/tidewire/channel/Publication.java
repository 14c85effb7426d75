package dev.tidewire.channel;

import static java.nio.charset.StandardCharsets.ISO_8859_1;

import org.jspecify.annotations.Nullable;

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
  private final boolean expendable;
  private final @Nullable String key;

  private Publication(
      Draft draft,
      Position position,
      long timestamp,
      byte[] frame,
      boolean expendable,
      @Nullable String key) {
    this.draft = draft;
    this.position = position;
    this.timestamp = timestamp;
    this.frame = frame;
    this.expendable = expendable;
    this.key = key;
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
    return new Publication(draft, position, timestamp, frame, false, null);
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
    Publication told = of(draft.after(new Position(position.epoch(), 0)), position, timestamp);
    return new Publication(told.draft, position, timestamp, told.frame, mayBeMissed, conflationKey);
  }

  /** Whether a client that is behind may miss it. */
  public boolean isExpendable() {
    return expendable;
  }

  /** What a newer one has in common that takes its place; null if none does. */
  public @Nullable String conflationKey() {
    return key;
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
