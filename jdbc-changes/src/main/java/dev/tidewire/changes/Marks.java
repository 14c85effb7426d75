package dev.tidewire.changes;

import dev.tidewire.channel.Position;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import java.util.function.Predicate;

/**
 * Marks behind everything that is committed by now, and where the sink says the channels stand.
 * Safe for any thread; {@link #position} and {@link #positions} wait for the sink.
 */
final class Marks {

  private static final long POSITION_PATIENCE_SECONDS = 5;

  private final ChangeSink sink;
  private final Predicate<Runnable> marker;

  /**
   * @param marker has something run by the publishing thread behind all that is committed by now;
   *     false if that has stopped
   */
  Marks(ChangeSink sink, Predicate<Runnable> marker) {
    this.sink = sink;
    this.marker = marker;
  }

  /**
   * Sets a mark; fails if the capture is closed.
   *
   * @param reached called by the publishing thread at the mark, to complete the result then or
   *     later
   */
  <T> CompletionStage<T> set(Consumer<CompletableFuture<T>> reached) {
    CompletableFuture<T> result = new CompletableFuture<>();
    if (!marker.test(() -> reached.accept(result))) {
      result.completeExceptionally(closed());
    }
    return result;
  }

  static IllegalStateException closed() {
    return new IllegalStateException("the capture is closed");
  }

  Position position(String topic) throws Exception {
    return sink.position(topic)
        .toCompletableFuture()
        .get(POSITION_PATIENCE_SECONDS, TimeUnit.SECONDS);
  }

  Map<String, Position> positions(Set<CapturedTable> tables) throws Exception {
    Map<String, Position> positions = new LinkedHashMap<>();
    for (CapturedTable table : tables) {
      positions.put(table.topic(), position(table.topic()));
    }
    return positions;
  }
}
