package dev.tidewire.changes;

import dev.tidewire.channel.Position;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.CompletionStage;

/** What others ask of the order in which changes are published. Safe for any thread. */
interface PublishedOrder {

  /**
   * Opens a window behind everything that is committed by now; completes when a transaction that
   * begins sees all of that.
   */
  CompletionStage<Boolean> open(Window window);

  /** Closes a window behind everything that is committed by now; tells the position of that. */
  CompletionStage<Position> close(Window window);

  /** Tells where the channels stand behind everything that is committed by now. */
  CompletionStage<Map<String, Position>> positions(Set<CapturedTable> tables);
}
