package dev.tidewire;

import java.util.concurrent.ConcurrentHashMap;

/**
 * What each of many holds and how fast it asks: users, or addresses. Whoever holds nothing and has
 * not asked for a while is forgotten, so the memory is that of those who are here. Safe for any
 * thread.
 */
final class Usage {

  /** Told to whoever cannot be counted because too many others are. */
  private static final long FULL_WAIT_MS = 1_000;

  private final ConcurrentHashMap<String, Entry> entries = new ConcurrentHashMap<>();
  private final int maxPlaces;
  private final int perSecond;
  private final int burst;
  private final int maxEntries;

  /** Guarded by the map's entry. */
  private static final class Entry {
    final TokenBucket bucket;
    int places;

    Entry(TokenBucket bucket) {
      this.bucket = bucket;
    }
  }

  /**
   * @param maxPlaces how much each may hold at once, 0 for no bound
   * @param perSecond how often each may ask, 0 for no bound
   * @param burst how often before that counts
   * @param maxEntries how many can be counted by what they ask, so that a flood of addresses does
   *     not fill the memory; whoever comes then has to wait
   */
  Usage(int maxPlaces, int perSecond, int burst, int maxEntries) {
    this.maxPlaces = maxPlaces;
    this.perSecond = perSecond;
    this.burst = burst;
    this.maxEntries = maxEntries;
  }

  /** Counts a request; returns 0, or the milliseconds after which there will be room for it. */
  long ask(String who, long now) {
    if (perSecond == 0) {
      return 0;
    }
    if (entries.size() >= maxEntries && !entries.containsKey(who)) {
      return FULL_WAIT_MS;
    }
    long[] wait = new long[1];
    entries.compute(
        who,
        (key, known) -> {
          Entry entry = known == null ? entry(now) : known;
          wait[0] = entry.bucket.take(now);
          return entry;
        });
    return wait[0];
  }

  /** Takes a place; false if all are taken. */
  boolean enter(String who, long now) {
    if (maxPlaces == 0) {
      return true;
    }
    boolean[] entered = new boolean[1];
    entries.compute(
        who,
        (key, known) -> {
          Entry entry = known == null ? entry(now) : known;
          entered[0] = entry.places < maxPlaces;
          entry.places += entered[0] ? 1 : 0;
          return entry;
        });
    return entered[0];
  }

  private Entry entry(long now) {
    return new Entry(new TokenBucket(perSecond, burst, now));
  }

  /** Gives back a place that was taken. */
  void leave(String who) {
    if (maxPlaces > 0) {
      entries.computeIfPresent(
          who,
          (key, entry) -> {
            entry.places--;
            return entry;
          });
    }
  }

  /** Forgets whoever would be counted from scratch. */
  void forgetIdle(long now) {
    for (String who : entries.keySet()) {
      entries.computeIfPresent(
          who, (key, entry) -> entry.places == 0 && entry.bucket.isFull(now) ? null : entry);
    }
  }

  /** How many are remembered. */
  int size() {
    return entries.size();
  }
}
