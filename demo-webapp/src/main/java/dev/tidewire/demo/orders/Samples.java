package dev.tidewire.demo.orders;

import java.math.BigDecimal;
import java.util.List;
import java.util.Random;

/** Invented orders. Stateless. */
public final class Samples {
  /** What an order goes through. */
  static final List<String> STATUSES = List.of("pending", "paid", "shipped");

  private static final List<String> FIRST =
      List.of(
          "Ada", "Grace", "Linus", "Mara", "Noor", "Otto", "Priya", "Quentin", "Rosa", "Sami",
          "Tove", "Uma", "Viktor", "Wanda", "Yuki", "Zoe");
  private static final List<String> LAST =
      List.of(
          "Almeida",
          "Becker",
          "Costa",
          "Dufour",
          "Eriksen",
          "Fontana",
          "Garcia",
          "Haddad",
          "Ivanova",
          "Jansen",
          "Kowalski",
          "Larsen",
          "Moreau",
          "Novak");

  private Samples() {}

  public static String customer(Random random) {
    return pick(FIRST, random) + " " + pick(LAST, random);
  }

  public static BigDecimal total(Random random) {
    return BigDecimal.valueOf(499 + random.nextInt(24_500), 2);
  }

  public static String status(Random random) {
    return pick(STATUSES, random);
  }

  private static String pick(List<String> from, Random random) {
    return from.get(random.nextInt(from.size()));
  }
}
