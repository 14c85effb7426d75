package dev.tidewire.sync.yjs;

import java.util.Arrays;

/**
 * What somebody has of a document, in few bytes. Immutable by convention (the bytes are not
 * copied), safe for any thread.
 *
 * @param structs digest of all structs
 * @param deletes digest of all deletions
 * @param vector the state vector, for whoever is to send what is missing; empty if nobody is
 */
@SuppressWarnings("ArrayRecordComponent") // shared, never copied: see above
record Contents(byte[] structs, byte[] deletes, byte[] vector) {

  boolean isSameAs(Contents other) {
    return Arrays.equals(structs, other.structs) && Arrays.equals(deletes, other.deletes);
  }

  boolean hasVector() {
    return vector.length > 0;
  }
}
