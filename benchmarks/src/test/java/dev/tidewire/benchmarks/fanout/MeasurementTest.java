package dev.tidewire.benchmarks.fanout;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** The whole way on both servers, small and in this JVM. */
class MeasurementTest {

  @ParameterizedTest
  @EnumSource(Wire.class)
  void everyScenarioGivesItsFigures(Wire wire) throws Exception {
    Settings settings =
        Settings.parse(
            "scenarios=fan:3,many:4x2,echo,latency:3@200,idle:4",
            "deliveries=300",
            "pinned=false",
            "seconds=1",
            "warmup=1");
    try (BenchServer server = BenchServer.start(wire)) {
      for (Scenario scenario : settings.scenarios()) {
        Measurement.Server side = new InThisJvm(server.port());
        assertThat(new Measurement(settings, scenario, wire, side).run())
            .as(scenario.name())
            .containsOnlyKeys(
                switch (scenario.kind()) {
                  case COST -> new String[] {Measurement.COST, Measurement.JOINED};
                  case LATENCY ->
                      new String[] {
                        Measurement.COST, Measurement.JOINED, Measurement.P50, Measurement.P99
                      };
                  case IDLE ->
                      new String[] {
                        Measurement.FIRST_CONNECT,
                        Measurement.CONNECT,
                        Measurement.HEAP,
                        Measurement.RESIDENT
                      };
                });
      }
    }
  }

  /** Counts calls instead of processor time. */
  private static final class InThisJvm implements Measurement.Server {
    private final int port;
    private long calls;

    InThisJvm(int port) {
      this.port = port;
    }

    @Override
    public int port() {
      return port;
    }

    @Override
    public long cpuNanos() {
      return ++calls;
    }

    @Override
    public long compilerMillis() {
      return 0;
    }

    @Override
    public long heapBytes() {
      return ++calls;
    }

    @Override
    public long residentBytes() {
      return ++calls;
    }
  }
}
