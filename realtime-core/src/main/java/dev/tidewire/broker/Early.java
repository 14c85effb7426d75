package dev.tidewire.broker;

import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/**
 * What came before its turn, of one epoch: a newer one drops the older. Bounded; what does not fit
 * has to be read again. Not thread-safe: guarded by its owner's lock.
 */
public final class Early<T> {

  private static final int MAX = 10_000;

  private final TreeMap<Long, T> byNumber = new TreeMap<>();
  private String epoch = "";

  /** Of which epoch it is all; empty before the first. */
  public String epoch() {
    return epoch;
  }

  /** Drops what is of any other epoch. */
  public void keep(String only) {
    if (!only.equals(epoch)) {
      byNumber.clear();
      epoch = only;
    }
  }

  /** Adds an item in its place, if there is room. */
  public void put(String itsEpoch, long number, T item) {
    keep(itsEpoch);
    if (byNumber.size() < MAX || byNumber.firstKey() > number) {
      byNumber.putIfAbsent(number, item);
    }
  }

  /** Takes out what has exactly this place, and drops what stands before it. */
  public @Nullable T take(String itsEpoch, long number) {
    if (!itsEpoch.equals(epoch)) {
      return null;
    }
    byNumber.headMap(number).clear();
    return byNumber.remove(number);
  }
}
