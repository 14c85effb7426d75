package dev.tidewire.inspector;

import java.util.List;

/**
 * The first of many. Immutable, safe for any thread.
 *
 * @param total how many there are
 * @param matched how many of them were looked for
 * @param items the first of those
 */
public record Listing<T>(int total, int matched, List<T> items) {

  /** Most that is told at once. */
  public static final int MAX = 200;

  public Listing {
    items = List.copyOf(items);
  }
}
