package dev.tidewire.history;

import dev.tidewire.channel.Position;
import org.jspecify.annotations.Nullable;

/**
 * Asks for one page of a channel's history. Immutable, safe for any thread.
 *
 * @param topic name of the channel
 * @param limit messages at most, 1 or more
 * @param beforePosition only messages older than the one at this place; null for no such bound
 * @param beforeTime only messages created before this time, milliseconds since 1970; null for no
 *     such bound
 */
public record HistoryQuery(
    String topic, int limit, @Nullable Position beforePosition, @Nullable Long beforeTime) {

  public HistoryQuery {
    if (limit < 1) {
      throw new IllegalArgumentException("limit must be 1 or more: " + limit);
    }
  }

  /** The newest {@code limit} messages. */
  public static HistoryQuery latest(String topic, int limit) {
    return new HistoryQuery(topic, limit, null, null);
  }

  /** The same, but only messages older than the one at {@code position}. */
  public HistoryQuery before(Position position) {
    return new HistoryQuery(topic, limit, position, beforeTime);
  }

  /** The same, but only messages created before {@code millis} since 1970. */
  public HistoryQuery before(long millis) {
    return new HistoryQuery(topic, limit, beforePosition, millis);
  }
}
