package dev.tidewire.changes;

import org.jspecify.annotations.Nullable;

/** Who writes, and why, as far as the application said. */
record Actor(@Nullable String userId, @Nullable String cause) {

  static final Actor UNKNOWN = new Actor(null, null);
}
