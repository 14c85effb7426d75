package dev.tidewire.presence;

import java.time.Clock;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicLong;
import org.jspecify.annotations.Nullable;

/**
 * Knows who is present on this JVM. Every stage it returns is complete already. Safe for any
 * thread: the map entry of a channel is its lock.
 */
public final class MemoryPresenceTracker implements PresenceTracker {

  private final ConcurrentHashMap<String, Room> rooms = new ConcurrentHashMap<>();
  // A channel that was empty and forgotten starts again above every revision it ever had.
  private final AtomicLong highestForgotten = new AtomicLong();
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
          Room room = known == null ? new Room(t, highestForgotten.get()) : known;
          tell(room.track(userId, connection, clock.millis()));
          return room;
        });
    return CompletableFuture.completedFuture(null);
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
          highestForgotten.accumulateAndGet(room.revision(), Math::max);
          return null;
        });
    return CompletableFuture.completedFuture(null);
  }

  private void tell(@Nullable PresenceDiff diff) {
    PresenceListener to = listener;
    if (diff != null && to != null) {
      to.onDiff(diff);
    }
  }

  @Override
  public CompletionStage<PresenceState> state(String topic) {
    PresenceState[] state = {new PresenceState(topic, highestForgotten.get(), List.of())};
    rooms.computeIfPresent(
        topic,
        (t, room) -> {
          state[0] = room.state();
          return room;
        });
    return CompletableFuture.completedFuture(state[0]);
  }

  @Override
  public void close() {
    rooms.clear();
  }
}
