package dev.tidewire.benchmarks.delivery;

import static org.assertj.core.api.Assertions.assertThatCode;

import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class DeliveryBenchmarkTest {

  @ParameterizedTest
  @CsvSource({"1, 1", "20, 8"})
  void everyConnectionGetsEverything(int subscribers, int publications) {
    DeliveryBenchmark benchmark = new DeliveryBenchmark();
    benchmark.subscribers = subscribers;
    benchmark.publications = publications;
    benchmark.connect();
    for (int i = 0; i < 50; i++) {
      benchmark.publish();
    }
    assertThatCode(benchmark::check).doesNotThrowAnyException();
    benchmark.close();
  }
}
