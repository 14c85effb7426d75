package dev.tidewire.demo.auction;

import java.math.BigDecimal;
import java.util.List;

/**
 * Something that can come under the hammer; {@code picture} names a symbol in {@code img/lots.svg}.
 * Immutable.
 */
record Item(String title, String picture, BigDecimal startPrice, BigDecimal step) {
  static final List<Item> CATALOGUE =
      List.of(
          new Item("Rangefinder camera, 1962", "camera", 80, 5),
          new Item("Brass ship's lantern", "lantern", 45, 5),
          new Item("Harbour pilot's telescope", "telescope", 120, 10),
          new Item("Walnut mantel clock", "clock", 60, 5),
          new Item("Parlour guitar", "guitar", 150, 10),
          new Item("Steel touring bicycle", "bicycle", 200, 10),
          new Item("Portable typewriter", "typewriter", 70, 5),
          new Item("Valve radio", "radio", 55, 5));

  private Item(String title, String picture, int startPrice, int step) {
    this(title, picture, BigDecimal.valueOf(startPrice), BigDecimal.valueOf(step));
  }
}
