package dev.tidewire.sync.yjs;

import org.jspecify.annotations.Nullable;

/**
 * Reads an update of format 1 piece by piece, and refuses what would make a client of Yjs throw: an
 * update that throws half-way leaves that client with a part of it. Not thread-safe.
 */
final class StructReader {

  private static final int MAX_TYPE = 6;
  private static final int XML_ELEMENT = 3;
  private static final int XML_HOOK = 5;

  private final ByteReader in;
  private long clientsLeft;
  private long structsLeft;
  private long client = Long.MAX_VALUE;
  private long clock;
  private boolean ordered = true;

  StructReader(byte[] update) {
    in = new ByteReader(update);
    clientsLeft = in.varUint();
    if (clientsLeft > StateVector.MAX_CLIENTS) {
      throw new BadUpdate("an update of " + clientsLeft + " clients");
    }
  }

  /** Whether the clients came so far as Yjs writes them: the highest first, none empty. */
  boolean isOrdered() {
    return ordered;
  }

  /**
   * The next piece, or null after the last one.
   *
   * @throws BadUpdate if the bytes are no update
   */
  @Nullable Struct next() {
    while (structsLeft == 0) {
      if (clientsLeft == 0) {
        return null;
      }
      clientsLeft--;
      structsLeft = in.varUint();
      long next = in.varUint();
      ordered &= next < client && structsLeft > 0;
      client = next;
      clock = in.varUint();
    }
    structsLeft--;
    Struct struct = read();
    clock = struct.end();
    if (clock > ByteReader.MAX_SAFE) {
      throw new BadUpdate("a clock beyond 2^53 - 1");
    }
    return struct;
  }

  /** The delete set, after the last piece; nothing may follow it. */
  ClockSet deletes() {
    ClockSet deletes = ClockSet.read(in);
    in.requireEnd();
    return deletes;
  }

  private Struct read() {
    int info = in.uint8();
    int kind = info & Struct.KIND;
    if (kind == Struct.GC || kind == Struct.SKIP) {
      if (info != kind) {
        throw new BadUpdate("flags on a struct that has none: " + info);
      }
      return Struct.plain(client, clock, count(in.varUint()), kind);
    }
    Struct.Id origin = (info & Struct.ORIGIN) == 0 ? null : earlier(id());
    Struct.Id rightOrigin = (info & Struct.RIGHT_ORIGIN) == 0 ? null : earlier(id());
    boolean keyed = false;
    Struct.Range parent = null;
    if (origin == null && rightOrigin == null) {
      keyed = (info & Struct.KEYED) != 0;
      int from = in.position();
      skipParent(keyed);
      parent = new Struct.Range(from, in.position());
    }
    return content(kind, origin, rightOrigin, parent, keyed);
  }

  private Struct.Id id() {
    return new Struct.Id(in.varUint(), in.varUint());
  }

  /** Nobody can stand beside, or in, what the same client makes later. */
  private Struct.Id earlier(Struct.Id id) {
    if (id.client() == client && id.clock() >= clock) {
      throw new BadUpdate("a struct that refers to itself or to a later one");
    }
    return id;
  }

  private void skipParent(boolean keyed) {
    long named = in.varUint();
    if (named == 1) {
      in.skipVarString();
    } else if (named == 0) {
      earlier(id());
    } else {
      throw new BadUpdate("neither the name nor the id of a parent: " + named);
    }
    if (keyed) {
      in.skipVarString();
    }
  }

  private Struct content(
      int kind,
      Struct.@Nullable Id origin,
      Struct.@Nullable Id rightOrigin,
      Struct.@Nullable Range parent,
      boolean keyed) {
    long length = 1;
    int from = in.position();
    switch (kind) {
      case Struct.DELETED -> length = in.varUint();
      case Struct.JSON, Struct.ANY -> {
        length = in.varUint();
        from = in.position();
        for (long i = 0; i < length; i++) {
          if (kind == Struct.JSON) {
            in.skipVarJsonOrUndefined();
          } else {
            in.skipAny();
          }
        }
      }
      case Struct.STRING -> {
        from = in.startOfString();
        length = Utf8.units(in.bytes(), from, in.position());
      }
      case Struct.BINARY -> in.skipVarBytes();
      case Struct.EMBED -> in.skipVarJson();
      case Struct.FORMAT -> {
        in.skipVarString();
        in.skipVarJson();
      }
      case Struct.TYPE -> skipType();
      case Struct.DOC -> {
        in.skipVarString();
        in.skipAnyObject();
      }
      default -> throw new BadUpdate("no kind of content: " + kind);
    }
    return new Struct(
        client,
        clock,
        count(length),
        kind,
        in.bytes(),
        origin,
        rightOrigin,
        parent,
        keyed,
        from,
        in.position(),
        false);
  }

  private void skipType() {
    long type = in.varUint();
    if (type > MAX_TYPE) {
      throw new BadUpdate("no shared type: " + type);
    }
    if (type == XML_ELEMENT || type == XML_HOOK) {
      in.skipVarString();
    }
  }

  private static long count(long length) {
    if (length == 0) {
      throw new BadUpdate("an empty struct");
    }
    return length;
  }
}
