package dev.tidewire.rows;

import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.Map;

/**
 * The columns that a table channel tells of. Immutable, safe for any thread.
 *
 * @param types the type of each, by the name that stands in the rows
 */
public record RowColumns(Map<String, ColumnType> types) {

  public RowColumns {
    types = Collections.unmodifiableMap(new LinkedHashMap<>(types));
  }
}
