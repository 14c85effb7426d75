package dev.tidewire;

import dev.tidewire.presence.Member;
import dev.tidewire.presence.PresenceDiff;
import dev.tidewire.presence.PresenceTracker;
import java.util.LinkedHashMap;
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
  private final String connection;
  private final Map<String, Member.Link> tracked = new LinkedHashMap<>();
  private Member.Status status = Member.Status.ONLINE;

  SessionPresence(PresenceTracker tracker, String connection) {
    this.tracker = tracker;
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
    tracked.put(topic, link);
    return Backend.call(FAILURE, () -> tracker.track(topic, userId, link));
  }

  CompletionStage<Void> untrack(String topic, String userId) {
    return tracked.remove(topic) == null
        ? CompletableFuture.completedFuture(null)
        : leave(topic, userId, PresenceDiff.Reason.LEFT);
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

  /** The session ended: it is present nowhere any more. */
  void leaveAll(String userId, PresenceDiff.Reason reason) {
    tracked.keySet().forEach(topic -> report(topic, leave(topic, userId, reason)));
    tracked.clear();
  }

  private CompletionStage<Void> leave(String topic, String userId, PresenceDiff.Reason reason) {
    return Backend.call(FAILURE, () -> tracker.untrack(topic, userId, connection, reason));
  }

  private static void report(String topic, CompletionStage<Void> done) {
    done.whenComplete(
        (nothing, failure) -> {
          if (failure != null) {
            log.warn("Presence of channel {} could not be changed", topic, failure);
          }
        });
  }
}
