package dev.tidewire;

import dev.tidewire.transport.Frame;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * The frames that wait for one connection, bounded in bytes; shared frames, of which it holds
 * references. Leaves out what a client that is behind may miss: of expendable frames with a key
 * only the newest waits, and those without do not wait behind more than one message.
 *
 * <p>A frame that another takes the place of leaves a gap, because the newer one has to stand at
 * the end: a channel's messages keep their order. What a client missed while it was away waits here
 * beside the bound, which is there for what is published meanwhile. Not thread-safe: guarded by its
 * queue's monitor.
 */
final class Backlog {

  /** Frames that gathered are joined up to this size; larger runs go as several messages. */
  static final int MAX_JOINED_BYTES = 64 * 1024;

  /** Gaps that are not worth the trouble of closing them. */
  private static final int SOME_GAPS = 32;

  private final int maxBytes;
  // Frames, and places of frames that can be taken by others.
  private final ArrayDeque<Object> waiting = new ArrayDeque<>(2);
  private Map<String, Place> byKey = Map.of(); // most clients need none
  private long bytes;
  private long recoveredBytes;
  private int gaps;

  /** One of those that a client missed. */
  private record Recovered(Frame frame) {}

  /** Of an expendable frame with a key. */
  private static final class Place {
    final String key;
    @Nullable Frame frame;

    Place(String key, Frame frame) {
      this.key = key;
      this.frame = frame;
    }
  }

  /**
   * @param maxBytes bytes that may wait, 0 for no bound
   */
  Backlog(int maxBytes) {
    this.maxBytes = maxBytes;
  }

  /** Adds a frame, or leaves it out; false if it can be neither. */
  boolean add(Frame frame) {
    Frame.Mark mark = frame.first().mark();
    if (mark == null || !mark.isExpendable()) {
      return addInFull(frame);
    }
    List<Frame> parts = new ArrayList<>();
    frame.forEach(parts::add);
    for (Frame part : parts) {
      if (!addPart(part)) {
        return false;
      }
    }
    return true;
  }

  private boolean addPart(Frame part) {
    Frame.Mark mark = part.mark();
    if (mark == null || !mark.isExpendable()) {
      return addInFull(part);
    }
    String key = mark.conflationKey();
    if (key != null) {
      return addNewest(part, key);
    }
    boolean behind = bytes > 0 && bytes + part.size() > MAX_JOINED_BYTES;
    return behind || !fits(part.size(), maxBytes) || addInFull(part);
  }

  private boolean addInFull(Frame frame) {
    if (!fits(frame.size(), maxBytes)) {
      return false;
    }
    append(frame);
    return true;
  }

  /** Adds a frame, whatever waits already. */
  void append(Frame frame) {
    waiting.add(frame);
    bytes += frame.size();
  }

  long bytes() {
    return bytes + recoveredBytes;
  }

  /** Adds one of those that the client missed; it does not count as waiting. */
  void appendRecovered(Frame frame) {
    waiting.add(new Recovered(frame));
    recoveredBytes += frame.size();
  }

  /** How much waits of what the client missed. */
  long recoveredBytes() {
    return recoveredBytes;
  }

  boolean isEmpty() {
    return bytes == 0 && recoveredBytes == 0;
  }

  private boolean addNewest(Frame part, String key) {
    Place before = byKey.get(key);
    if (before != null) {
      bytes -= size(before.frame);
      before.frame = null;
      gaps++;
    }
    if (!fits(part.size(), maxBytes)) {
      return false;
    }
    Place place = new Place(key, part);
    byKey = byKey.isEmpty() ? new HashMap<>() : byKey;
    byKey.put(key, place);
    waiting.add(place);
    bytes += part.size();
    if (gaps > SOME_GAPS && gaps > waiting.size() / 2) {
      waiting.removeIf(next -> frame(next) == null);
      gaps = 0;
    }
    return true;
  }

  private static int size(@Nullable Frame frame) {
    return frame == null ? 0 : frame.size();
  }

  /** Whether so many bytes more are not too many. */
  boolean fits(long more, int max) {
    return maxBytes == 0 || bytes + more <= max;
  }

  /** The next message, of as many frames as go into one; null if nothing waits. */
  @Nullable Frame take() {
    Frame first = next();
    if (first == null) {
      return null;
    }
    remove();
    Frame second = next();
    if (second == null || first.size() + 1 + second.size() > MAX_JOINED_BYTES) {
      return first;
    }
    List<Frame> joined = new ArrayList<>(waiting.size() + 1);
    joined.add(first);
    int size = first.size();
    for (Frame next = second;
        next != null && size + 1 + next.size() <= MAX_JOINED_BYTES;
        next = next()) {
      remove();
      joined.add(next);
      size += 1 + next.size();
    }
    return Frame.join(joined);
  }

  /** The next frame, which stays; gaps before it go. */
  private @Nullable Frame next() {
    for (Object next = waiting.peek(); next != null; next = waiting.peek()) {
      Frame frame = frame(next);
      if (frame != null) {
        return frame;
      }
      waiting.remove();
      gaps--;
    }
    return null;
  }

  /** Takes out what {@link #next} gave. */
  private void remove() {
    Object taken = waiting.remove();
    int size = size(frame(taken));
    if (taken instanceof Recovered) {
      recoveredBytes -= size;
      return;
    }
    bytes -= size;
    if (taken instanceof Place place) {
      byKey.remove(place.key);
    }
  }

  private static @Nullable Frame frame(Object next) {
    if (next instanceof Recovered recovered) {
      return recovered.frame();
    }
    return next instanceof Place place ? place.frame : (Frame) next;
  }

  /** What waits, in order. */
  List<Frame> frames() {
    List<Frame> frames = new ArrayList<>(waiting.size());
    for (Object next : waiting) {
      Frame frame = frame(next);
      if (frame != null) {
        frames.add(frame);
      }
    }
    return frames;
  }

  /** Places in the line, gaps among them. */
  int length() {
    return waiting.size();
  }

  void clear() {
    waiting.clear();
    byKey = Map.of();
    bytes = 0;
    recoveredBytes = 0;
    gaps = 0;
  }
}
