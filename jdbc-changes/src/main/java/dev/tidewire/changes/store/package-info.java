/**
 * What the stores of this module share: how they reach their database, make their table, judge a
 * failure, and which threads they run. For them only; applications meet the stores themselves.
 */
@NullMarked
package dev.tidewire.changes.store;

import org.jspecify.annotations.NullMarked;
