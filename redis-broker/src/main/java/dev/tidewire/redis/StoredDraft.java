package dev.tidewire.redis;

import static java.nio.charset.StandardCharsets.ISO_8859_1;

import dev.tidewire.channel.Draft;
import dev.tidewire.channel.Position;
import dev.tidewire.channel.Publication;
import dev.tidewire.protocol.FrameCodec;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.DataInputStream;
import java.io.DataOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.Arrays;
import org.jspecify.annotations.Nullable;

/**
 * A draft as bytes: a head with everything but the body, then the body as it is. Stateless, safe
 * for any thread.
 */
final class StoredDraft {

  private static final int VERSION = 1;
  private static final int PERSIST = 1;
  private static final int USER = 2;
  private static final int EXCEPT = 4;

  private StoredDraft() {}

  static byte[] head(Draft draft) {
    ByteArrayOutputStream bytes = new ByteArrayOutputStream(64);
    try (DataOutputStream out = new DataOutputStream(bytes)) {
      String user = draft.userId();
      String except = draft.exceptSession();
      out.writeByte(VERSION);
      out.writeByte(letter(draft.kind()));
      out.writeByte(
          (draft.persist() ? PERSIST : 0)
              | (user == null ? 0 : USER)
              | (except == null ? 0 : EXCEPT));
      out.writeInt(draft.dataFrom());
      out.writeInt(draft.dataTo());
      out.writeUTF(draft.event());
      if (user != null) {
        out.writeUTF(user);
      }
      if (except != null) {
        out.writeUTF(except);
      }
    } catch (IOException e) {
      throw new UncheckedIOException(e); // a user's name of more than 64 KiB
    }
    return bytes.toByteArray();
  }

  /**
   * Reads head and body, one after the other in the same bytes.
   *
   * @throws IllegalArgumentException if another version wrote them
   */
  static Draft read(String topic, byte[] bytes, int from, FrameCodec codec) {
    ByteArrayInputStream rest = new ByteArrayInputStream(bytes, from, bytes.length - from);
    DataInputStream in = new DataInputStream(rest);
    try {
      int version = in.readByte();
      if (version != VERSION) {
        throw new IllegalArgumentException("a publication of the unknown version " + version);
      }
      Draft.Kind kind = kind(in.readByte());
      int flags = in.readByte();
      int dataFrom = in.readInt();
      int dataTo = in.readInt();
      String event = in.readUTF();
      @Nullable String user = (flags & USER) == 0 ? null : in.readUTF();
      @Nullable String except = (flags & EXCEPT) == 0 ? null : in.readUTF();
      byte[] body = rest.readAllBytes();
      return new Draft(
          topic,
          kind,
          event,
          user,
          body,
          dataFrom,
          dataTo,
          (flags & PERSIST) != 0,
          kind == Draft.Kind.CHANGE ? codec.readChange(body) : null,
          except);
    } catch (IOException e) {
      throw new IllegalArgumentException("a publication that is cut off", e);
    }
  }

  /** Reads what the append script told the nodes: {@code epoch offset stamp head body}. */
  static Publication told(String topic, byte[] bytes, FrameCodec codec) {
    int[] ends = new int[3];
    int at = 0;
    for (int i = 0; i < ends.length; i++) {
      while (at < bytes.length && bytes[at] != ' ') {
        at++;
      }
      ends[i] = at++;
    }
    if (at > bytes.length) {
      throw new IllegalArgumentException("a publication without a head");
    }
    Position position =
        new Position(ascii(bytes, 0, ends[0]), Long.parseLong(ascii(bytes, ends[0] + 1, ends[1])));
    long stamp = Long.parseLong(ascii(bytes, ends[1] + 1, ends[2]));
    return read(topic, bytes, at, codec).at(position, stamp);
  }

  /** Reads an entry of the tail, whose id is {@code stamp-offset}. */
  static Publication kept(
      String topic, String epoch, byte[] id, byte[] head, byte[] body, FrameCodec codec) {
    String text = new String(id, ISO_8859_1);
    int dash = text.indexOf('-');
    byte[] bytes = Arrays.copyOf(head, head.length + body.length);
    System.arraycopy(body, 0, bytes, head.length, body.length);
    return read(topic, bytes, 0, codec)
        .at(
            new Position(epoch, Long.parseLong(text.substring(dash + 1))),
            Long.parseLong(text.substring(0, dash)));
  }

  private static char letter(Draft.Kind kind) {
    return switch (kind) {
      case EVENT -> 'e';
      case CHANGE -> 'c';
      case RESET -> 'r';
    };
  }

  private static Draft.Kind kind(byte letter) {
    for (Draft.Kind kind : Draft.Kind.values()) {
      if (letter(kind) == letter) {
        return kind;
      }
    }
    throw new IllegalArgumentException("a publication of the unknown kind " + letter);
  }

  private static String ascii(byte[] bytes, int from, int to) {
    return new String(bytes, from, to - from, ISO_8859_1);
  }
}
