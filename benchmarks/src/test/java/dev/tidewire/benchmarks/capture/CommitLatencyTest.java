package dev.tidewire.benchmarks.capture;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;

/** The whole way, small. */
class CommitLatencyTest {

  @Test
  void everyClientGetsEveryRowOnce() throws Exception {
    long[] nanos = new CommitLatency(100, 1, 1, 2).measure("h2");
    assertThat(nanos).hasSize(200).isSorted();
    assertThat(nanos[0]).isPositive();
  }
}
