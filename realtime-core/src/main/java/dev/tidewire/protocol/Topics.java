package dev.tidewire.protocol;

import org.jspecify.annotations.Nullable;

/** What may be the name of a channel, an event or a user. Stateless, safe for any thread. */
public final class Topics {

  /** Longest topic, in characters. */
  public static final int MAX_LENGTH = 255;

  private static final int MAX_EVENT_LENGTH = 128;

  private Topics() {}

  /** Whether {@code topic} is 1 to 255 characters of letters, digits and {@code / : . _ - @}. */
  public static boolean isTopic(@Nullable String topic) {
    if (topic == null || topic.isEmpty() || topic.length() > MAX_LENGTH) {
      return false;
    }
    for (int i = 0; i < topic.length(); i++) {
      char c = topic.charAt(i);
      boolean allowed =
          (c >= 'a' && c <= 'z')
              || (c >= 'A' && c <= 'Z')
              || (c >= '0' && c <= '9')
              || "/:._-@".indexOf(c) >= 0;
      if (!allowed) {
        return false;
      }
    }
    return true;
  }

  /** Returns {@code topic}; throws {@link IllegalArgumentException} quoting it if it is none. */
  public static String require(String topic) {
    if (!isTopic(topic)) {
      throw new IllegalArgumentException(
          "not a topic (1 to 255 letters, digits and / : . _ - @): '" + topic + "'");
    }
    return topic;
  }

  /**
   * Whether an application may use the name for an event: 1 to 128 characters, no control
   * characters, none of the names that only the bus itself sends.
   */
  public static boolean isEvent(@Nullable String event) {
    if (event == null || event.isEmpty() || event.length() > MAX_EVENT_LENGTH) {
      return false;
    }
    if (event.startsWith("presence:") || event.startsWith(DocumentJson.RESERVED)) {
      return false;
    }
    switch (event) {
      case "*", "INSERT", "UPDATE", "DELETE", "reset" -> {
        return false;
      }
      default -> {
        return isPrintable(event);
      }
    }
  }

  private static boolean isPrintable(String text) {
    int c;
    for (int i = 0; i < text.length(); i += Character.charCount(c)) {
      c = text.codePointAt(i);
      boolean unpaired = c >= Character.MIN_SURROGATE && c <= Character.MAX_SURROGATE;
      if (c < 0x20 || c == 0x7f || unpaired) {
        return false;
      }
    }
    return true;
  }
}
