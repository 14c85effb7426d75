package dev.tidewire.presence;

import org.jspecify.annotations.Nullable;

/**
 * One step from a presence state to the next. Immutable, safe for any thread.
 *
 * @param topic name of the channel
 * @param revision number of the state that the step leads to; one more than that of the state
 *     before
 * @param change what happened to the member
 * @param member the member afterwards; for a leave, as it last was
 * @param reason why it left, null unless {@code change} is {@code LEAVE}
 */
public record PresenceDiff(
    String topic, long revision, Change change, Member member, @Nullable Reason reason) {

  /** What happened to a member. An update is never told as a leave and a join. */
  public enum Change {
    JOIN("presence:join"),
    UPDATE("presence:update"),
    LEAVE("presence:leave");

    private final String event;

    Change(String event) {
      this.event = event;
    }

    /** The event's name on the wire. */
    public String event() {
      return event;
    }
  }

  /** Why a member left. */
  public enum Reason {
    /** It said so, or its connection was closed in order. */
    LEFT("left"),
    /** Its connection was lost, or nothing was heard from it for too long. */
    TIMEOUT("timeout"),
    /** It may not be here any more: logged out, revoked, its token expired or was refused. */
    LOGOUT("logout");

    private final String word;

    Reason(String word) {
      this.word = word;
    }

    /** The word on the wire. */
    public String word() {
      return word;
    }
  }
}
