package dev.tidewire.benchmarks.fanout;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import java.util.List;
import org.junit.jupiter.api.Test;

class SettingsTest {

  @Test
  void everyScenarioCanBeAskedForAlone() {
    Settings settings = Settings.parse("scenarios=many:20x3,latency:50@4,fan:7,echo", "window=5");
    assertThat(settings.scenarios())
        .extracting(Scenario::channels, Scenario::members, Scenario::rate)
        .map(tuple -> tuple.toList())
        .containsExactly(List.of(20, 3, 0), List.of(1, 50, 4), List.of(1, 7, 0), List.of(1, 1, 0));
    assertThat(settings.scenarios().get(2).window()).isEqualTo(5);
  }

  @Test
  void bothServersGetTheSameHeap() {
    assertThat(Settings.parse("heap=300m").jvm()).containsExactly("-Xms300m", "-Xmx300m");
  }

  @Test
  void whatIsNotKnownIsRefused() {
    assertThatIllegalArgumentException().isThrownBy(() -> Settings.parse("speed=1"));
    assertThatIllegalArgumentException().isThrownBy(() -> Settings.parse("launches=0"));
    assertThatIllegalArgumentException().isThrownBy(() -> Settings.parse("scenarios=fam:5"));
    assertThatIllegalArgumentException().isThrownBy(() -> Settings.parse("scenarios=fan:0"));
  }
}
