package dev.tidewire.sync.yjs;

/**
 * UTF-8 as strictly as a browser's {@code TextDecoder} takes it, counted in UTF-16 units as Yjs
 * counts text. Stateless, safe for any thread.
 */
final class Utf8 {

  private static final int MAX_CODE_POINT = 0x10ffff;

  private Utf8() {}

  /**
   * How many UTF-16 units the bytes are.
   *
   * @throws BadUpdate if they are no UTF-8
   */
  static int units(byte[] bytes, int from, int to) {
    int units = 0;
    int at = from;
    while (at < to) {
      int size = size(bytes, at, to);
      units += size == 4 ? 2 : 1;
      at += size;
    }
    return units;
  }

  /** How many bytes the character at {@code at} takes; of valid text. */
  static int size(byte first) {
    return first >= 0 ? 1 : (first & 0xff) < 0xe0 ? 2 : (first & 0xff) < 0xf0 ? 3 : 4;
  }

  private static int size(byte[] bytes, int at, int to) {
    byte first = bytes[at];
    if (first >= 0) {
      return 1;
    }
    int size = size(first);
    int point = first & (0x7f >> size);
    if ((first & 0xc0) == 0x80 || (first & 0xff) > 0xf4 || at + size > to) {
      throw bad();
    }
    for (int i = 1; i < size; i++) {
      if ((bytes[at + i] & 0xc0) != 0x80) {
        throw bad();
      }
      point = (point << 6) | (bytes[at + i] & 0x3f);
    }
    boolean shortest = point >= (size == 2 ? 0x80 : size == 3 ? 0x800 : 0x10000);
    boolean surrogate = point >= 0xd800 && point <= 0xdfff;
    if (!shortest || surrogate || point > MAX_CODE_POINT) {
      throw bad();
    }
    return size;
  }

  private static BadUpdate bad() {
    return new BadUpdate("text that is no UTF-8");
  }
}
