package dev.tidewire;

import dev.tidewire.channel.Cursor;
import dev.tidewire.channel.Position;
import dev.tidewire.protocol.ErrorCode;
import dev.tidewire.protocol.Topics;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * What a stream of server-sent events, or a poll, is to tell of. Immutable, safe for any thread.
 *
 * @param topics names of channels, each once
 * @param cursor how far the client has read, or null to begin with what comes
 * @param presence whether presence is wanted too; null for wherever the access policy allows it
 */
public record StreamRequest(
    List<String> topics, @Nullable Cursor cursor, @Nullable Boolean presence) {

  /**
   * Checks the form.
   *
   * @throws Rejection without topics, if one is none, or if their cursor would be too long
   */
  public StreamRequest {
    topics = topics.stream().distinct().toList();
    if (topics.isEmpty() || !topics.stream().allMatch(Topics::isTopic)) {
      throw new Rejection(
          ErrorCode.BAD_REQUEST, "'topic' is needed: 1 to 255 letters, digits and / : . _ - @");
    }
    if (topics.stream().mapToInt(Cursor::maxLength).sum() > Cursor.MAX_LENGTH) {
      throw new Rejection(ErrorCode.LIMIT_EXCEEDED, "too many topics, or too long, for one cursor");
    }
  }

  /** Where to go on in a channel, or null to begin with what comes. */
  @Nullable Position since(String topic) {
    return cursor == null ? null : cursor.of(topic);
  }
}
