package dev.tidewire;

import dev.tidewire.channel.Position;
import dev.tidewire.channel.Publication;
import dev.tidewire.transport.Frame;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Publications of one channel that are delivered together: one frame that every subscriber shares.
 * Confined to the thread that drains the channel.
 */
final class Run {

  private final List<Publication> publications;
  private final boolean isForAll;
  private @Nullable Frame frame;

  Run(List<Publication> publications) {
    this.publications = publications;
    this.isForAll = areForAll(publications);
  }

  private static boolean areForAll(List<Publication> publications) {
    for (int i = 0; i < publications.size(); i++) {
      if (publications.get(i).exceptSession() != null) {
        return false;
      }
    }
    return true;
  }

  List<Publication> publications() {
    return publications;
  }

  long firstOffset() {
    return publications.get(0).position().offset();
  }

  Position lastPosition() {
    return publications.get(publications.size() - 1).position();
  }

  /** Whether all of them are meant for every session. */
  boolean isForAll() {
    return isForAll;
  }

  /** Whether one of the publications is not meant for the session. */
  boolean excludes(String session) {
    for (int i = 0; i < publications.size(); i++) {
      if (session.equals(publications.get(i).exceptSession())) {
        return true;
      }
    }
    return false;
  }

  Frame frame() {
    Frame known = frame;
    if (known == null) {
      known =
          publications.size() == 1
              ? Frames.of(publications.get(0))
              : Frame.join(publications.stream().map(Frames::of).toList());
      frame = known;
    }
    return known;
  }
}
