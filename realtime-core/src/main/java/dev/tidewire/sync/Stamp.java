package dev.tidewire.sync;

import java.util.Comparator;
import org.jspecify.annotations.Nullable;

/**
 * When and by whom a field was written: the time of a hybrid logical clock. No two writes have the
 * same stamp. Stamps are ordered by time, then count, then replica; their text form is ordered in
 * the same way, character by character.
 *
 * <p>Immutable, safe for any thread.
 *
 * @param time milliseconds since 1970, below 36<sup>9</sup> (the year 5188)
 * @param count tells apart the stamps of one millisecond, below 36<sup>4</sup>
 * @param replica who wrote, 1 to 32 characters of {@code 0-9a-z}
 */
public record Stamp(long time, int count, String replica) implements Comparable<Stamp> {

  static final long MAX_TIME = 101_559_956_668_415L;
  static final int MAX_COUNT = 1_679_615;

  private static final int RADIX = 36;
  private static final int TIME_DIGITS = 9;
  private static final int COUNT_DIGITS = 4;
  private static final int REPLICA_FROM = TIME_DIGITS + 1 + COUNT_DIGITS + 1;
  private static final int MAX_REPLICA = 32;
  private static final Comparator<Stamp> ORDER =
      Comparator.comparingLong(Stamp::time)
          .thenComparingInt(Stamp::count)
          .thenComparing(Stamp::replica);

  public Stamp {
    if (time < 0 || time > MAX_TIME || count < 0 || count > MAX_COUNT) {
      throw new IllegalArgumentException("no time of a stamp: " + time + ", " + count);
    }
    if (replica.isEmpty() || replica.length() > MAX_REPLICA || !isDigits(replica)) {
      throw new IllegalArgumentException("no name of a replica: '" + replica + "'");
    }
  }

  /**
   * Reads the text form.
   *
   * @return the stamp, or null if {@code text} is not one
   */
  public static @Nullable Stamp parse(String text) {
    int replica = text.length() - REPLICA_FROM;
    if (replica < 1
        || replica > MAX_REPLICA
        || text.charAt(TIME_DIGITS) != '.'
        || text.charAt(REPLICA_FROM - 1) != '.') {
      return null;
    }
    String time = text.substring(0, TIME_DIGITS);
    String count = text.substring(TIME_DIGITS + 1, REPLICA_FROM - 1);
    String name = text.substring(REPLICA_FROM);
    return isDigits(time) && isDigits(count) && isDigits(name)
        ? new Stamp(Long.parseLong(time, RADIX), Integer.parseInt(count, RADIX), name)
        : null;
  }

  private static boolean isDigits(String text) {
    return text.chars().allMatch(c -> (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z'));
  }

  @Override
  public int compareTo(Stamp other) {
    return ORDER.compare(this, other);
  }

  /** Whether this is a later write than {@code other}; later than none at all. */
  public boolean isAfter(@Nullable Stamp other) {
    return other == null || compareTo(other) > 0;
  }

  @Override
  public String toString() {
    return padded(time, TIME_DIGITS) + '.' + padded(count, COUNT_DIGITS) + '.' + replica;
  }

  private static String padded(long number, int digits) {
    String text = Long.toString(number, RADIX);
    return "0".repeat(digits - text.length()) + text;
  }
}
