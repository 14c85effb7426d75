package dev.tidewire.changes;

import dev.tidewire.TableChannel.Past;
import dev.tidewire.channel.Position;
import dev.tidewire.channel.RowChange;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;

/** Where committed changes go, in order. */
interface ChangeSink {

  CompletionStage<?> publish(RowChange change);

  CompletionStage<?> reset(String topic);

  /** The place of the last publication on a topic, once all stages have completed. */
  default CompletionStage<Position> position(String topic) {
    return CompletableFuture.failedStage(new UnsupportedOperationException());
  }

  /**
   * Whether what is behind it keeps the streams itself, so that several nodes may publish one after
   * another. Then changes are published with keys, and nothing is restored.
   */
  default boolean isShared() {
    return false;
  }

  /** The same once, if it is shared: a repeat of the key tells the first position. */
  default CompletionStage<Position> publish(RowChange change, String key) {
    return CompletableFuture.failedStage(new UnsupportedOperationException());
  }

  default CompletionStage<Position> reset(String topic, String key) {
    return CompletableFuture.failedStage(new UnsupportedOperationException());
  }

  /** Puts an earlier life of a channel back; comes first. */
  default void restore(String topic, Position last, List<Past> newest) {}
}
