package dev.tidewire.rows;

import dev.tidewire.channel.Position;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletionStage;
import org.jspecify.annotations.Nullable;

/**
 * SPI: where the rows of a table channel are. Given by change capture with the channel.
 *
 * <p>No method may wait: what takes time happens on threads of the source's own. A stage that fails
 * with a {@link dev.tidewire.Rejection} is told to the client as it is, any other failure as {@code
 * UNAVAILABLE}. Safe for any thread.
 */
public interface RowSource {

  /** The columns that the channel tells of. */
  CompletionStage<RowColumns> columns();

  /**
   * Reads the rows that the filter chooses, as they are right after some publication of the
   * channel: with all that was published up to the answer's position, and nothing of what came
   * later. The position is no earlier than the last publication before this call. Fails with {@code
   * LIMIT_EXCEEDED} if there are more rows than may be told.
   */
  CompletionStage<Snapshot> snapshot(RowFilter filter);

  /**
   * Rows at a position. Shared by whoever asked for the same at the same time.
   *
   * @param rows in the form of {@link dev.tidewire.channel.RowChange#row}; not to be modified
   * @param position the publications after it tell what changed since
   */
  record Snapshot(List<Map<String, @Nullable Object>> rows, Position position) {}
}
