package dev.tidewire.channel;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.time.Duration;
import java.time.temporal.ChronoUnit;
import java.util.Map;
import org.junit.jupiter.api.Test;

class ChannelOptionsTest {

  @Test
  void changesGiveCopies() {
    ChannelOptions changed = ChannelOptions.DEFAULT.retain(5, Duration.ofSeconds(1)).keepHistory(7);

    assertThat(changed).isEqualTo(new ChannelOptions(5, Duration.ofSeconds(1), 7));
    assertThat(ChannelOptions.DEFAULT)
        .isEqualTo(new ChannelOptions(1_000, Duration.ofMinutes(5), 10_000));
  }

  @Test
  void impossibleValuesAreRefusedAndQuoted() {
    assertThatThrownBy(() -> ChannelOptions.DEFAULT.retain(-1, Duration.ZERO))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("-1");
    assertThatThrownBy(() -> ChannelOptions.DEFAULT.retain(1, Duration.ofMillis(-3)))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("PT-0.003S");
    assertThatThrownBy(() -> ChannelOptions.DEFAULT.keepHistory(-9))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("-9");
    assertThatThrownBy(() -> ChannelOptions.DEFAULT.retain(1, ChronoUnit.FOREVER.getDuration()))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("too long");
  }

  @Test
  void aDeletedRowIsAlsoTheOldRow() {
    Map<String, Object> row = Map.of("id", 1);

    RowChange change = new RowChange("t", Operation.DELETE, row, null, null, null, null);

    assertThat(change.old()).isSameAs(row);
  }
}
