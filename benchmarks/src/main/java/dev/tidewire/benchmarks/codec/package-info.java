/** What encoding and decoding a frame costs. */
@NullMarked
package dev.tidewire.benchmarks.codec;

import org.jspecify.annotations.NullMarked;
