package dev.tidewire.benchmarks.fanout;

import static java.nio.charset.StandardCharsets.US_ASCII;

import java.util.Arrays;

/**
 * The JSON that is published: its number in the channel and when it was due, filled up to a fixed
 * size, so that the receiver finds both without parsing. Immutable, safe for any thread.
 */
final class Payload {

  private static final String NUMBER = "{\"n\":\"";
  private static final String TIME = "\",\"t\":\"";
  private static final String FILL = "\",\"p\":\"";
  private static final int DIGITS = 19;
  private static final int NUMBER_AT = NUMBER.length();
  private static final int TIME_AT = NUMBER_AT + DIGITS + TIME.length();
  private static final int FILL_AT = TIME_AT + DIGITS + FILL.length();

  private final byte[] template;

  /**
   * @param size bytes
   */
  Payload(int size) {
    int fill = size - FILL_AT - 2;
    if (fill < 0) {
      throw new IllegalArgumentException("a payload has at least " + (FILL_AT + 2) + " bytes");
    }
    String zeros = "0".repeat(DIGITS);
    String json = NUMBER + zeros + TIME + zeros + FILL + "x".repeat(fill) + "\"}";
    template = json.getBytes(US_ASCII);
  }

  int size() {
    return template.length;
  }

  /** The payload of publication {@code number}, due at {@code nanos} of this JVM's clock. */
  byte[] of(long number, long nanos) {
    byte[] bytes = template.clone();
    write(number, bytes, NUMBER_AT);
    write(nanos, bytes, TIME_AT);
    return bytes;
  }

  private static void write(long value, byte[] to, int at) {
    long rest = value;
    for (int i = at + DIGITS - 1; i >= at; i--) {
      to[i] = (byte) ('0' + rest % 10);
      rest /= 10;
    }
  }

  /** Whether one begins at {@code from}. */
  boolean isAt(byte[] bytes, int from) {
    return Arrays.equals(bytes, from, from + NUMBER_AT, template, 0, NUMBER_AT)
        && bytes[from + template.length - 1] == '}';
  }

  long number(byte[] bytes, int from) {
    return read(bytes, from + NUMBER_AT);
  }

  long nanos(byte[] bytes, int from) {
    return read(bytes, from + TIME_AT);
  }

  private static long read(byte[] bytes, int at) {
    long value = 0;
    for (int i = at; i < at + DIGITS; i++) {
      value = value * 10 + bytes[i] - '0';
    }
    return value;
  }
}
