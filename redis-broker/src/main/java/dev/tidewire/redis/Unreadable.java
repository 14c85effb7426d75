package dev.tidewire.redis;

import org.slf4j.Logger;
import org.slf4j.spi.LoggingEventBuilder;
import tools.jackson.core.JacksonException;

/** Tells of what Redis has and cannot be read, without quoting it. */
final class Unreadable {

  private Unreadable() {}

  /**
   * Logs it. A parser's message may quote what was published, and is left out; what is no parser's
   * is an error of this program.
   *
   * @param text what to say, with a place for the topic
   */
  static void log(Logger log, String text, String topic, RuntimeException failure) {
    boolean mayQuote =
        failure instanceof IllegalArgumentException || failure instanceof JacksonException;
    LoggingEventBuilder line = log.atError().addKeyValue("channel", topic);
    if (mayQuote) {
      line.addKeyValue("reason", failure.getClass().getName()).log(text, topic);
    } else {
      line.setCause(failure).log(text, topic);
    }
  }
}
