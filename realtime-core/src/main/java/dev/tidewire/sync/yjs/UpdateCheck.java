package dev.tidewire.sync.yjs;

import dev.tidewire.sync.yjs.ClockSet.Span;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/**
 * An update that was read from beginning to end and found good: its bytes, and what it is about.
 * Immutable, safe for any thread.
 */
final class UpdateCheck {

  private final byte[] update;
  private final ClockSet structs;
  private final ClockSet deletes;

  private UpdateCheck(byte[] update, ClockSet structs, ClockSet deletes) {
    this.update = update;
    this.structs = structs;
    this.deletes = deletes;
  }

  /** The bytes, clients in Yjs' order. */
  byte[] update() {
    return update;
  }

  /** The clocks it has; not to be changed. */
  ClockSet structs() {
    return structs;
  }

  /** What it deletes; not to be changed. */
  ClockSet deletes() {
    return deletes;
  }

  /**
   * Reads an update. One whose clients are in another order than Yjs writes them is put in order.
   *
   * @throws BadUpdate if it is none, or one that would make a client throw
   */
  static UpdateCheck of(byte[] update) {
    StructReader reader = new StructReader(update);
    ClockSet structs = new ClockSet();
    for (Struct struct = reader.next(); struct != null; struct = reader.next()) {
      if (!struct.isSkip()) {
        structs.add(struct.client(), new Span(struct.clock(), struct.end()));
      }
    }
    structs.normalize();
    ClockSet deletes = reader.deletes();
    byte[] ordered = reader.isOrdered() ? update : order(update);
    return new UpdateCheck(ordered, structs, deletes);
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
