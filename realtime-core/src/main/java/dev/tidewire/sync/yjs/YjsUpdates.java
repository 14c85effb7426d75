package dev.tidewire.sync.yjs;

import java.util.ArrayList;
import java.util.List;

/**
 * The update format of Yjs (version 1) in Java: what the server itself does with updates, for
 * whoever keeps, copies or checks documents. Updates are what {@code Y.encodeStateAsUpdate} gives
 * and {@code Y.applyUpdate} takes; a document is the merge of all its updates, in any order and
 * however often each is in it.
 *
 * <p>Every method throws {@link IllegalArgumentException} for bytes that are not what they should
 * be. Stateless, safe for any thread.
 */
public final class YjsUpdates {

  private YjsUpdates() {}

  /**
   * One update with all that is in the given ones, as {@code Y.mergeUpdates} gives it. What is
   * missing in between stays missing and is marked as a gap.
   */
  public static byte[] merge(List<byte[]> updates) {
    List<byte[]> ordered = new ArrayList<>(updates.size());
    updates.forEach(update -> ordered.add(UpdateCheck.of(update).update()));
    return UpdateMerge.merge(ordered);
  }

  /**
   * What of {@code update} somebody misses who has {@code stateVector}, as {@code Y.diffUpdate}
   * gives it: structs that are new, and all deletions.
   *
   * @param stateVector as {@code Y.encodeStateVector} gives it
   */
  public static byte[] diff(byte[] update, byte[] stateVector) {
    return UpdateMerge.diff(UpdateCheck.of(update).update(), StateVector.read(stateVector));
  }

  /**
   * How far {@code update} goes without a gap, as {@code Y.encodeStateVectorFromUpdate} gives it.
   */
  public static byte[] stateVector(byte[] update) {
    return UpdateMerge.stateVector(UpdateCheck.of(update).update()).toBytes();
  }

  /** The same document in fewer bytes: text typed one after the other becomes one run. */
  public static byte[] compact(byte[] update) {
    return UpdateMerge.compact(UpdateCheck.of(update).update());
  }

  /** Returns if {@code update} is an update that every client can take. */
  public static void check(byte[] update) {
    UpdateCheck.of(update);
  }
}
