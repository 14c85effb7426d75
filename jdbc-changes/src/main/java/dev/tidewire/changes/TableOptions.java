package dev.tidewire.changes;

import dev.tidewire.RowPolicy;
import dev.tidewire.rows.Where;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Locale;
import java.util.Objects;
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
  private final Set<String> key = new LinkedHashSet<>();
  private Where filter = Where.all();
  private @Nullable RowPolicy policy;
  private int snapshotRows = CapturedTable.Rows.DEFAULT_SNAPSHOT;
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

  /**
   * Publishes only the rows of a condition on published columns: one that comes to fulfil it is an
   * INSERT, one that no longer does a DELETE. Default: all rows.
   */
  public TableOptions filter(Where condition) {
    filter = Objects.requireNonNull(condition, "condition");
    return this;
  }

  /** Decides who sees which rows and columns. Default: whoever may subscribe sees all of them. */
  public TableOptions rows(RowPolicy rowPolicy) {
    policy = Objects.requireNonNull(rowPolicy, "rowPolicy");
    return this;
  }

  /**
   * Columns that identify a row, for a table that has no primary key or does not publish it; they
   * must be published and not null. Without any, a snapshot of the table waits for a moment in
   * which nothing is written. Default: the primary key.
   */
  public TableOptions key(String... names) {
    return collect(names, key);
  }

  /**
   * Rows that a snapshot may have, default 10,000; a subscriber that asks for more is refused with
   * {@code LIMIT_EXCEEDED}.
   */
  public TableOptions snapshotRows(int rows) {
    if (rows < 0) {
      throw new IllegalArgumentException("snapshotRows: " + rows);
    }
    snapshotRows = rows;
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
    return new CapturedTable(
        name,
        topic,
        Set.copyOf(columns),
        Set.copyOf(excluded),
        new CapturedTable.Rows(policy, filter, List.copyOf(key), snapshotRows));
  }
}
