package dev.tidewire.sync;

import java.util.Collection;
import java.util.List;
import java.util.concurrent.CompletionStage;
import org.jspecify.annotations.Nullable;

/**
 * Keeps shared documents, each under its name.
 *
 * <p>Contract, held by every implementation:
 *
 * <ul>
 *   <li>When {@link #save} completes, the writes survive whatever the store survives; if it fails,
 *       any of them may have been stored.
 *   <li>All of a save is stored or nothing is.
 *   <li>Of two writes of a field the one with the later stamp stays, in whatever order and by
 *       whichever node they are saved.
 *   <li>A load that starts after a save completed sees it.
 * </ul>
 *
 * <p>Safe for any thread. No call waits; stages complete exceptionally when the backend cannot be
 * reached.
 */
public interface DocumentStore extends AutoCloseable {

  /** Everything stored of a document; nothing if it is unknown. */
  CompletionStage<Stored> load(String name);

  /**
   * Stores writes of a document.
   *
   * @param purge removals to forget, as long as no later write took their place, and the floor to
   *     keep instead; null for none
   */
  CompletionStage<Void> save(
      String name, Collection<FieldWrite> writes, FieldMap.@Nullable Purge purge);

  @Override
  void close();

  /**
   * A document as it is stored.
   *
   * @param writes the last write of every field
   * @param floor the latest stamp that was purged, or null
   */
  record Stored(List<FieldWrite> writes, @Nullable Stamp floor) {

    /** A document that nobody has written to. */
    public static Stored nothing() {
      return new Stored(List.of(), null);
    }
  }
}
