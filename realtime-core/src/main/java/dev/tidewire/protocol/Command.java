package dev.tidewire.protocol;

import dev.tidewire.channel.Position;
import dev.tidewire.presence.Member;
import dev.tidewire.rows.Where;
import org.jspecify.annotations.Nullable;

/**
 * A frame from a client, decoded and checked in form. Immutable, safe for any thread.
 *
 * <p>{@code id} is the client's own id as raw JSON (a string or a number), echoed as {@code
 * messageId}; null if the client wants no answer.
 */
public sealed interface Command extends Inbound {

  /** First frame where no cookie or container login settled the identity; later a refresh. */
  record Auth(@Nullable String id, String token) implements Command {}

  /**
   * Starts, changes or resumes a subscription.
   *
   * @param since the last position the client has, or null
   * @param presence whether presence frames are wanted; null if the client did not say
   * @param where which rows of a table channel are wanted; null for all
   * @param snapshot whether the rows of a table channel are wanted, too, where what was missed
   *     cannot be told one by one
   * @param count whether, in the place of presence frames, the number of members is wanted
   */
  record Subscribe(
      @Nullable String id,
      String topic,
      @Nullable Position since,
      @Nullable Boolean presence,
      @Nullable Where where,
      boolean snapshot,
      boolean count)
      implements Command {

    /** With or without presence frames. */
    public Subscribe(
        @Nullable String id,
        String topic,
        @Nullable Position since,
        @Nullable Boolean presence,
        @Nullable Where where,
        boolean snapshot) {
      this(id, topic, since, presence, where, snapshot, false);
    }

    /** Of a channel as a whole. */
    public Subscribe(
        @Nullable String id, String topic, @Nullable Position since, @Nullable Boolean presence) {
      this(id, topic, since, presence, null, false);
    }
  }

  /** Ends a subscription. */
  record Unsubscribe(@Nullable String id, String topic) implements Command {}

  /**
   * Publishes an event.
   *
   * @param data the payload as JSON text without line breaks
   * @param persist whether it also goes to the history
   * @param key idempotency key, or null
   * @param echo whether the publisher itself gets a copy
   */
  record Publish(
      @Nullable String id,
      String topic,
      String event,
      String data,
      boolean persist,
      @Nullable String key,
      boolean echo)
      implements Command {}

  /**
   * Announces or updates presence.
   *
   * @param data the state, a JSON object without its {@code userId}
   */
  record Track(@Nullable String id, String topic, String data) implements Command {}

  /** Withdraws presence. */
  record Untrack(@Nullable String id, String topic) implements Command {}

  /** Tells whether somebody is at the keyboard, for all channels this session tracks. */
  record SetStatus(@Nullable String id, Member.Status status) implements Command {}

  /**
   * Asks for a page of history.
   *
   * @param limit messages at most, null for the default
   */
  record History(
      @Nullable String id,
      String topic,
      @Nullable Long limit,
      @Nullable Position before,
      @Nullable Long beforeTime)
      implements Command {}

  /** Asks for the members of a channel. */
  record Members(@Nullable String id, String topic) implements Command {}

  /** Asks how many members a channel has. */
  record Count(@Nullable String id, String topic) implements Command {}

  /**
   * Replays what came after a message, as ordinary frames.
   *
   * @param topic null if the channel is to be found by the position's epoch
   */
  record Sync(@Nullable String id, @Nullable String topic, Position after) implements Command {}

  /** A request to a handler of the application. */
  record Call(@Nullable String id, String method, String data) implements Command {}

  /** A sign of life that wants a pong. */
  record Ping(@Nullable String id) implements Command {}

  /** Whether the frame changes what a client is told of. */
  static boolean isSubscription(Inbound frame) {
    return frame instanceof Subscribe || frame instanceof Unsubscribe || frame instanceof Sync;
  }

  /** The client's id as raw JSON, or null. */
  @Override
  @Nullable String id();
}
