package dev.tidewire;

import dev.tidewire.rows.RowSource;
import org.jspecify.annotations.Nullable;

/** Where a table channel's rows are, and who may see which. Immutable, safe for any thread. */
record TableRows(RowSource source, @Nullable RowPolicy policy) {}
