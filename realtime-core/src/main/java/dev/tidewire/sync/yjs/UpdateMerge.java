package dev.tidewire.sync.yjs;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.PriorityQueue;
import org.jspecify.annotations.Nullable;

/**
 * Joins updates without building the document: the algorithm of {@code mergeUpdates} in Yjs ({@code
 * src/utils/updates.js}, MIT licence, Kevin Jahns), written anew. All updates are read side by
 * side, highest client first and by clock within a client. What was written already is left out, a
 * struct that starts within the last one written is cut, and between structs that do not touch a
 * gap is written, so that nothing claims what is missing.
 *
 * <p>The result is the bytes that Yjs itself would give. Not thread-safe; made for one merge.
 */
final class UpdateMerge {

  /** An update being read; of two at the same struct the one with the lower rank comes first. */
  private static final class Source {
    private final StructReader reader;
    private @Nullable Struct current;
    private long rank;

    Source(byte[] update, long rank) {
      this.reader = new StructReader(update);
      this.rank = rank;
      advance();
    }

    void advance() {
      do {
        current = reader.next();
      } while (current != null && current.isSkip());
    }

    Struct struct() {
      if (current == null) {
        throw new IllegalStateException("read to its end");
      }
      return current;
    }
  }

  private static final Comparator<Source> ORDER =
      Comparator.comparingLong((Source s) -> -s.struct().client())
          .thenComparingLong(s -> s.struct().clock())
          .thenComparingLong(s -> s.rank);

  private final List<Source> sources = new ArrayList<>();
  private final PriorityQueue<Source> waiting = new PriorityQueue<>(ORDER);
  private final UpdateWriter out;
  private long turns;
  private @Nullable Struct last;

  private UpdateMerge(List<byte[]> updates, UpdateWriter out) {
    this.out = out;
    for (byte[] update : updates) {
      Source source = new Source(update, sources.size());
      sources.add(source);
      if (source.current != null) {
        waiting.add(source);
      }
    }
  }

  /** Joins updates whose clients are in order; of one the bytes as they are. */
  static byte[] merge(List<byte[]> updates) {
    return updates.size() == 1
        ? updates.get(0)
        : new UpdateMerge(updates, new UpdateWriter()).run();
  }

  private byte[] run() {
    while (!waiting.isEmpty()) {
      Source source = waiting.remove();
      take(source);
      if (source.current != null) {
        source.rank = --turns; // who was first stays first among equals
        waiting.add(source);
      }
    }
    if (last != null) {
      out.write(last);
    }
    ClockSet deletes = new ClockSet();
    sources.forEach(source -> deletes.addAll(source.reader.deletes()));
    deletes.normalize();
    return out.finish(deletes);
  }

  private void take(Source source) {
    long client = source.struct().client();
    if (last == null) {
      last = source.struct();
      source.advance();
    } else if (!continues(source, client, last)) {
      return;
    }
    while (last != null
        && source.current != null
        && source.current.client() == client
        && source.current.clock() == last.end()) {
      out.write(last);
      last = source.current;
      source.advance();
    }
  }

  /** Goes on after {@code before}; false if the other sources have to be looked at first. */
  private boolean continues(Source source, long client, Struct before) {
    boolean skipped = false;
    while (source.current != null
        && source.current.end() <= before.end()
        && source.current.client() >= before.client()) {
      source.advance();
      skipped = true;
    }
    Struct next = source.current;
    if (next == null || next.client() != client || (skipped && next.clock() > before.end())) {
      return false;
    }
    if (client != before.client()) {
      out.write(before);
      last = next;
      source.advance();
    } else if (before.end() < next.clock()) {
      out.write(before);
      last = Struct.plain(client, before.end(), next.clock() - before.end(), Struct.SKIP);
    } else {
      Struct rest = next.after(before.end() - next.clock());
      if (before.kind() == Struct.GC && rest.kind() == Struct.GC) {
        last = before.withLength(before.length() + rest.length()); // read past it at the next turn
      } else {
        out.write(before);
        last = rest;
        source.advance();
      }
    }
    return true;
  }

  /**
   * What of an update is missing where the state vector stands, with all its deletions: {@code
   * diffUpdate} of Yjs.
   */
  static byte[] diff(byte[] update, StateVector has) {
    StructReader reader = new StructReader(update);
    UpdateWriter out = new UpdateWriter();
    long writing = -1;
    for (Struct struct = reader.next(); struct != null; struct = reader.next()) {
      if (struct.client() == writing) {
        out.write(struct);
      } else if (!struct.isSkip() && struct.end() > has.clock(struct.client())) {
        out.write(struct.after(Math.max(has.clock(struct.client()) - struct.clock(), 0)));
        writing = struct.client();
      }
    }
    return out.finish(reader.deletes());
  }

  /** What an update has of each client from the first clock on without a gap. */
  static StateVector stateVector(byte[] update) {
    StructReader reader = new StructReader(update);
    StateVector vector = new StateVector();
    for (Struct struct = reader.next(); struct != null; struct = reader.next()) {
      if (!struct.isSkip() && struct.clock() == vector.clock(struct.client())) {
        vector.set(struct.client(), struct.end());
      }
    }
    reader.deletes();
    return vector;
  }

  /**
   * The same update with its runs of text joined: characters typed one after the other, each an
   * update of its own, become one struct, as they do in every client. For Yjs the two are the same
   * document: a client cuts a struct wherever something was put in between.
   */
  static byte[] compact(byte[] update) {
    StructReader reader = new StructReader(update);
    UpdateWriter out = new UpdateWriter();
    TextRun run = new TextRun();
    for (Struct struct = reader.next(); struct != null; struct = reader.next()) {
      if (!run.append(struct)) {
        run.flush(out);
        run = new TextRun();
        run.append(struct);
      }
    }
    run.flush(out);
    return out.finish(reader.deletes());
  }

  /** One struct, or several of text that continue each other. */
  private static final class TextRun {
    private @Nullable Struct first;
    private @Nullable Struct latest;
    private final ByteWriter text = new ByteWriter();

    boolean append(Struct struct) {
      if (first == null) {
        first = struct;
      } else if (latest == null || !latest.runsOnInto(struct)) {
        return false;
      } else {
        if (text.size() == 0) {
          first.writeText(text);
        }
        struct.writeText(text);
      }
      latest = struct;
      return true;
    }

    void flush(UpdateWriter out) {
      if (first == null || latest == null) {
        return;
      }
      if (text.size() == 0) {
        out.write(first);
      } else {
        out.write(first.withText(text.toBytes(), latest.end() - first.clock()));
      }
    }
  }
}
