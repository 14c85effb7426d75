package dev.tidewire.channel;

import static java.nio.charset.StandardCharsets.UTF_8;

import java.util.Arrays;
import org.jspecify.annotations.Nullable;

/**
 * A publication before the broker gave it a place: everything encoded but position and time.
 *
 * <p>Immutable by convention (the bytes are not copied), safe for any thread.
 *
 * @param topic name of the channel
 * @param kind what it is
 * @param event the event's name; for a row change the operation's name; for a reset its reason
 * @param userId who published it, null for the server itself
 * @param body UTF-8 JSON of the frame from {@code "topic"} to the end, without the opening brace
 *     and the fields that the broker's answer fills in
 * @param dataFrom first byte of the {@code data} value in {@code body}
 * @param dataTo the byte after it
 * @param persist whether it also goes to the history
 * @param change the row change itself, so that subscribers in this JVM need not decode it
 * @param exceptSession the session that is not sent this publication (its own, published with
 *     {@code echo:false}), or null
 */
@SuppressWarnings("ArrayRecordComponent") // shared, never copied: see above
public record Draft(
    String topic,
    Kind kind,
    String event,
    @Nullable String userId,
    byte[] body,
    int dataFrom,
    int dataTo,
    boolean persist,
    @Nullable RowChange change,
    @Nullable String exceptSession) {

  /** What a publication is; decides the {@code type} of its frame. */
  public enum Kind {
    /** An event of a custom channel. */
    EVENT("event"),
    /** A row change of a table channel. */
    CHANGE("db_change"),
    /** "Something changed that cannot be told row by row: load again." */
    RESET("reset");

    private final String type;

    Kind(String type) {
      this.type = type;
    }

    /** The {@code type} field of the frame. */
    public String type() {
      return type;
    }
  }

  /** The {@code data} value as JSON text; {@code null} for a reset. */
  public String dataJson() {
    return dataJson(kind, body, dataFrom, dataTo);
  }

  static String dataJson(Kind kind, byte[] bytes, int from, int to) {
    return kind == Kind.RESET ? "null" : new String(bytes, from, to - from, UTF_8);
  }

  /**
   * The same, telling in {@code prev} which publication came before it for those who get it; for
   * subscribers who are not meant to get every publication.
   */
  public Draft after(Position previous) {
    byte[] prev = (",\"prev\":\"" + previous + '"').getBytes(UTF_8);
    int end = kind == Kind.RESET ? body.length : body.length - 1; // before the closing brace
    byte[] longer = Arrays.copyOf(body, body.length + prev.length);
    System.arraycopy(prev, 0, longer, end, prev.length);
    System.arraycopy(body, end, longer, end + prev.length, body.length - end);
    return new Draft(
        topic, kind, event, userId, longer, dataFrom, dataTo, persist, change, exceptSession);
  }

  /** Gives the draft its place in the channel. */
  public Publication at(Position position, long timestamp) {
    return at(position, timestamp, topic, event);
  }

  /**
   * The same, for who keeps many publications and their names once.
   *
   * @param sameTopic equals the topic
   * @param sameEvent equals the event
   */
  public Publication at(Position position, long timestamp, String sameTopic, String sameEvent) {
    return new Publication(this, sameTopic, sameEvent, position, timestamp, false, null);
  }
}
