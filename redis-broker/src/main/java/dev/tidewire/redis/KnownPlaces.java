package dev.tidewire.redis;

import dev.tidewire.channel.Position;
import java.util.concurrent.ConcurrentHashMap;
import org.jspecify.annotations.Nullable;

/**
 * Up to where this node knows each of its channels, with the time stamp of what is there. A Redis
 * that lost the end of a stream (a replica that took over, a log that was not on the disk) gives
 * its offsets out again; the stamps tell the new ones from those that were lost, however far the
 * stream has come meanwhile. Safe for any thread.
 */
final class KnownPlaces {

  /**
   * The end of a stream.
   *
   * @param retained publications that are kept
   */
  record Place(Position position, long stamp, int retained) {

    private boolean isAfter(Place other) {
      return !position.epoch().equals(other.position.epoch())
          || position.offset() >= other.position.offset();
    }
  }

  private static final Place NOWHERE = new Place(new Position("0", 0), 0, -1);

  private final ConcurrentHashMap<String, Place> places = new ConcurrentHashMap<>();

  void follow(String topic) {
    places.put(topic, NOWHERE);
  }

  void forget(String topic) {
    places.remove(topic);
  }

  /** What the scripts are to compare with; null if nothing is known of that position's stream. */
  @Nullable Place at(String topic, @Nullable Position known) {
    Place place = places.get(topic);
    boolean isKnown =
        place != null
            && known != null
            && place.position.epoch().equals(known.epoch())
            && place.position.offset() >= known.offset();
    return isKnown ? place : null;
  }

  /** A script that compared what was known tells the end of the stream. */
  void confirmed(String topic, Place end) {
    places.computeIfPresent(topic, (t, known) -> end.isAfter(known) ? end : known);
  }

  /**
   * A message tells of the next publication.
   *
   * @param before the stamp of the publication before it
   * @return false if it contradicts what is known, so that Redis is to be asked
   */
  boolean told(String topic, Place next, long before) {
    boolean[] fits = {true};
    places.computeIfPresent(
        topic,
        (t, known) -> {
          if (!next.position.epoch().equals(known.position.epoch())) {
            return known; // that is asked about anyhow
          }
          long step = next.position.offset() - known.position.offset();
          fits[0] = step <= 0 ? next.stamp <= known.stamp : step > 1 || before == known.stamp;
          return step == 1 && fits[0] ? next : known;
        });
    return fits[0];
  }

  /**
   * Publications that are kept, as far as this node has heard; negative if it does not follow it.
   */
  int retained(String topic) {
    Place place = places.get(topic);
    return place == null ? -1 : place.retained;
  }
}
