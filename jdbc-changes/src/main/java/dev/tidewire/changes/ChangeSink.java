package dev.tidewire.changes;

import dev.tidewire.TableChannel.Past;
import dev.tidewire.channel.Position;
import dev.tidewire.channel.RowChange;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;

/** Where committed changes go, in order. Called from the publisher's thread only. */
interface ChangeSink {

  CompletionStage<?> publish(RowChange change);

  CompletionStage<?> reset(String topic);

  /** The place of the last publication on a topic, once all stages have completed. */
  default CompletionStage<Position> position(String topic) {
    return CompletableFuture.failedStage(new UnsupportedOperationException());
  }

  /** Puts an earlier life of a channel back; comes first. */
  default void restore(String topic, Position last, List<Past> newest) {}
}
