/** What a publication costs from the publisher to the connections, without a network. */
@NullMarked
package dev.tidewire.benchmarks.delivery;

import org.jspecify.annotations.NullMarked;
