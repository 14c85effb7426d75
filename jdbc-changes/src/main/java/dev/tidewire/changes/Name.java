package dev.tidewire.changes;

import java.util.List;

/**
 * A table as a statement names it.
 *
 * @param text the name as written, with quotes and schema
 * @param parts its parts without quotes, the table last
 */
record Name(String text, List<Part> parts) {

  /** One part of a name, unfolded. */
  record Part(String text, boolean quoted) {}

  Part table() {
    return parts.get(parts.size() - 1);
  }

  /** Whether the last part is {@code table}, whatever the case. */
  boolean mayBe(String table) {
    return table().text().equalsIgnoreCase(table);
  }
}
