package dev.tidewire.jakarta;

import static java.nio.charset.StandardCharsets.UTF_8;

import dev.tidewire.channel.Cursor;
import dev.tidewire.transport.Frame;
import java.io.ByteArrayOutputStream;
import java.nio.ByteBuffer;
import java.util.SortedMap;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/**
 * Writes frames as server-sent events: a frame's own bytes as the data, and as id the cursor of all
 * channels after it. Not thread-safe: frames come one after another.
 */
final class EventStream {

  static final String RETRY = "retry: 1000\n\n";
  static final String HEARTBEAT = ": heartbeat\n\n";

  /** An empty comment: the least that can be written to find out whether anybody is there. */
  static final String ECHO = ":\n";

  private final SortedMap<String, String> positions = new TreeMap<>();
  // Of a stream that has told no position yet: whoever resumes there is told to load again.
  private String cursor = Cursor.format(positions);

  /**
   * @param topics what the stream tells of
   * @param from where it goes on, or null
   */
  EventStream(Iterable<String> topics, @Nullable Cursor from) {
    if (from != null) {
      topics.forEach(topic -> advance(topic, from.textOf(topic)));
    }
  }

  /** An event that moves no cursor. */
  static byte[] last(String event, String frame) {
    return ("event: " + event + "\ndata: " + frame + "\n\n").getBytes(UTF_8);
  }

  private void advance(@Nullable String topic, @Nullable String position) {
    if (topic != null && position != null) {
      positions.put(topic, position);
      cursor = Cursor.format(positions);
    }
  }

  /** The events of a frame, or of all those it was joined of. */
  byte[] events(Frame frame) {
    ByteArrayOutputStream text = new ByteArrayOutputStream(frame.size() + 128);
    frame.forEach(one -> event(one, text));
    return text.toByteArray();
  }

  private void event(Frame frame, ByteArrayOutputStream to) {
    Frame.Mark mark = frame.mark();
    StringBuilder head = new StringBuilder(64);
    if (mark != null) {
      head.append("event: ").append(oneLine(mark.event())).append('\n');
      String position = mark.position();
      advance(mark.topic(), position);
      if (position != null || mark.event().equals("connected")) {
        head.append("id: ").append(cursor).append('\n');
      }
    }
    to.writeBytes(head.append("data: ").toString().getBytes(UTF_8));
    data(frame.bytes(), to);
    to.write('\n');
    to.write('\n');
  }

  /** Frames have no line ends; one that had would not become several fields of ours. */
  private static void data(ByteBuffer bytes, ByteArrayOutputStream to) {
    byte[] all = new byte[bytes.remaining()];
    bytes.get(all);
    int from = 0;
    for (int i = 0; i < all.length; i++) {
      if (all[i] == '\n' || all[i] == '\r') {
        to.write(all, from, i - from);
        to.writeBytes("\ndata: ".getBytes(UTF_8));
        from = i + 1;
      }
    }
    to.write(all, from, all.length - from);
  }

  private static String oneLine(String name) {
    return name.indexOf('\n') < 0 && name.indexOf('\r') < 0
        ? name
        : name.replace('\n', ' ').replace('\r', ' ');
  }
}
