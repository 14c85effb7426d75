package dev.tidewire.sync.yjs;

import java.nio.charset.StandardCharsets;
import java.util.Arrays;

/**
 * Reads lib0's binary encoding within a range of bytes. Every length is checked against what is
 * really there before anything is made of it. Not thread-safe.
 */
final class ByteReader {

  /** What JavaScript counts to exactly, 2^53 - 1. */
  static final long MAX_SAFE = (1L << 53) - 1;

  private static final int MAX_VARINT_BYTES = 8;
  private static final int MAX_ANY_DEPTH = 200;

  private final byte[] bytes;
  private final int end;
  private int at;

  ByteReader(byte[] bytes) {
    this(bytes, 0, bytes.length);
  }

  ByteReader(byte[] bytes, int from, int to) {
    this.bytes = bytes;
    this.at = from;
    this.end = to;
  }

  byte[] bytes() {
    return bytes;
  }

  /** Index of the next byte. */
  int position() {
    return at;
  }

  int remaining() {
    return end - at;
  }

  void requireEnd() {
    if (at != end) {
      throw new BadUpdate((end - at) + " bytes too many");
    }
  }

  int uint8() {
    if (at >= end) {
      throw new BadUpdate("ends too early");
    }
    return bytes[at++] & 0xff;
  }

  /** Seven bits a byte, the lowest first; at most 2^53 - 1. */
  long varUint() {
    long value = 0;
    for (int i = 0; i < MAX_VARINT_BYTES; i++) {
      int next = uint8();
      value |= (long) (next & 0x7f) << (7 * i);
      if (next < 0x80) {
        if (value > MAX_SAFE) {
          break;
        }
        return value;
      }
    }
    throw new BadUpdate("a number beyond 2^53 - 1");
  }

  private void skipVarInt() {
    int shift = 6;
    int next = uint8();
    long value = next & 0x3f;
    for (int i = 1; next >= 0x80; i++, shift += 7) {
      if (i == MAX_VARINT_BYTES) {
        throw new BadUpdate("a number beyond 2^53 - 1");
      }
      next = uint8();
      value |= (long) (next & 0x7f) << shift;
    }
    if (value > MAX_SAFE) {
      throw new BadUpdate("a number beyond 2^53 - 1");
    }
  }

  private int length() {
    long length = varUint();
    if (length > end - at) {
      throw new BadUpdate("a length of " + length + " where " + (end - at) + " bytes are left");
    }
    return (int) length;
  }

  void skip(int count) {
    if (count > end - at) {
      throw new BadUpdate("ends too early");
    }
    at += count;
  }

  /** A byte array with its length before it; skipped. */
  void skipVarBytes() {
    int length = length();
    at += length;
  }

  byte[] varBytes() {
    int length = length();
    at += length;
    return Arrays.copyOfRange(bytes, at - length, at);
  }

  /** A UTF-8 string with its length in bytes before it; skipped. */
  void skipVarString() {
    int from = startOfString();
    Utf8.units(bytes, from, at);
  }

  String varString() {
    int from = startOfString();
    Utf8.units(bytes, from, at);
    return new String(bytes, from, at - from, StandardCharsets.UTF_8);
  }

  /** Skips a string, without a look at its text; returns where that starts. */
  int startOfString() {
    int length = length();
    at += length;
    return at - length;
  }

  /** A string that must be JSON; skipped. */
  void skipVarJson() {
    json(startOfString());
  }

  /** One of the strings of which old Yjs made arrays: JSON, or the word undefined; skipped. */
  void skipVarJsonOrUndefined() {
    int from = startOfString();
    byte[] undefined = "undefined".getBytes(StandardCharsets.US_ASCII);
    if (!Arrays.equals(bytes, from, at, undefined, 0, undefined.length)) {
      json(from);
    }
  }

  /** What is between there and here. */
  private void json(int from) {
    Utf8.units(bytes, from, at);
    JsonText.check(bytes, from, at);
  }

  /** A value of lib0's "any"; skipped. */
  void skipAny() {
    skipAny(0);
  }

  /** The same where it must be an object. */
  void skipAnyObject() {
    if (at >= end || bytes[at] != 118) {
      throw new BadUpdate("options that are no object");
    }
    skipAny(0);
  }

  private void skipAny(int depth) {
    if (depth > MAX_ANY_DEPTH) {
      throw new BadUpdate("a value nested deeper than " + MAX_ANY_DEPTH);
    }
    int type = uint8();
    switch (type) {
      case 127, 126, 121, 120 -> {} // undefined, null, false, true
      case 125 -> skipVarInt();
      case 124 -> skip(4);
      case 123, 122 -> skip(8);
      case 119 -> skipVarString();
      case 118 -> {
        long size = varUint();
        for (long i = 0; i < size; i++) {
          skipVarString();
          skipAny(depth + 1);
        }
      }
      case 117 -> {
        long size = varUint();
        for (long i = 0; i < size; i++) {
          skipAny(depth + 1);
        }
      }
      case 116 -> skipVarBytes();
      default -> throw new BadUpdate("no type of a value: " + type);
    }
  }
}
