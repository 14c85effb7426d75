package dev.tidewire;

import dev.tidewire.channel.ChannelOptions;
import java.util.Comparator;
import java.util.List;
import java.util.Map;

/**
 * Which options a channel has: those of the longest pattern that matches its name. A pattern is a
 * name, or a beginning followed by {@code *}. Immutable, safe for any thread.
 */
final class ChannelSettings {

  private record Entry(String pattern, ChannelOptions options) {
    boolean matches(String topic) {
      return pattern.endsWith("*")
          ? topic.startsWith(pattern.substring(0, pattern.length() - 1))
          : topic.equals(pattern);
    }
  }

  private final List<Entry> longestFirst;

  ChannelSettings(Map<String, ChannelOptions> byPattern) {
    this.longestFirst =
        byPattern.entrySet().stream()
            .map(e -> new Entry(e.getKey(), e.getValue()))
            .sorted(Comparator.comparing((Entry e) -> -e.pattern().length()))
            .toList();
  }

  ChannelOptions of(String topic) {
    for (Entry entry : longestFirst) {
      if (entry.matches(topic)) {
        return entry.options();
      }
    }
    return ChannelOptions.DEFAULT;
  }
}
