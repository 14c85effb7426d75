/**
 * Rows of a table channel as somebody may see them: {@link dev.tidewire.rows.Where} says which,
 * {@link dev.tidewire.rows.RowFilter} judges one row as the database would, and {@link
 * dev.tidewire.rows.RowSource} reads those that there are.
 */
@NullMarked
package dev.tidewire.rows;

import org.jspecify.annotations.NullMarked;
