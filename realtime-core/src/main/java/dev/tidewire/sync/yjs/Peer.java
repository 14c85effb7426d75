package dev.tidewire.sync.yjs;

import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * The same room on another node, as far as it is known here: what it says comes in pieces, so that
 * no publication is large. Not thread-safe.
 */
final class Peer {

  /** Of a message; base64 makes it a third more. */
  private static final int PIECE_BYTES = 48 * 1024;

  /** Rooms of a later version may write something else, which is then passed over. */
  private static final int VERSION = 1;

  /**
   * A part of a message.
   *
   * @param from name of the room that says it
   * @param index number of the piece within the message
   * @param last whether the message ends with it
   * @param bytes the piece itself
   */
  @SuppressWarnings("ArrayRecordComponent") // made to be read once
  record Piece(String from, long index, boolean last, byte[] bytes) {

    /** Null if another version wrote it. */
    static @Nullable Piece read(byte[] publication) {
      ByteReader in = new ByteReader(publication);
      if (in.uint8() != VERSION) {
        return null;
      }
      return new Piece(in.varString(), in.varUint(), in.uint8() == 1, in.varBytes());
    }
  }

  private final ByteWriter begun = new ByteWriter();
  private long next;
  private boolean torn;

  /** When it last said something. */
  long heard;

  /** Whether it was told what is here. */
  boolean isGreeted;

  /** How often in a row it had something else than is here. */
  int differences;

  /** The message in pieces that can be published. */
  static List<byte[]> cut(String from, byte[] message) {
    List<byte[]> pieces = new ArrayList<>(1);
    int at = 0;
    do {
      int end = Math.min(message.length, at + PIECE_BYTES);
      pieces.add(
          new ByteWriter()
              .uint8(VERSION)
              .varString(from)
              .varUint(pieces.size())
              .uint8(end == message.length ? 1 : 0)
              .varUint(end - at)
              .raw(message, at, end)
              .toBytes());
      at = end;
    } while (at < message.length);
    return pieces;
  }

  /**
   * Adds a piece to the message begun.
   *
   * @return false if pieces before it are missing, and that is new
   */
  boolean add(Piece piece) {
    if (piece.index() == 0) {
      begun.clear();
      next = 0;
      torn = false;
    }
    if (torn) {
      return true;
    }
    if (piece.index() != next) {
      tear();
      return false;
    }
    next++;
    begun.raw(piece.bytes(), 0, piece.bytes().length);
    return true;
  }

  /** The message whose last piece was added; null if a part of it is missing. */
  @Nullable PeerMessage message() {
    PeerMessage whole = torn ? null : PeerMessage.read(begun.toBytes());
    tear(); // what comes next begins anew
    return whole;
  }

  /** Some pieces are lost: the rest of the message begun is of no use. */
  void tear() {
    begun.clear();
    torn = true;
  }
}
