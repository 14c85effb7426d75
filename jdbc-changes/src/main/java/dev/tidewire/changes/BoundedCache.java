package dev.tidewire.changes;

import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import org.jspecify.annotations.Nullable;

/**
 * A cache that keeps what was used lately: two generations, the older one dropped when the younger
 * is full. Lookups take no lock. Safe for any thread.
 */
final class BoundedCache<K, V> {

  private final int capacity;
  private volatile Map<K, V> young = new ConcurrentHashMap<>();
  private volatile Map<K, V> old = Map.of();

  /**
   * @param capacity entries of one generation; up to twice as many are kept
   */
  BoundedCache(int capacity) {
    this.capacity = capacity;
  }

  @Nullable V get(K key) {
    V value = young.get(key);
    if (value == null) {
      value = old.get(key);
      if (value != null) {
        put(key, value);
      }
    }
    return value;
  }

  void put(K key, V value) {
    Map<K, V> current = young;
    current.put(key, value);
    if (current.size() > capacity) {
      turn(current);
    }
  }

  private synchronized void turn(Map<K, V> full) {
    if (young == full) {
      old = full;
      young = new ConcurrentHashMap<>();
    }
  }
}
