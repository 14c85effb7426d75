package dev.tidewire.changes;

import dev.tidewire.channel.Operation;
import dev.tidewire.channel.RowChange;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;

/** Keeps what was published, in order. */
final class RecordingSink implements ChangeSink {

  /** A change, or the reset of a channel. */
  record Event(String topic, RowChange change) {

    boolean isReset() {
      return change == null;
    }

    /** Short and readable: what a test compares. */
    @Override
    public String toString() {
      if (change == null) {
        return "RESET " + topic;
      }
      String text = change.operation() + " " + topic + " " + change.row();
      return change.operation() == Operation.UPDATE ? text + " was " + change.old() : text;
    }
  }

  private volatile long ticked;

  /** Appended by the publisher's thread; a copy is taken to look at it. */
  private final List<Event> recorded = new ArrayList<>();

  List<Event> events() {
    return from(0);
  }

  /** What was published after the first {@code seen}. */
  List<Event> from(int seen) {
    synchronized (recorded) {
      return List.copyOf(recorded.subList(seen, recorded.size()));
    }
  }

  /** The last row of the fixture's clock that was published. */
  long ticked() {
    return ticked;
  }

  private CompletionStage<?> record(Event event) {
    synchronized (recorded) {
      recorded.add(event);
    }
    if (event.topic().equals(Fixture.TICK) && !event.isReset()) {
      ticked = (Long) event.change().row().get("n");
    }
    return CompletableFuture.completedStage(null);
  }

  @Override
  public CompletionStage<?> publish(RowChange change) {
    return record(new Event(change.topic(), change));
  }

  @Override
  public CompletionStage<?> reset(String topic) {
    return record(new Event(topic, null));
  }
}
