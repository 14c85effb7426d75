package dev.tidewire.changes;

import dev.tidewire.channel.Operation;
import dev.tidewire.channel.RowChange;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.CopyOnWriteArrayList;

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

  final List<Event> events = new CopyOnWriteArrayList<>();

  @Override
  public CompletionStage<?> publish(RowChange change) {
    events.add(new Event(change.topic(), change));
    return CompletableFuture.completedStage(null);
  }

  @Override
  public CompletionStage<?> reset(String topic) {
    events.add(new Event(topic, null));
    return CompletableFuture.completedStage(null);
  }
}
