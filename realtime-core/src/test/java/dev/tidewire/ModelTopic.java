package dev.tidewire;

import static org.assertj.core.api.Assertions.assertThat;

import dev.tidewire.broker.Tail.Outcome;
import dev.tidewire.channel.ChannelOptions;
import dev.tidewire.channel.Position;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * What a channel is to be, in the simplest words: a list of publications in each of its lives, and
 * a rule which of them are kept. Not thread-safe.
 */
final class ModelTopic {

  static final Duration IDLE = Duration.ofMinutes(10);
  private static final long KEY_MEMORY_MS = Duration.ofMinutes(5).toMillis();

  /**
   * A publication.
   *
   * @param except the link whose client is not to get a copy, or null
   */
  record Entry(Position at, String data, long time, @Nullable Object except) {}

  /** What a reader is to be answered. */
  record Answer(Position position, Outcome outcome, List<Entry> missed) {}

  private record Life(String epoch, List<Entry> log) {}

  private final String name;
  private final ChannelOptions options;
  private final int readLimit;
  private final Map<String, Life> lives = new HashMap<>();
  private final Map<String, Entry> keys = new HashMap<>();
  private @Nullable Life life;
  private long lastUsed;
  private int holders;

  ModelTopic(String name, ChannelOptions options, int readLimit) {
    this.name = name;
    this.options = options;
    this.readLimit = readLimit;
  }

  String name() {
    return name;
  }

  /** Number of lives so far. */
  int lives() {
    return lives.size();
  }

  /** The channel is used; {@code actual} is where the bus says that it stands. */
  void touch(Position actual, long now) {
    if (life == null) {
      assertThat(lives)
          .as("a new life of %s has a new name", name)
          .doesNotContainKey(actual.epoch());
      life = new Life(actual.epoch(), new ArrayList<>());
      lives.put(actual.epoch(), life);
    }
    assertThat(actual).as("where %s stands", name).isEqualTo(position());
    lastUsed = now;
  }

  Position position() {
    return new Position(life.epoch(), life.log().size());
  }

  /** Publishes; with a known key it is the publication that there was before. */
  Entry publish(String data, @Nullable String key, @Nullable Object except, long now) {
    keys.values().removeIf(entry -> entry.time() <= now - KEY_MEMORY_MS);
    Entry known = key == null ? null : keys.get(key);
    if (known != null) {
      return known;
    }
    Entry entry = new Entry(new Position(life.epoch(), life.log().size() + 1), data, now, except);
    life.log().add(entry);
    if (key != null) {
      keys.put(key, entry);
    }
    return entry;
  }

  Answer read(@Nullable Position since, long now) {
    int count = life.log().size();
    if (since == null) {
      return new Answer(position(), Outcome.COMPLETE, List.of());
    }
    if (!since.epoch().equals(life.epoch()) || since.offset() > count) {
      return new Answer(position(), Outcome.EPOCH, List.of());
    }
    List<Entry> missed = List.copyOf(life.log().subList((int) since.offset(), count));
    return missed.size() > Math.min(retained(now), readLimit)
        ? new Answer(position(), Outcome.EVICTED, List.of())
        : new Answer(position(), Outcome.COMPLETE, missed);
  }

  private long retained(long now) {
    long oldest = now - options.retainFor().toMillis();
    long young = life.log().stream().filter(entry -> entry.time() > oldest).count();
    return Math.min(young, options.retainCount());
  }

  /** A session begins or ends to hold the channel. */
  void hold(int change, long now) {
    holders += change;
    lastUsed = now;
  }

  /** The next use begins a new life if nothing is worth remembering any more. */
  void housekeep(long now) {
    if (life == null) {
      return;
    }
    keys.values().removeIf(entry -> entry.time() <= now - KEY_MEMORY_MS);
    boolean idle = now - lastUsed >= IDLE.toMillis();
    if (holders == 0 && idle && keys.isEmpty() && retained(now) == 0) {
      life = null;
    }
  }

  /** The publication at a place that somebody was told of. */
  Entry at(Position position) {
    Life known = lives.get(position.epoch());
    assertThat(known).as("%s has a life of %s", name, position).isNotNull();
    assertThat(position.offset())
        .as("%s: %s was published", name, position)
        .isBetween(1L, (long) known.log().size());
    return known.log().get((int) position.offset() - 1);
  }
}
