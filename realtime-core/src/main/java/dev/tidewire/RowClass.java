package dev.tidewire;

import dev.tidewire.channel.Draft;
import dev.tidewire.channel.Position;
import dev.tidewire.channel.Publication;
import dev.tidewire.protocol.FrameCodec;
import dev.tidewire.rows.RowSource.Snapshot;
import dev.tidewire.transport.Frame;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * The subscribers of a table channel that see the same of it. Each run of publications is judged
 * and encoded once for all of them; what they get says in {@code prev} what they got before it.
 * Confined to the thread that drains the channel.
 */
final class RowClass {

  private final RowScope scope;
  private final FrameCodec codec;
  private int members;

  /** The last publication that the class saw; null before it is known where it begins. */
  private @Nullable Position last;

  private @Nullable Run run;
  private @Nullable Frame frame;
  private @Nullable Snapshot snapshot;
  private String rows = "";

  RowClass(RowScope scope, FrameCodec codec) {
    this.scope = scope;
    this.codec = codec;
  }

  RowScope scope() {
    return scope;
  }

  /** One member more or less; returns how many there are now. */
  int count(int change) {
    members += change;
    return members;
  }

  /** The next publications of the channel. */
  void see(Run next) {
    run = next;
    frame = null; // in case the next line fails
    snapshot = null; // nobody else will ask for those rows
    rows = "";
    frame = frame(shape(next.publications(), last));
  }

  /**
   * What a member gets of a run, null if nothing.
   *
   * @param before where the member stands, if this is not the run that all get
   */
  @Nullable Frame frame(Run some, @Nullable Position before) {
    return some == run ? frame : frame(shape(some.publications(), before));
  }

  private static @Nullable Frame frame(List<Publication> publications) {
    return publications.isEmpty() ? null : new Run(publications).frame();
  }

  /** The publications as the class sees them, those that it does not see left out. */
  List<Publication> shape(List<Publication> publications, @Nullable Position before) {
    List<Publication> seen = new ArrayList<>(publications.size());
    Position previous = before;
    for (Publication publication : publications) {
      Position position = publication.position();
      Draft draft = scope.see(publication.draft(), codec);
      if (draft != null) {
        if (previous == null || !previous.epoch().equals(position.epoch())) {
          previous = new Position(position.epoch(), 0);
        }
        seen.add(draft.after(previous).at(position, publication.timestamp()));
        previous = position;
      }
    }
    if (!seen.isEmpty() && previous != null) {
      advance(previous);
    }
    return seen;
  }

  /** Where its first member begins. */
  void begin(Position at) {
    last = last == null ? at : last;
  }

  private void advance(Position to) {
    Position known = last;
    if (known == null || !known.epoch().equals(to.epoch()) || known.offset() < to.offset()) {
      last = to;
    }
  }

  /** The rows of a snapshot as the class sees them, a JSON array. */
  @SuppressWarnings("ReferenceEquality") // comparing the rows would take as long as encoding them
  String rows(Snapshot of) {
    if (snapshot != of) {
      rows = codec.toJson(scope.shown(of.rows()));
      snapshot = of;
    }
    return rows;
  }
}
