package dev.tidewire.testing;

import ch.qos.logback.classic.Level;
import ch.qos.logback.classic.Logger;
import ch.qos.logback.classic.spi.ILoggingEvent;
import ch.qos.logback.classic.spi.IThrowableProxy;
import ch.qos.logback.classic.spi.ThrowableProxyUtil;
import ch.qos.logback.core.AppenderBase;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;
import org.slf4j.LoggerFactory;
import org.slf4j.event.KeyValuePair;

/** Keeps every line that is logged until it is closed, of every level. Safe for any thread. */
public final class LogLines implements AutoCloseable {

  private final Logger logger = (Logger) LoggerFactory.getLogger("dev.tidewire");
  private final @Nullable Level level = logger.getLevel();
  private final List<ILoggingEvent> events = new CopyOnWriteArrayList<>();
  private final AppenderBase<ILoggingEvent> appender =
      new AppenderBase<>() {
        @Override
        protected void append(ILoggingEvent event) {
          events.add(event);
        }
      };

  /** Begins to listen. */
  public LogLines() {
    logger.setLevel(Level.TRACE);
    logger.setAdditive(false);
    appender.start();
    logger.addAppender(appender);
  }

  /** How many lines say this. */
  public long count(String text) {
    return events.stream().filter(e -> e.getFormattedMessage().contains(text)).count();
  }

  /** The keys and values of the first line that says this. */
  public Map<String, String> of(String text) {
    ILoggingEvent found =
        events.stream()
            .filter(e -> e.getFormattedMessage().contains(text))
            .findFirst()
            .orElseThrow(() -> new AssertionError("no line says: " + text));
    return pairs(found).stream().collect(Collectors.toMap(p -> p.key, p -> String.valueOf(p.value)));
  }

  /** Lines of this level or above that carry no key: nobody finds them by what they are about. */
  public List<String> withoutKeys(Level least) {
    return events.stream()
        .filter(e -> e.getLevel().isGreaterOrEqual(least) && pairs(e).isEmpty())
        .map(ILoggingEvent::getFormattedMessage)
        .toList();
  }

  private static List<KeyValuePair> pairs(ILoggingEvent event) {
    List<KeyValuePair> pairs = event.getKeyValuePairs();
    return pairs == null ? List.of() : pairs;
  }

  /** All that any appender could write: messages, keys, values, and exceptions with their causes. */
  public String everything() {
    StringBuilder all = new StringBuilder();
    for (ILoggingEvent event : events) {
      all.append(event.getFormattedMessage()).append(pairs(event));
      IThrowableProxy thrown = event.getThrowableProxy();
      all.append(thrown == null ? "" : ThrowableProxyUtil.asString(thrown)).append('\n');
    }
    return all.toString();
  }

  /** Lets go of the logger, as it was. */
  @Override
  public void close() {
    logger.detachAppender(appender);
    logger.setAdditive(true);
    logger.setLevel(level);
  }
}
