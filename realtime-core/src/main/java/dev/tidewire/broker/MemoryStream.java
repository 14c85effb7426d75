package dev.tidewire.broker;

import dev.tidewire.broker.Broker.Appended;
import dev.tidewire.broker.Broker.ReadLimit;
import dev.tidewire.channel.ChannelOptions;
import dev.tidewire.channel.Draft;
import dev.tidewire.channel.Position;
import dev.tidewire.channel.Publication;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.Iterator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * One channel's stream in memory. All state is guarded by its monitor, under which nothing happens
 * but the bookkeeping below and {@link BrokerListener#onPublication}.
 */
final class MemoryStream {

  /** How long an idempotency key is remembered. */
  private static final long KEY_MEMORY_MS = Duration.ofMinutes(5).toMillis();

  /** A flood of publications is not to fill the memory: beyond, the oldest keys go earlier. */
  private static final int MAX_KEYS = 100_000;

  private final String topic;
  private final String epoch;
  private final boolean pinned;
  private final RetainedBytes all;
  private final ArrayDeque<Publication> tail = new ArrayDeque<>();
  private Map<String, Appended> keys = Map.of(); // most channels have none
  private ChannelOptions options = ChannelOptions.DEFAULT;
  private String event = ""; // the last one's name: most have the same
  private long bytes; // of the tail
  private long offset;
  private long lastTimestamp;
  private long lastPersisted;
  private long lastUsed;
  private int subscribers;
  private boolean forgotten;

  /**
   * @param persistedUntil the latest stamp that a persisted message of an earlier life can have
   * @param all counts what this stream retains, too
   */
  MemoryStream(String topic, String epoch, long now, long persistedUntil, RetainedBytes all) {
    this.topic = topic;
    this.all = all;
    this.epoch = epoch;
    this.pinned = false;
    this.lastUsed = now;
    this.lastPersisted = persistedUntil;
  }

  /** Goes on after {@code last}, and is never forgotten. */
  MemoryStream(
      String topic,
      Position last,
      List<Publication> newest,
      ChannelOptions options,
      long now,
      RetainedBytes all) {
    this.topic = topic;
    this.all = all;
    this.epoch = last.epoch();
    this.pinned = true;
    this.offset = last.offset();
    this.options = options;
    this.lastUsed = now;
    newest.forEach(this::retain);
    lastTimestamp = newest.isEmpty() ? 0 : newest.get(newest.size() - 1).timestamp();
    trim(now);
  }

  /**
   * Whether it may give way to an earlier life: nobody knows of it. Marks it as forgotten if so.
   */
  synchronized boolean isUnused() {
    forgotten |= offset == 0 && subscribers == 0 && !pinned;
    return forgotten;
  }

  /** Appends, or returns null if the stream was forgotten meanwhile. */
  synchronized @Nullable Appended append(
      Draft draft,
      ChannelOptions channelOptions,
      @Nullable String key,
      BrokerListener listener,
      long now) {
    if (forgotten) {
      return null;
    }
    options = channelOptions;
    lastUsed = now;
    forgetOldKeys(now);
    Appended first = key == null ? null : keys.get(key);
    if (first != null) {
      return new Appended(first.position(), first.timestamp(), true);
    }
    Position position = new Position(epoch, ++offset);
    event = event.equals(draft.event()) ? event : draft.event();
    Publication publication = draft.at(position, timestamp(draft, now), topic, event);
    Appended appended = new Appended(publication.position(), publication.timestamp(), false);
    if (key != null) {
      remember(key, appended);
    }
    retain(publication);
    trim(now);
    listener.onPublication(publication);
    return appended;
  }

  /**
   * Never goes back within a stream. Persisted messages get strictly rising stamps, so that "before
   * this time" cuts a history page without losing or repeating a message.
   */
  private long timestamp(Draft draft, long now) {
    long stamp = Math.max(now, lastTimestamp);
    if (draft.persist()) {
      stamp = Math.max(stamp, lastPersisted + 1);
      lastPersisted = stamp;
    }
    lastTimestamp = stamp;
    return stamp;
  }

  /** Reads, or returns null if the stream was forgotten meanwhile. */
  synchronized @Nullable Tail read(@Nullable Position since, ReadLimit limit, long now) {
    if (forgotten) {
      return null;
    }
    lastUsed = now;
    trim(now);
    Position position = new Position(epoch, offset);
    if (since == null) {
      return new Tail(position, Tail.Outcome.COMPLETE, List.of());
    }
    if (!since.epoch().equals(epoch) || since.offset() > offset) {
      return new Tail(position, Tail.Outcome.EPOCH, List.of());
    }
    long missed = offset - since.offset();
    if (missed > tail.size() || missed > limit.count()) {
      return new Tail(position, Tail.Outcome.EVICTED, List.of());
    }
    List<Publication> publications = newest((int) missed, limit.bytes());
    return publications == null
        ? new Tail(position, Tail.Outcome.EVICTED, List.of())
        : new Tail(position, Tail.Outcome.COMPLETE, publications);
  }

  /** The newest {@code count} publications, oldest first, or null if they are too many bytes. */
  private @Nullable List<Publication> newest(int count, int maxBytes) {
    Publication[] found = new Publication[count];
    Iterator<Publication> newestFirst = tail.descendingIterator();
    long bytes = 0;
    for (int i = count - 1; i >= 0; i--) {
      found[i] = newestFirst.next();
      bytes += found[i].frame().length;
    }
    return bytes > maxBytes ? null : List.of(found);
  }

  synchronized int retained(long now) {
    trim(now);
    return tail.size();
  }

  synchronized boolean addSubscriber(int change, long now) {
    if (forgotten) {
      return false;
    }
    subscribers += change;
    lastUsed = now;
    return true;
  }

  /** Drops what is too old; true if nothing is left worth remembering, and then for good. */
  synchronized boolean forget(long now, Duration idle) {
    trim(now);
    forgetOldKeys(now);
    forgotten =
        !pinned
            && subscribers == 0
            && tail.isEmpty()
            && keys.isEmpty()
            && now - lastUsed >= idle.toMillis();
    return forgotten;
  }

  synchronized boolean everPublished() {
    return offset > 0;
  }

  synchronized long lastUsed() {
    return lastUsed;
  }

  /** For a forgotten stream: the latest stamp of a persisted message, or of an earlier life's. */
  synchronized long persistedUntil() {
    return lastPersisted;
  }

  private void trim(long now) {
    long oldest = now - options.retainFor().toMillis();
    while (!tail.isEmpty()
        && (tail.size() > options.retainCount() || tail.getFirst().timestamp() <= oldest)) {
      forgetOldest();
    }
  }

  private void retain(Publication publication) {
    tail.add(publication);
    count(RetainedBytes.of(publication));
  }

  private void forgetOldest() {
    count(-RetainedBytes.of(tail.removeFirst()));
  }

  private void count(long change) {
    bytes += change;
    all.add(change);
  }

  synchronized long retainedBytes() {
    return bytes;
  }

  /** Forgets the oldest until no more is retained than that. */
  synchronized void shrink(long max) {
    while (bytes > max) {
      forgetOldest();
    }
  }

  private void remember(String key, Appended appended) {
    keys = keys.isEmpty() ? new LinkedHashMap<>() : keys;
    keys.put(key, appended);
    if (keys.size() > MAX_KEYS) {
      Iterator<Appended> inOrder = keys.values().iterator();
      inOrder.next();
      inOrder.remove();
    }
  }

  private void forgetOldKeys(long now) {
    if (keys.isEmpty()) {
      return; // as most are, and this is asked with every publication
    }
    long oldest = now - KEY_MEMORY_MS;
    Iterator<Appended> inOrder = keys.values().iterator();
    while (inOrder.hasNext() && inOrder.next().timestamp() <= oldest) {
      inOrder.remove();
    }
  }
}
