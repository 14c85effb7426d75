package dev.tidewire.changes;

import java.util.LinkedHashSet;
import java.util.Locale;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * What of one captured table is published, and where. Column names are compared without regard to
 * case. A name that the table does not have is refused when the table is first read: its rows are
 * then never published, only resets, and the log says which name is wrong.
 *
 * <p>For one thread, inside the call that it was handed to.
 */
public final class TableOptions {

  private final Set<String> columns = new LinkedHashSet<>();
  private final Set<String> excluded = new LinkedHashSet<>();
  private @Nullable String channel;

  TableOptions() {}

  /**
   * Publishes only these columns. Default: all columns that the table has when the capture first
   * reads it; one added later is not published until the application is started again.
   */
  public TableOptions columns(String... names) {
    return collect(names, columns);
  }

  /** Never publishes these columns, neither of the new row nor of the old one. */
  public TableOptions exclude(String... names) {
    return collect(names, excluded);
  }

  /** Name of the table's channel. Default: the table's name as it was given, in lower case. */
  public TableOptions channel(String topic) {
    if (topic.isBlank()) {
      throw new IllegalArgumentException("blank channel name");
    }
    channel = topic;
    return this;
  }

  private TableOptions collect(String[] names, Set<String> into) {
    for (String name : names) {
      if (name.isBlank()) {
        throw new IllegalArgumentException("blank column name");
      }
      into.add(name.toLowerCase(Locale.ROOT));
    }
    return this;
  }

  CapturedTable table(String name) {
    String topic = channel == null ? name.toLowerCase(Locale.ROOT) : channel;
    return new CapturedTable(name, topic, Set.copyOf(columns), Set.copyOf(excluded));
  }
}
