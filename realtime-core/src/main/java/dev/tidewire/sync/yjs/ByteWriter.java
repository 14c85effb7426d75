package dev.tidewire.sync.yjs;

import java.nio.charset.StandardCharsets;
import java.util.Arrays;

/** Writes lib0's binary encoding. Not thread-safe. */
final class ByteWriter {

  private static final int START = 64;

  private byte[] bytes = new byte[START];
  private int size;

  int size() {
    return size;
  }

  byte[] toBytes() {
    return Arrays.copyOf(bytes, size);
  }

  void clear() {
    size = 0;
  }

  private void room(int more) {
    if (more > bytes.length - size) {
      int wanted = Math.addExact(size, more);
      bytes = Arrays.copyOf(bytes, Math.max(wanted, (int) Math.min(2L * size, 1 << 30)));
    }
  }

  ByteWriter uint8(int value) {
    room(1);
    bytes[size++] = (byte) value;
    return this;
  }

  ByteWriter varUint(long value) {
    long rest = value;
    while (rest > 0x7f) {
      uint8((int) (rest & 0x7f) | 0x80);
      rest >>>= 7;
    }
    return uint8((int) rest);
  }

  ByteWriter raw(byte[] from, int start, int end) {
    room(end - start);
    System.arraycopy(from, start, bytes, size, end - start);
    size += end - start;
    return this;
  }

  ByteWriter raw(ByteWriter other) {
    return raw(other.bytes, 0, other.size);
  }

  ByteWriter varBytes(byte[] value) {
    return varUint(value.length).raw(value, 0, value.length);
  }

  ByteWriter varString(String value) {
    return varBytes(value.getBytes(StandardCharsets.UTF_8));
  }
}
