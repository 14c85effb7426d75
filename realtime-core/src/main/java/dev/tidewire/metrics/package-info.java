/**
 * A bus's numbers as Micrometer meters; begin with {@link dev.tidewire.metrics.RealtimeMetrics}.
 * Nothing else needs Micrometer, which the application brings.
 */
@NullMarked
package dev.tidewire.metrics;

import org.jspecify.annotations.NullMarked;
