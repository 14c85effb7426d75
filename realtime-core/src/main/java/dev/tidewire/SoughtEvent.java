package dev.tidewire;

import dev.tidewire.broker.Tail;
import dev.tidewire.channel.Draft;
import dev.tidewire.channel.Position;
import dev.tidewire.channel.Publication;
import dev.tidewire.channel.RowChange;
import dev.tidewire.inspector.Explanation.Step;
import dev.tidewire.inspector.Explanation.Verdict;
import java.time.Instant;
import org.jspecify.annotations.Nullable;

/**
 * An event that is asked about, as far as the broker still has it. Immutable, safe for any thread.
 *
 * @param tail what the broker keeps from the event on
 */
record SoughtEvent(String topic, Position position, Tail tail) {

  /** Why there is no such event; null if there is, or was. */
  @Nullable Verdict missing() {
    if (!tail.position().epoch().equals(position.epoch())) {
      return Verdict.OTHER_LIFE;
    }
    return position.offset() > tail.position().offset() ? Verdict.NOT_PUBLISHED : null;
  }

  /** The event, if it is retained and not too far back. */
  @Nullable Publication event() {
    return tail.publications().isEmpty() ? null : tail.publications().get(0);
  }

  /** Whether the channel has it, and where it came from. */
  Step captured() {
    if (missing() == Verdict.OTHER_LIFE) {
      return Step.unknown(
          tail.position().offset() == 0
              ? "Nothing was published to '"
                  + topic
                  + "' in this life of its stream. It may be"
                  + " new, forgotten since, or its name misspelt."
              : "The position belongs to another life of the stream: it is at "
                  + tail.position()
                  + " now. A stream begins anew when its broker does.");
    }
    if (missing() == Verdict.NOT_PUBLISHED) {
      return Step.no("The channel is at " + tail.position() + ": it has not come so far.");
    }
    Publication event = event();
    if (event == null) {
      return Step.unknown(
          "It was published, but is no longer retained (or lies too far back): what it was cannot"
              + " be told. The channel is at "
              + tail.position()
              + ".");
    }
    String by = event.userId() == null ? "the server" : "'" + event.userId() + "'";
    String at = Instant.ofEpochMilli(event.timestamp()).toString();
    if (event.kind() == Draft.Kind.RESET) {
      return Step.yes(
          "Something changed that could not be told row by row ("
              + event.event()
              + "): subscribers were told to load again, at "
              + at
              + ".");
    }
    if (event.kind() == Draft.Kind.EVENT) {
      return Step.yes("Event '" + event.event() + "', published by " + by + " at " + at + ".");
    }
    RowChange change = event.change();
    String transaction = change == null ? null : change.transaction();
    return Step.yes(
        event.event()
            + " of a row, captured from the database"
            + (transaction == null ? "" : " in transaction " + transaction)
            + ", written by "
            + by
            + ", published at "
            + at
            + ".");
  }
}
