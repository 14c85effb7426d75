package dev.tidewire.demo;

import java.util.List;
import java.util.Locale;
import java.util.random.RandomGenerator;

/**
 * Somebody who looks at the demo, known by a cookie. There are no accounts. Immutable.
 *
 * @param userId made up at the first visit, never changes
 * @param name chosen, or "Guest 123"
 * @param color one of {@link #COLORS}
 * @param chosen whether name and colour are the visitor's own choice
 */
public record Visitor(String userId, String name, String color, boolean chosen) {
  /**
   * Seven hues that can be told apart on light and on dark ground; the style sheet knows them by
   * these names.
   */
  static final List<String> COLORS =
      List.of("teal", "blue", "violet", "pink", "red", "amber", "green");

  static Visitor guest(RandomGenerator random) {
    String id = Long.toString(random.nextLong() >>> 1, 36).toLowerCase(Locale.ROOT);
    return new Visitor(
        "v-" + id,
        "Guest " + (100 + random.nextInt(900)),
        COLORS.get(random.nextInt(COLORS.size())),
        false);
  }

  /** Somebody who is not here, for bids that came by post. */
  public static Visitor absent(String name, RandomGenerator random) {
    return new Visitor("absent", name, COLORS.get(random.nextInt(COLORS.size())), true);
  }

  Visitor as(String newName, String newColor) {
    return new Visitor(userId, newName, newColor, true);
  }
}
