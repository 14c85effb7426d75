package dev.tidewire.transport;

import static java.nio.charset.StandardCharsets.UTF_8;

import java.nio.ByteBuffer;
import org.jspecify.annotations.Nullable;

/**
 * Encoded text for a client: one or more JSON objects joined by line feeds. The same frame goes to
 * every subscriber of a broadcast, so its forms are made at most once each.
 *
 * <p>Immutable, safe for any thread.
 */
public final class Frame {

  private final byte[] bytes;
  private volatile @Nullable String text;

  /** Wraps UTF-8 bytes, which the caller must not change afterwards. */
  public Frame(byte[] bytes) {
    this.bytes = bytes;
  }

  /** Encodes {@code text}. */
  public static Frame of(String text) {
    Frame frame = new Frame(text.getBytes(UTF_8));
    frame.text = text;
    return frame;
  }

  /** Number of UTF-8 bytes. */
  public int size() {
    return bytes.length;
  }

  /** The UTF-8 bytes as a read-only buffer of its own position. */
  public ByteBuffer bytes() {
    return ByteBuffer.wrap(bytes).asReadOnlyBuffer();
  }

  /** The text; decoded at the first call and shared by all later ones. */
  public String text() {
    String known = text;
    if (known == null) {
      known = new String(bytes, UTF_8);
      text = known;
    }
    return known;
  }

  /** Appends the bytes to {@code to} at {@code at} and returns the index after them. */
  public int copyTo(byte[] to, int at) {
    System.arraycopy(bytes, 0, to, at, bytes.length);
    return at + bytes.length;
  }

  @Override
  public String toString() {
    return "Frame[" + bytes.length + " bytes]";
  }
}
