package dev.tidewire;

import dev.tidewire.channel.ChannelOptions;
import dev.tidewire.protocol.Topics;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/**
 * Which options a channel has: those given for its name, else those of the longest matching
 * pattern. A pattern is a beginning followed by {@code *}. Immutable, safe for any thread.
 */
final class ChannelSettings {

  private record Pattern(String beginning, ChannelOptions options) {}

  private final Map<String, ChannelOptions> byName;
  private final List<Pattern> longestFirst;

  ChannelSettings(Map<String, ChannelOptions> byPattern) {
    this.byName = new HashMap<>(byPattern);
    this.byName.keySet().removeIf(name -> name.endsWith("*"));
    this.longestFirst =
        byPattern.entrySet().stream()
            .filter(e -> e.getKey().endsWith("*"))
            .map(e -> new Pattern(e.getKey().substring(0, e.getKey().length() - 1), e.getValue()))
            .sorted(Comparator.comparing((Pattern p) -> -p.beginning().length()))
            .toList();
  }

  /** Returns the pattern, or throws IllegalArgumentException if it can match no topic. */
  static String requirePattern(String pattern) {
    String beginning = pattern.endsWith("*") ? pattern.substring(0, pattern.length() - 1) : pattern;
    if (!beginning.isEmpty() || !pattern.equals("*")) {
      Topics.require(beginning);
    }
    return pattern;
  }

  ChannelOptions of(String topic) {
    ChannelOptions own = byName.get(topic);
    if (own != null) {
      return own;
    }
    for (Pattern pattern : longestFirst) {
      if (topic.startsWith(pattern.beginning())) {
        return pattern.options();
      }
    }
    return ChannelOptions.DEFAULT;
  }
}
