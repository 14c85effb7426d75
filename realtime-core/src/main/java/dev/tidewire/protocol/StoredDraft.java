package dev.tidewire.protocol;

import dev.tidewire.channel.Draft;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.DataInputStream;
import java.io.DataOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import org.jspecify.annotations.Nullable;

/**
 * A draft as bytes, for brokers that keep it elsewhere: a head with everything but the body, then
 * the body as it is. Stateless, safe for any thread.
 */
public final class StoredDraft {

  private static final int VERSION = 1;
  private static final int PERSIST = 1;
  private static final int USER = 2;
  private static final int EXCEPT = 4;

  private StoredDraft() {}

  /** Everything but topic and body. */
  public static byte[] head(Draft draft) {
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
  public static Draft read(String topic, byte[] bytes, int from, FrameCodec codec) {
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
}
