package dev.tidewire.jakarta;

import java.util.ArrayList;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/** Entity tags as clients send them back (RFC 9110). Stateless. */
final class EntityTags {

  private static final Pattern TAG = Pattern.compile("\\G\\s*(?:W/)?\"([^\"\\s]*)\"\\s*(?:,|$)");

  private EntityTags() {}

  /** The tags of an {@code If-None-Match} without quotes, weak or not; none if it is not there. */
  static List<String> of(@Nullable String header) {
    List<String> tags = new ArrayList<>(1);
    if (header != null) {
      Matcher matcher = TAG.matcher(header);
      while (matcher.find()) {
        tags.add(matcher.group(1));
      }
    }
    return tags;
  }
}
