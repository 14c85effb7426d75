/**
 * Tidewire beside a bare Jakarta endpoint on the same Jetty, each in a JVM of its own, with the
 * load in another. Read {@link dev.tidewire.benchmarks.fanout.FanOut}, {@link
 * dev.tidewire.benchmarks.fanout.Scenario}, {@link dev.tidewire.benchmarks.fanout.Deliveries}.
 */
@NullMarked
package dev.tidewire.benchmarks.fanout;

import org.jspecify.annotations.NullMarked;
