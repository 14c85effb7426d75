package dev.tidewire.sync.yjs;

import dev.tidewire.sync.yjs.DeleteSet.Span;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/**
 * An update that was read from beginning to end and found good: its bytes, and what it is about.
 * Immutable, safe for any thread.
 */
final class UpdateCheck {

  private final byte[] update;
  private final Map<Long, List<Span>> structs;
  private final DeleteSet deletes;

  private UpdateCheck(byte[] update, Map<Long, List<Span>> structs, DeleteSet deletes) {
    this.update = update;
    this.structs = structs;
    this.deletes = deletes;
  }

  /** The bytes, clients in Yjs' order. */
  byte[] update() {
    return update;
  }

  /** Clocks it has by client, in order, without the gaps. */
  Map<Long, List<Span>> structs() {
    return structs;
  }

  /** What it deletes; not to be changed. */
  DeleteSet deletes() {
    return deletes;
  }

  /**
   * Reads an update. One whose clients are in another order than Yjs writes them is put in order.
   *
   * @throws BadUpdate if it is none, or one that would make a client throw
   */
  static UpdateCheck of(byte[] update) {
    StructReader reader = new StructReader(update);
    Map<Long, List<Span>> structs = new HashMap<>();
    for (Struct struct = reader.next(); struct != null; struct = reader.next()) {
      if (!struct.isSkip()) {
        add(structs.computeIfAbsent(struct.client(), c -> new ArrayList<>(1)), struct);
      }
    }
    DeleteSet deletes = reader.deletes();
    byte[] ordered = reader.isOrdered() ? update : order(update);
    return new UpdateCheck(ordered, structs, deletes);
  }

  private static void add(List<Span> spans, Struct struct) {
    Span last = spans.isEmpty() ? null : spans.get(spans.size() - 1);
    if (last != null && last.to() > struct.clock()) {
      throw new BadUpdate("a client that is in it twice");
    }
    if (last != null && last.to() == struct.clock()) {
      spans.set(spans.size() - 1, new Span(last.from(), struct.end()));
    } else {
      spans.add(new Span(struct.clock(), struct.end()));
    }
  }

  private static byte[] order(byte[] update) {
    StructReader reader = new StructReader(update);
    Map<Long, List<Struct>> clients = new TreeMap<>(Comparator.reverseOrder());
    long previous = -1;
    for (Struct struct = reader.next(); struct != null; struct = reader.next()) {
      List<Struct> known = clients.computeIfAbsent(struct.client(), c -> new ArrayList<>());
      boolean goesOn = struct.client() == previous && last(known).end() == struct.clock();
      if (!known.isEmpty() && !goesOn) {
        throw new BadUpdate("a client that is in it twice");
      }
      known.add(struct);
      previous = struct.client();
    }
    UpdateWriter out = new UpdateWriter();
    clients.values().forEach(structs -> structs.forEach(out::write));
    return out.finish(reader.deletes());
  }

  private static Struct last(List<Struct> structs) {
    return structs.get(structs.size() - 1);
  }
}
