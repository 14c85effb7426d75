package dev.tidewire.benchmarks.capture;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;

/** Each operation does what its name says, with the capture. */
class CaptureBenchmarkTest {

  @Test
  void everyOperationWritesItsRows() throws Exception {
    CaptureBenchmark benchmark = new CaptureBenchmark();
    benchmark.mode = "captured";
    benchmark.start();
    try {
      benchmark.fill();
      assertThat(benchmark.insert()).isOne();
      assertThat(benchmark.update()).isOne();
      assertThat(benchmark.delete()).isOne();
      assertThat(benchmark.updateOther()).isOne();
      assertThat(benchmark.select()).isEqualTo(100);
      assertThat(benchmark.insertThousand()).isEqualTo(1_000);
      assertThat(benchmark.updateThousand()).isEqualTo(1_000);
      assertThat(benchmark.deleteThousand()).isEqualTo(1_000);
      assertThat(benchmark.insertBatch()).isEqualTo(1_000);
      assertThat(benchmark.updateBatch()).isEqualTo(1_000);
      assertThat(benchmark.insertAutoCommit()).isOne();
    } finally {
      benchmark.stop();
    }
  }
}
