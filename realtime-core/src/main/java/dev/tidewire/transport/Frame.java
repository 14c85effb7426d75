package dev.tidewire.transport;

import static java.nio.charset.StandardCharsets.UTF_8;

import java.nio.ByteBuffer;
import java.util.List;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * Encoded text for a client: one or more JSON objects joined by line feeds. The same frame goes to
 * every subscriber of a broadcast, so its forms are made at most once each, and only if asked for.
 *
 * <p>Immutable, safe for any thread.
 */
public final class Frame {

  private final List<Frame> parts;
  private final int size;
  private final @Nullable Mark mark;
  private volatile byte @Nullable [] bytes;
  private volatile @Nullable String text;

  /** What a transport that frames by itself (SSE, polling) needs to know beside the text. */
  public interface Mark {

    /** Name of the event for Server-Sent Events, without line ends. */
    String event();

    /** The channel it tells of, or null. */
    @Nullable String topic();

    /** Whether a client that is behind may miss it. */
    default boolean isExpendable() {
      return false;
    }

    /** A newer expendable frame with the same key takes the place of this one; null if none. */
    default @Nullable String conflationKey() {
      return null;
    }

    /** Whoever got this frame and all before it stands here in the channel; null for no change. */
    @Nullable String position();
  }

  private Frame(List<Frame> parts, int size, byte @Nullable [] bytes, @Nullable Mark mark) {
    this.parts = parts;
    this.size = size;
    this.bytes = bytes;
    this.mark = mark;
  }

  /** Wraps UTF-8 bytes, which the caller must not change afterwards. */
  public Frame(byte[] bytes) {
    this(List.of(), bytes.length, bytes, null);
  }

  /** Wraps UTF-8 bytes, which the caller must not change afterwards, and says what they are. */
  public Frame(byte[] bytes, Mark mark) {
    this(List.of(), bytes.length, bytes, mark);
  }

  /** Encodes {@code text}. */
  public static Frame of(String text) {
    return of(text, null);
  }

  /** Encodes {@code text} and says what it is. */
  public static Frame of(String text, @Nullable Mark mark) {
    byte[] bytes = text.getBytes(UTF_8);
    Frame frame = new Frame(List.of(), bytes.length, bytes, mark);
    frame.text = text;
    return frame;
  }

  /** All of them as one, joined by line feeds; the only one itself. */
  public static Frame join(List<Frame> frames) {
    if (frames.size() == 1) {
      return frames.get(0);
    }
    int size = Math.max(0, frames.size() - 1);
    for (Frame frame : frames) {
      size += frame.size();
    }
    return new Frame(List.copyOf(frames), size, frames.isEmpty() ? new byte[0] : null, null);
  }

  /** Number of UTF-8 bytes. */
  public int size() {
    return size;
  }

  /** What the frame is; null if that is not known, or if it was joined of several. */
  public @Nullable Mark mark() {
    return mark;
  }

  /** The first frame that this one was joined of; itself if it was not. */
  public Frame first() {
    return parts.isEmpty() ? this : parts.get(0).first();
  }

  /** Gives every frame that this one was joined of, in order; the frame itself if it was not. */
  public void forEach(Consumer<Frame> action) {
    if (parts.isEmpty()) {
      action.accept(this);
    } else {
      parts.forEach(part -> part.forEach(action));
    }
  }

  /** The UTF-8 bytes as a read-only buffer of its own position. */
  public ByteBuffer bytes() {
    return ByteBuffer.wrap(array()).asReadOnlyBuffer();
  }

  private byte[] array() {
    byte[] known = bytes;
    if (known == null) {
      known = new byte[size];
      put(known, 0);
      bytes = known;
    }
    return known;
  }

  private int put(byte[] to, int from) {
    byte[] known = bytes;
    if (known != null) {
      System.arraycopy(known, 0, to, from, known.length);
      return from + known.length;
    }
    int at = from;
    for (int i = 0; i < parts.size(); i++) {
      if (i > 0) {
        to[at++] = '\n';
      }
      at = parts.get(i).put(to, at);
    }
    return at;
  }

  /** The text; decoded at the first call and shared by all later ones. */
  public String text() {
    String known = text;
    if (known == null) {
      known = new String(array(), UTF_8);
      text = known;
    }
    return known;
  }

  @Override
  public String toString() {
    return "Frame[" + size + " bytes]";
  }
}
