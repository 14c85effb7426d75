package dev.tidewire.channel;

import static java.nio.charset.StandardCharsets.ISO_8859_1;

import java.time.LocalDate;

/**
 * Writes instants as ISO 8601 UTC with exactly three digits of milliseconds, the form of every
 * frame's {@code ts}. {@link java.time.Instant#toString()} leaves the fraction out when it is zero
 * and costs several allocations on the publish path. Stateless, safe for any thread.
 */
public final class Timestamps {

  /** Length of {@code 2026-01-31T12:00:00.000Z}. */
  public static final int LENGTH = 24;

  private static final int DAY = 86_400_000;

  private Timestamps() {}

  /** The text of {@code millis}, milliseconds since 1970, years 0 to 9999. */
  public static String format(long millis) {
    byte[] text = new byte[LENGTH];
    write(millis, text, 0);
    return new String(text, ISO_8859_1);
  }

  /** Writes the text to {@code to} and returns the index after it. */
  static int write(long millis, byte[] to, int at) {
    LocalDate date = LocalDate.ofEpochDay(Math.floorDiv(millis, (long) DAY));
    int ofDay = Math.floorMod(millis, DAY);
    digits(date.getYear(), 4, to, at);
    to[at + 4] = '-';
    digits(date.getMonthValue(), 2, to, at + 5);
    to[at + 7] = '-';
    digits(date.getDayOfMonth(), 2, to, at + 8);
    to[at + 10] = 'T';
    digits(ofDay / 3_600_000, 2, to, at + 11);
    to[at + 13] = ':';
    digits(ofDay / 60_000 % 60, 2, to, at + 14);
    to[at + 16] = ':';
    digits(ofDay / 1_000 % 60, 2, to, at + 17);
    to[at + 19] = '.';
    digits(ofDay % 1_000, 3, to, at + 20);
    to[at + 23] = 'Z';
    return at + LENGTH;
  }

  private static void digits(int value, int count, byte[] to, int at) {
    int rest = value;
    for (int i = at + count - 1; i >= at; i--) {
      to[i] = (byte) ('0' + rest % 10);
      rest /= 10;
    }
  }
}
