package dev.tidewire.sync.yjs;

import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * What a room tells the same room on other nodes. Immutable by convention (the bytes are not
 * copied), safe for any thread.
 *
 * @param leaves whether the room is closed there: the last that it says
 * @param asks whether the others are to tell what they have, and who is there
 * @param update what is new in the document; empty for nothing
 * @param states news of the clients there
 * @param contents what the room there has, or null
 */
@SuppressWarnings("ArrayRecordComponent") // shared, never copied: see above
record PeerMessage(
    boolean leaves,
    boolean asks,
    byte[] update,
    List<Awareness.State> states,
    @Nullable Contents contents) {

  private static final int LEAVES = 1;
  private static final int ASKS = 2;
  private static final int UPDATE = 4;
  private static final int STATES = 8;
  private static final int CONTENTS = 16;

  /** The last word of a room. */
  static PeerMessage farewell(Contents left) {
    return new PeerMessage(true, false, new byte[0], List.of(), left);
  }

  byte[] toBytes() {
    int flags =
        (leaves ? LEAVES : 0)
            | (asks ? ASKS : 0)
            | (update.length > 0 ? UPDATE : 0)
            | (states.isEmpty() ? 0 : STATES)
            | (contents == null ? 0 : CONTENTS);
    ByteWriter out = new ByteWriter().uint8(flags);
    if (update.length > 0) {
      out.varBytes(update);
    }
    if (!states.isEmpty()) {
      out.varBytes(Awareness.write(states));
    }
    if (contents != null) {
      out.varBytes(contents.structs()).varBytes(contents.deletes()).varBytes(contents.vector());
    }
    return out.toBytes();
  }

  /**
   * Reads what {@link #toBytes} gave.
   *
   * @throws BadUpdate if it is something else
   */
  static PeerMessage read(byte[] bytes) {
    ByteReader in = new ByteReader(bytes);
    int flags = in.uint8();
    byte[] update = (flags & UPDATE) == 0 ? new byte[0] : in.varBytes();
    List<Awareness.State> states =
        (flags & STATES) == 0 ? List.of() : Awareness.read(in.varBytes(), 0);
    Contents contents =
        (flags & CONTENTS) == 0 ? null : new Contents(in.varBytes(), in.varBytes(), in.varBytes());
    in.requireEnd();
    return new PeerMessage((flags & LEAVES) != 0, (flags & ASKS) != 0, update, states, contents);
  }
}
