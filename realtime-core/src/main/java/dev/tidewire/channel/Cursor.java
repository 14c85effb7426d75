package dev.tidewire.channel;

import java.util.HashMap;
import java.util.Map;
import java.util.SortedMap;
import org.jspecify.annotations.Nullable;

/**
 * How far a client has read in several channels: the one value by which a stream of server-sent
 * events or a poll is resumed. Written {@code <topic>=<position>}, joined by {@code ~} in the order
 * of the topics; every character may stand in a URL's query, a header and an entity tag.
 *
 * <p>Immutable, safe for any thread.
 */
public final class Cursor {

  /** Longest text that is read; what is longer tells no position. */
  public static final int MAX_LENGTH = 8_192;

  private static final char BETWEEN = '~';
  private static final char EQUALS = '=';

  /** No stream has this name, so whoever comes from there is told to load again. */
  private static final Position NOWHERE = new Position("nowhere", 0);

  private final Map<String, Position> positions;

  private Cursor(Map<String, Position> positions) {
    this.positions = positions;
  }

  /** Reads the text form. What cannot be read, or is there twice, is a position in no stream. */
  public static Cursor parse(String text) {
    Map<String, Position> positions = new HashMap<>();
    int at = text.length() > MAX_LENGTH ? text.length() : 0;
    while (at < text.length()) {
      int end = text.indexOf(BETWEEN, at);
      end = end < 0 ? text.length() : end;
      int equals = text.lastIndexOf(EQUALS, end - 1);
      if (equals > at) {
        Position position = Position.parse(text.substring(equals + 1, end));
        positions.merge(
            text.substring(at, equals),
            position == null ? NOWHERE : position,
            (first, second) -> NOWHERE);
      }
      at = end + 1;
    }
    return new Cursor(positions);
  }

  /** The text form of these positions, written as {@link Position#toString} does; never empty. */
  public static String format(SortedMap<String, String> positions) {
    if (positions.isEmpty()) {
      return Character.toString(BETWEEN);
    }
    StringBuilder text = new StringBuilder(32 * positions.size());
    for (Map.Entry<String, String> entry : positions.entrySet()) {
      if (!text.isEmpty()) {
        text.append(BETWEEN);
      }
      text.append(entry.getKey()).append(EQUALS).append(entry.getValue());
    }
    return text.toString();
  }

  /** Bytes that a channel of this name takes in the text form, at most. */
  public static int maxLength(String topic) {
    return topic.length() + Position.MAX_LENGTH + 2;
  }

  /**
   * Where to go on in the channel. Of a channel that the cursor does not name nobody knows what was
   * missed, so that is a position in no stream: a read from there is refused as one of another
   * epoch.
   */
  public Position of(String topic) {
    Position known = positions.get(topic);
    return known == null ? NOWHERE : known;
  }

  /** The position in the channel as text, or null if the cursor does not tell one. */
  public @Nullable String textOf(String topic) {
    Position known = positions.get(topic);
    return known == null || known.equals(NOWHERE) ? null : known.toString();
  }
}
