package dev.tidewire;

import dev.tidewire.channel.Position;
import java.util.HashMap;
import java.util.Map;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * How many publications channels have per second, from their positions at two moments about a
 * second apart. Nothing is counted while nobody asks. Safe for any thread: one monitor, which
 * nothing that delivers ever takes.
 */
final class ChannelRates {

  private static final long STEP_MS = 1_000;

  /** A mean over more than this is not what happens now. */
  private static final long MAX_STEP_MS = 10_000;

  private Sample before = new Sample(Map.of(), 0);
  private Sample latest = new Sample(Map.of(), 0);

  private record Sample(Map<String, Position> positions, long at) {}

  /** Two samples. Immutable. */
  record Rates(Map<String, Position> before, Map<String, Position> latest, long milliseconds) {

    /** Publications per second, or null if that is not known. */
    @Nullable Double of(String topic) {
      Position now = latest.get(topic);
      Position then = before.get(topic);
      if (milliseconds <= 0) {
        return null;
      }
      if (now == null) {
        return 0.0;
      }
      if (then == null || !then.epoch().equals(now.epoch())) {
        return null;
      }
      return (now.offset() - then.offset()) * 1_000.0 / milliseconds;
    }
  }

  /** What is known, after a look at the channels if the last one is a second old. */
  synchronized Rates at(long now, Stream<HubChannel> channels) {
    long age = now - latest.at;
    if (age >= STEP_MS || age < 0) {
      before = age > MAX_STEP_MS || age < 0 ? new Sample(Map.of(), now) : latest;
      latest = new Sample(positions(channels), now);
    }
    return new Rates(before.positions, latest.positions, latest.at - before.at);
  }

  private static Map<String, Position> positions(Stream<HubChannel> channels) {
    Map<String, Position> positions = new HashMap<>();
    channels.forEach(
        channel -> {
          Position newest = channel.newest();
          if (newest != null) {
            positions.put(channel.topic(), newest);
          }
        });
    return positions;
  }
}
