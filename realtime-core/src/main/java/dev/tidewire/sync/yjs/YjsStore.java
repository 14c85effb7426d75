package dev.tidewire.sync.yjs;

import java.util.Collection;
import java.util.Map;
import java.util.concurrent.CompletionStage;

/**
 * Keeps the updates of Yjs documents. A document is the merge of its updates, in any order; a store
 * only keeps bytes.
 *
 * <p>Safe for any thread. No call may block for long; stages complete exceptionally when the
 * backend fails. What a stage of {@link #append} or {@link #replace} reported done must survive
 * what the store promises to survive: others see an edit only afterwards.
 */
public interface YjsStore extends AutoCloseable {

  /**
   * Everything kept of a room, by the keys that {@link #append} gave, the oldest first; empty if
   * there is nothing. The bytes are not changed by whoever gets them.
   */
  CompletionStage<Map<String, byte[]>> load(String room);

  /**
   * Keeps one more update.
   *
   * @param room 1 to 255 characters without control characters or blanks at the ends
   * @return a key of its own within the room
   */
  CompletionStage<String> append(String room, byte[] update);

  /**
   * Puts one update in the place of others that it contains; in one step, so that there is no
   * moment at which one of the two cannot be loaded. Fails, and changes nothing, unless all of the
   * keys are there: somebody else may have replaced them.
   *
   * @return the new update's key
   */
  CompletionStage<String> replace(String room, Collection<String> keys, byte[] update);

  /**
   * Whether whoever reads this store on another node finds there what was stored here; then an edit
   * is stored once, and other nodes take it as stored. By default true, as for a database that all
   * nodes use. Where each node has a store of its own, every node stores every edit that it hears
   * of.
   */
  default boolean isShared() {
    return true;
  }

  /** Forgets a room. */
  CompletionStage<Void> delete(String room);

  @Override
  void close();
}
