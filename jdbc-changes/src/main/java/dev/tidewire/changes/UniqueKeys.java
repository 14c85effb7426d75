package dev.tidewire.changes;

import java.util.List;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * What a new row of a table may conflict with. All names in lower case. Immutable, safe for any
 * thread.
 *
 * @param known whether {@code keys} is all there is
 * @param keys the columns of each unique key, the primary key first
 * @param implicit columns that get a value of their own when none is given, other than a counter
 * @param counter the column that counts up, if there is one
 */
record UniqueKeys(
    boolean known, List<List<String>> keys, Set<String> implicit, @Nullable String counter) {

  static final UniqueKeys UNKNOWN = new UniqueKeys(false, List.of(), Set.of(), null);
}
