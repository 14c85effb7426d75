package dev.tidewire.changes.postgres;

import dev.tidewire.changes.postgres.Presences.Loaded;
import dev.tidewire.presence.PresenceState;
import java.util.Iterator;
import java.util.LinkedHashMap;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * The rooms that this node remembers: all that have members, and of the empty ones a number; beyond
 * that they are found in the tables. Not thread-safe: guarded by the mirrors' lock.
 */
final class KnownRooms {

  private static final int MAX_EMPTY = 10_000;

  private final Map<String, Mirror> mirrors = new LinkedHashMap<>();

  /**
   * Rooms in which nobody was found when somebody asked. That makes no mirror of them: somebody may
   * have come and gone whose steps are still on their way.
   */
  private final Map<String, Loaded> vacant =
      new LinkedHashMap<>() {
        @Override
        protected boolean removeEldestEntry(Map.Entry<String, Loaded> eldest) {
          return size() > MAX_EMPTY;
        }
      };

  private int empty;

  @Nullable Mirror get(String topic) {
    return mirrors.get(topic);
  }

  /**
   * Begins to mirror a room.
   *
   * @param version up to which nothing is of interest
   */
  Mirror open(String topic, long version) {
    Mirror mirror = new Mirror(topic, version, 0);
    mirrors.put(topic, mirror);
    empty++;
    return mirror;
  }

  /** Who is there, if that is known and not older than the version. */
  @Nullable PresenceState state(String topic, long version) {
    Loaded nobody = vacant.get(topic);
    if (nobody != null && nobody.version() >= version) {
      return nobody.state();
    }
    Mirror mirror = mirrors.get(topic);
    return mirror == null || mirror.version() < version ? null : mirror.state();
  }

  /** Remembers that nobody was found in a room without a mirror. */
  void foundVacant(Loaded found) {
    vacant.put(found.state().topic(), found);
  }

  /** The same, if the room is remembered so: its numbers may be others by now. */
  void foundStillVacant(Loaded found) {
    vacant.computeIfPresent(
        found.state().topic(), (t, was) -> was.version() < found.version() ? found : was);
  }

  /** A mirror has gone on. */
  void moved(String topic, Mirror mirror, boolean wasEmpty) {
    Loaded nobody = vacant.get(topic);
    if (nobody != null && nobody.version() <= mirror.version()) {
      vacant.remove(topic);
    }
    if (wasEmpty && !mirror.isEmpty()) {
      empty--;
    } else if (!wasEmpty && mirror.isEmpty()) {
      empty++;
      mirrors.remove(topic); // to the end of the line
      mirrors.put(topic, mirror);
    }
    if (empty > MAX_EMPTY) {
      for (Iterator<Mirror> each = mirrors.values().iterator(); each.hasNext(); ) {
        if (each.next().isEmpty()) {
          each.remove();
          empty--;
          return;
        }
      }
    }
  }
}
