package dev.tidewire;

import static org.assertj.core.api.Assertions.assertThat;

import dev.tidewire.channel.ChannelOptions;
import java.util.LinkedHashMap;
import java.util.Map;
import org.junit.jupiter.api.Test;

class ChannelSettingsTest {

  @Test
  void theLongestMatchingPatternCounts() {
    Map<String, ChannelOptions> patterns = new LinkedHashMap<>();
    for (String pattern : new String[] {"*", "chat/*", "chat/general", "chat/gen*"}) {
      patterns.put(pattern, ChannelOptions.DEFAULT.keepHistory(pattern.length()));
    }
    ChannelSettings settings = new ChannelSettings(patterns);

    assertThat(settings.of("chat/general").historyLimit()).isEqualTo(12);
    assertThat(settings.of("chat/generals").historyLimit()).isEqualTo(9);
    assertThat(settings.of("chat/x").historyLimit()).isEqualTo(6);
    assertThat(settings.of("chat").historyLimit()).isEqualTo(1);
    assertThat(new ChannelSettings(Map.of()).of("t")).isEqualTo(ChannelOptions.DEFAULT);
  }

  @Test
  void aNameCountsBeforeAPatternOfTheSameLength() {
    Map<String, ChannelOptions> patterns = new LinkedHashMap<>();
    patterns.put("ab*", ChannelOptions.DEFAULT.keepHistory(1));
    patterns.put("abc", ChannelOptions.DEFAULT.keepHistory(2));

    assertThat(new ChannelSettings(patterns).of("abc").historyLimit()).isEqualTo(2);
  }
}
