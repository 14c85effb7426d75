package dev.tidewire.changes.postgres;

import dev.tidewire.channel.Draft;
import dev.tidewire.channel.Position;
import dev.tidewire.protocol.StoredDraft;
import java.util.Arrays;
import java.util.Base64;
import org.jspecify.annotations.Nullable;

/**
 * What the nodes say to each other by NOTIFY, a line of words: a kind, a channel's name, a place,
 * and what belongs there in base 64, unless that is too long and must be read. Immutable, safe for
 * any thread.
 *
 * @param kind {@link #PUBLISHED} or {@link #PRESENCE}
 * @param content what is at the place, null if it is to be read
 */
@SuppressWarnings("ArrayRecordComponent") // made for one reader, never compared
record Message(char kind, String topic, Position at, long stamp, byte @Nullable [] content) {

  static final char PUBLISHED = 'p';
  static final char PRESENCE = 'm';

  /** The server takes payloads of less than 8,000 bytes. */
  private static final int MAX_LENGTH = 7_900;

  private static final int WORDS = 5;

  /** Whether the content would find room. */
  boolean isWhole() {
    return content != null && room() >= content.length;
  }

  private int room() {
    return (MAX_LENGTH - head().length() - 1) / 4 * 3;
  }

  private String head() {
    return kind + " " + topic + ' ' + at + ' ' + stamp;
  }

  /** The payload; without the content if that is too long. */
  String text() {
    byte[] bytes = content;
    return bytes != null && isWhole()
        ? head() + ' ' + Base64.getEncoder().encodeToString(bytes)
        : head();
  }

  /**
   * Reads a payload.
   *
   * @throws IllegalArgumentException if it is not one of ours
   */
  static Message read(String text) {
    String[] words = text.split(" ", WORDS);
    Position at = words.length < WORDS - 1 ? null : Position.parse(words[2]);
    if (at == null || words[0].length() != 1) {
      throw new IllegalArgumentException("not a message of a node");
    }
    byte[] content = words.length < WORDS ? null : Base64.getDecoder().decode(words[4]);
    return new Message(words[0].charAt(0), words[1], at, Long.parseLong(words[3]), content);
  }

  /** A draft as it is kept. */
  static byte[] bytes(Draft draft) {
    byte[] head = StoredDraft.head(draft);
    byte[] bytes = Arrays.copyOf(head, head.length + draft.body().length);
    System.arraycopy(draft.body(), 0, bytes, head.length, draft.body().length);
    return bytes;
  }
}
