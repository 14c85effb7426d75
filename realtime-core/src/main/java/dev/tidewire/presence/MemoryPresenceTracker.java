package dev.tidewire.presence;

import java.time.Clock;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.ConcurrentHashMap;
import org.jspecify.annotations.Nullable;

/**
 * Knows who is present on this JVM. Every stage it returns is complete already. Safe for any
 * thread: the map entry of a channel is its lock.
 */
public final class MemoryPresenceTracker implements PresenceTracker {

  private static final int MAX_EMPTY_CHANNELS = 10_000;

  private final ConcurrentHashMap<String, Room> rooms = new ConcurrentHashMap<>();
  private final Revisions empty = new Revisions(MAX_EMPTY_CHANNELS);
  private final Clock clock;
  private volatile @Nullable PresenceListener listener;

  /**
   * @param clock tells since when a member is present
   */
  public MemoryPresenceTracker(Clock clock) {
    this.clock = clock;
  }

  @Override
  public void start(PresenceListener listener) {
    this.listener = listener;
  }

  @Override
  public CompletionStage<Void> track(String topic, String userId, Member.Link connection) {
    rooms.compute(
        topic,
        (t, known) -> {
          Room room = known == null ? new Room(t, empty.of(t)) : known;
          tell(room.track(userId, connection, clock.millis()));
          return room;
        });
    return told(topic);
  }

  @Override
  public CompletionStage<Void> untrack(
      String topic, String userId, String connectionId, PresenceDiff.Reason reason) {
    rooms.computeIfPresent(
        topic,
        (t, room) -> {
          tell(room.untrack(userId, connectionId, reason));
          if (!room.isEmpty()) {
            return room;
          }
          empty.remember(t, room.revision());
          return null;
        });
    return told(topic);
  }

  private void tell(@Nullable PresenceDiff diff) {
    PresenceListener to = listener;
    if (diff != null && to != null) {
      to.onDiff(diff);
    }
  }

  private CompletionStage<Void> told(String topic) {
    PresenceListener to = listener;
    if (to != null) {
      to.onReady(topic);
    }
    return CompletableFuture.completedFuture(null);
  }

  @Override
  public CompletionStage<PresenceState> state(String topic) {
    PresenceState[] state = new PresenceState[1];
    rooms.compute(
        topic,
        (t, room) -> {
          state[0] = room == null ? new PresenceState(t, empty.of(t), List.of()) : room.state();
          return room;
        });
    return CompletableFuture.completedFuture(state[0]);
  }

  @Override
  public CompletionStage<Occupancy> occupancy(String topic) {
    Occupancy[] occupancy = new Occupancy[1];
    rooms.compute(
        topic,
        (t, room) -> {
          occupancy[0] =
              room == null
                  ? new Occupancy(t, empty.of(t), 0)
                  : new Occupancy(t, room.revision(), room.size());
          return room;
        });
    return CompletableFuture.completedFuture(occupancy[0]);
  }

  @Override
  public void close() {
    rooms.clear();
  }
}
