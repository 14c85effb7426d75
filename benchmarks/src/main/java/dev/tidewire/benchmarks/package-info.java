/**
 * Measures what a delivery and a captured write cost. {@link dev.tidewire.benchmarks.Benchmarks} is
 * the way in.
 */
@NullMarked
package dev.tidewire.benchmarks;

import org.jspecify.annotations.NullMarked;
