package dev.tidewire.transport;

import static java.nio.charset.StandardCharsets.UTF_8;

import java.nio.ByteBuffer;
import java.util.List;
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

  /** All of them as one, joined by line feeds; the only one itself. */
  public static Frame join(List<Frame> frames) {
    if (frames.size() == 1) {
      return frames.get(0);
    }
    int bytes = Math.max(0, frames.size() - 1);
    for (Frame frame : frames) {
      bytes += frame.size();
    }
    byte[] joined = new byte[bytes];
    int at = 0;
    for (int i = 0; i < frames.size(); i++) {
      if (i > 0) {
        joined[at++] = '\n';
      }
      byte[] next = frames.get(i).bytes;
      System.arraycopy(next, 0, joined, at, next.length);
      at += next.length;
    }
    return new Frame(joined);
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

  @Override
  public String toString() {
    return "Frame[" + bytes.length + " bytes]";
  }
}
