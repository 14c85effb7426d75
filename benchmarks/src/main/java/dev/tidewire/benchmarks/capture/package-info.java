/** What the capture adds to a statement. */
@NullMarked
package dev.tidewire.benchmarks.capture;

import org.jspecify.annotations.NullMarked;
