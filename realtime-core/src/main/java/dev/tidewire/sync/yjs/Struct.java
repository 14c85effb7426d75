package dev.tidewire.sync.yjs;

import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * One piece of an update: a run of characters or values of one client, or a gap. It refers to the
 * bytes it was read from; what it means is left to the clients, only its ids, its length and where
 * it can be cut are known. Immutable, safe for any thread.
 */
final class Struct {

  static final int GC = 0;
  static final int DELETED = 1;
  static final int JSON = 2;
  static final int BINARY = 3;
  static final int STRING = 4;
  static final int EMBED = 5;
  static final int FORMAT = 6;
  static final int TYPE = 7;
  static final int ANY = 8;
  static final int DOC = 9;
  static final int SKIP = 10;

  static final int ORIGIN = 0x80;
  static final int RIGHT_ORIGIN = 0x40;
  static final int KEYED = 0x20;
  static final int KIND = 0x1f;

  /** One character or value of a client. */
  record Id(long client, long clock) {}

  /** Bytes from and, excluded, to. */
  record Range(int from, int to) {}

  private final long client;
  private final long clock;
  private final long length;
  private final int kind;
  private final byte[] bytes;
  private final @Nullable Id origin;
  private final @Nullable Id rightOrigin;
  private final @Nullable Range parent;
  private final boolean keyed;
  private final int from;
  private final int to;
  private final boolean torn;

  /**
   * @param client who made it
   * @param clock number of its first character or value among those of the client
   * @param length how many it has, 1 or more
   * @param kind of the content, by Yjs' numbers
   * @param bytes the update it is part of
   * @param origin what was to the left when it was made, or null
   * @param rightOrigin what was to the right, or null
   * @param parent where its parent stands in the bytes; null if a neighbour tells
   * @param keyed whether the parent is told together with a key
   * @param from where its content starts; for strings and arrays without the length before it
   * @param to where its content ends
   * @param torn whether it starts with the second half of a character cut in two
   */
  Struct(
      long client,
      long clock,
      long length,
      int kind,
      byte[] bytes,
      @Nullable Id origin,
      @Nullable Id rightOrigin,
      @Nullable Range parent,
      boolean keyed,
      int from,
      int to,
      boolean torn) {
    this.client = client;
    this.clock = clock;
    this.length = length;
    this.kind = kind;
    this.bytes = bytes;
    this.origin = origin;
    this.rightOrigin = rightOrigin;
    this.parent = parent;
    this.keyed = keyed;
    this.from = from;
    this.to = to;
    this.torn = torn;
  }

  /** A gap, or what only says that something is deleted. */
  static Struct plain(long client, long clock, long length, int kind) {
    return new Struct(
        client, clock, length, kind, new byte[0], null, null, null, false, 0, 0, false);
  }

  long client() {
    return client;
  }

  long clock() {
    return clock;
  }

  long length() {
    return length;
  }

  int kind() {
    return kind;
  }

  long end() {
    return clock + length;
  }

  /** Whether {@code next} is text typed directly after this text, as far as anybody can tell. */
  boolean runsOnInto(Struct next) {
    return kind == STRING
        && next.kind == STRING
        && client == next.client
        && end() == next.clock
        && new Id(client, end() - 1).equals(next.origin)
        && Objects.equals(rightOrigin, next.rightOrigin);
  }

  void writeText(ByteWriter out) {
    out.raw(bytes, from, to);
  }

  boolean isSkip() {
    return kind == SKIP;
  }

  boolean isItem() {
    return kind != GC && kind != SKIP;
  }

  Struct withLength(long newLength) {
    return new Struct(
        client, clock, newLength, kind, bytes, origin, rightOrigin, parent, keyed, from, to, torn);
  }

  /** The same struct with another text of {@code newLength} UTF-16 units. */
  Struct withText(byte[] text, long newLength) {
    byte[] all = text;
    Range where = parent;
    if (where != null) {
      int told = where.to() - where.from();
      all =
          new ByteWriter().raw(bytes, where.from(), where.to()).raw(text, 0, text.length).toBytes();
      where = new Range(0, told);
    }
    return new Struct(
        client,
        clock,
        newLength,
        kind,
        all,
        origin,
        rightOrigin,
        where,
        keyed,
        where == null ? 0 : where.to(),
        all.length,
        false);
  }

  /**
   * What is left of it without its first {@code count} characters or values. Like Yjs, the rest
   * then names the last one cut off as its origin, and of a character cut in two the replacement
   * character is left.
   *
   * @param count less than the length
   */
  Struct after(long count) {
    if (count == 0) {
      return this;
    }
    if (!isItem()) {
      return plain(client, clock + count, length - count, kind);
    }
    int start = from;
    boolean half = false;
    if (kind == STRING) {
      long units = count;
      if (torn) {
        units--; // the replacement character stands for one unit, and for no byte
      }
      while (units > 0) {
        int size = Utf8.size(bytes[start]);
        start += size;
        half = size == 4 && units == 1;
        units -= size == 4 ? 2 : 1;
      }
    } else if (kind == JSON || kind == ANY) {
      ByteReader rest = new ByteReader(bytes, from, to);
      for (long i = 0; i < count; i++) {
        if (kind == JSON) {
          rest.skipVarBytes();
        } else {
          rest.skipAny();
        }
      }
      start = rest.position();
    }
    return new Struct(
        client,
        clock + count,
        length - count,
        kind,
        bytes,
        new Id(client, clock + count - 1),
        rightOrigin,
        parent,
        keyed,
        start,
        to,
        half);
  }

  /** As it stands in an update. */
  void write(ByteWriter out) {
    if (kind == SKIP || kind == GC) {
      out.uint8(kind).varUint(length);
      return;
    }
    out.uint8(
        kind
            | (origin == null ? 0 : ORIGIN)
            | (rightOrigin == null ? 0 : RIGHT_ORIGIN)
            | (keyed ? KEYED : 0));
    write(origin, out);
    write(rightOrigin, out);
    if (origin == null && rightOrigin == null && parent != null) {
      out.raw(bytes, parent.from(), parent.to());
    }
    switch (kind) {
      case DELETED -> out.varUint(length);
      case JSON, ANY -> out.varUint(length).raw(bytes, from, to);
      case STRING -> {
        if (torn) {
          out.varUint(to - from + 3).uint8(0xef).uint8(0xbf).uint8(0xbd).raw(bytes, from, to);
        } else {
          out.varUint(to - from).raw(bytes, from, to);
        }
      }
      default -> out.raw(bytes, from, to);
    }
  }

  private static void write(@Nullable Id id, ByteWriter out) {
    if (id != null) {
      out.varUint(id.client()).varUint(id.clock());
    }
  }
}
