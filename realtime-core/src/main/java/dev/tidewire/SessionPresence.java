package dev.tidewire;

import dev.tidewire.presence.Member;
import dev.tidewire.presence.PresenceDiff;
import dev.tidewire.presence.PresenceTracker;
import dev.tidewire.protocol.Reply;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Where one session is present. Not thread-safe: guarded by the session's lock, except that the
 * tracker's answers come later.
 */
final class SessionPresence {

  private static final Logger log = LoggerFactory.getLogger(SessionPresence.class);

  private static final String FAILURE = "the presence tracker failed";

  private final PresenceTracker tracker;
  private final Absences absences;
  private final String connection;
  private final Map<String, Member.Link> tracked = new LinkedHashMap<>();
  private Member.Status status = Member.Status.ONLINE;

  SessionPresence(PresenceTracker tracker, Absences absences, String connection) {
    this.tracker = tracker;
    this.absences = absences;
    this.connection = connection;
  }

  boolean isTracked(String topic) {
    return tracked.containsKey(topic);
  }

  int count() {
    return tracked.size();
  }

  CompletionStage<Void> track(String topic, String userId, String data) {
    Member.Link link = new Member.Link(connection, data, status);
    boolean isNew = tracked.put(topic, link) == null;
    CompletionStage<Void> done = Backend.call(FAILURE, () -> tracker.track(topic, userId, link));
    if (!isNew || !absences.areKept()) {
      return done;
    }
    return done.whenComplete(
        (nothing, failure) -> {
          if (failure == null) {
            absences.end(userId, topic);
          }
        });
  }

  CompletionStage<Void> untrack(String topic, String userId) {
    return tracked.remove(topic) == null
        ? CompletableFuture.completedFuture(null)
        : Backend.call(
            FAILURE, () -> tracker.untrack(topic, userId, connection, PresenceDiff.Reason.LEFT));
  }

  void setStatus(String userId, Member.Status newStatus) {
    if (newStatus == status) {
      return;
    }
    status = newStatus;
    tracked.replaceAll(
        (topic, link) -> {
          Member.Link changed = new Member.Link(connection, link.data(), newStatus);
          report(topic, Backend.call(FAILURE, () -> tracker.track(topic, userId, changed)));
          return changed;
        });
  }

  /** Leaves where the client may not be seen any more, and tells it. */
  void recheck(Identity who, AccessControl access, ClientSession session) {
    for (String topic : List.copyOf(tracked.keySet())) {
      Reply.Failure refusal = access.refusal(who, topic, AccessPolicy.Action.PRESENCE_WRITE);
      if (refusal != null) {
        tracked.remove(topic);
        leave(tracker, topic, who.userId(), connection, PresenceDiff.Reason.LOGOUT);
        session.reply(refusal.on(topic), null);
      }
    }
  }

  /**
   * The session ended: it is present nowhere any more, at once or when the grace window is over.
   *
   * @param mayReturn whether it was lost rather than closed
   */
  void leaveAll(Standing who, PresenceDiff.Reason reason, boolean mayReturn, long now) {
    if (mayReturn && absences.areKept() && !tracked.isEmpty()) {
      absences.begin(connection, who, tracked.keySet(), reason, now);
    } else {
      tracked
          .keySet()
          .forEach(topic -> leave(tracker, topic, who.identity().userId(), connection, reason));
    }
    tracked.clear();
  }

  /** Takes a connection out of a channel; trouble is logged. */
  static void leave(
      PresenceTracker tracker,
      String topic,
      String userId,
      String connection,
      PresenceDiff.Reason reason) {
    report(topic, Backend.call(FAILURE, () -> tracker.untrack(topic, userId, connection, reason)));
  }

  private static void report(String topic, CompletionStage<Void> done) {
    done.whenComplete(
        (nothing, failure) -> {
          if (failure != null) {
            log.atWarn()
                .addKeyValue("channel", topic)
                .setCause(failure)
                .log("Presence of channel {} could not be changed", topic);
          }
        });
  }
}
