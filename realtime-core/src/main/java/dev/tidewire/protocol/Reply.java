package dev.tidewire.protocol;

import dev.tidewire.channel.Position;
import dev.tidewire.channel.Publication;
import dev.tidewire.history.HistoryMessage;
import dev.tidewire.presence.Occupancy;
import dev.tidewire.presence.PresenceState;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** The one answer to a command that has an id. Immutable, safe for any thread. */
public sealed interface Reply {

  /** Accepted; what the payload carries depends on the command. */
  sealed interface Ack extends Reply {}

  /** Done, nothing to add. */
  record Done() implements Ack {}

  /** The identity is settled. */
  record Authenticated(String userId) implements Ack {}

  /**
   * A subscription stands.
   *
   * @param position everything after it will be delivered
   * @param recovered whether nothing was missed since the asked position; null if none was asked
   * @param missed what was missed, oldest first
   * @param rows the rows as they are at the position, a JSON array; null if they were not asked for
   *     or not needed
   */
  record Subscribed(
      String topic,
      Position position,
      @Nullable Boolean recovered,
      List<Publication> missed,
      @Nullable String rows)
      implements Ack {

    /** Without rows. */
    public Subscribed(
        String topic, Position position, @Nullable Boolean recovered, List<Publication> missed) {
      this(topic, position, recovered, missed, null);
    }
  }

  /**
   * A publication was accepted.
   *
   * @param repeated whether its key was known
   * @param previous nothing between it and the position need be asked for, where the publisher
   *     counts it as read; null for what stands directly before it
   */
  record Published(
      String topic,
      Position position,
      long timestamp,
      boolean repeated,
      @Nullable Position previous)
      implements Ack {

    /** On a channel whose readers get everything. */
    public Published(String topic, Position position, long timestamp, boolean repeated) {
      this(topic, position, timestamp, repeated, null);
    }
  }

  /** A page of history, oldest first. */
  record HistoryPage(String topic, List<HistoryMessage> messages) implements Ack {}

  /**
   * The members of a channel.
   *
   * @param limit at most so many are told
   */
  record MemberList(PresenceState state, int limit) implements Ack {}

  /** How many members a channel has. */
  record MemberCount(Occupancy occupancy) implements Ack {}

  /** The answer of an application's handler, as JSON text. */
  record Answer(String json) implements Ack {}

  /**
   * Refused.
   *
   * @param code an {@link ErrorCode}'s name, or the application's own word in lower case
   * @param status the matching HTTP status
   * @param retryAfterMs when the same request may succeed, null if not known
   * @param topic the channel where something ended that no command asked to end, or null
   */
  record Failure(
      String code,
      int status,
      String message,
      boolean temporary,
      @Nullable Long retryAfterMs,
      @Nullable String topic)
      implements Reply {

    /** The answer to a command. */
    public Failure(
        String code, int status, String message, boolean temporary, @Nullable Long retryAfterMs) {
      this(code, status, message, temporary, retryAfterMs, null);
    }

    /** The same, told of a channel unasked. */
    public Failure on(String channel) {
      return new Failure(code, status, message, temporary, retryAfterMs, channel);
    }

    /** A failure of the bus itself. */
    public static Failure of(ErrorCode code, String message) {
      return new Failure(code.name(), code.httpStatus(), message, code.temporary(), null);
    }
  }
}
