package dev.tidewire.changes;

import dev.tidewire.RowPolicy;
import dev.tidewire.rows.Where;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Locale;
import java.util.Objects;
import java.util.Set;
import java.util.TreeSet;
import java.util.UUID;
import java.util.concurrent.atomic.AtomicReference;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * One table that the application chose to capture. Which columns it publishes is settled when its
 * columns are first read and never grows. Compared by identity; safe for any thread.
 */
final class CapturedTable {

  private static final Logger log = LoggerFactory.getLogger(CapturedTable.class);

  private final String name;
  private final String topic;
  private final Set<String> columns;
  private final Set<String> excluded;
  private final Rows rows;
  private final AtomicReference<@Nullable Set<String>> published = new AtomicReference<>();

  /** What the application says about its rows besides the columns. */
  record Rows(@Nullable RowPolicy policy, Where filter, List<String> key, int snapshotRows) {
    static final int DEFAULT_SNAPSHOT = 10_000;

    static Rows unrestricted() {
      return new Rows(null, Where.all(), List.of(), DEFAULT_SNAPSHOT);
    }
  }

  CapturedTable(String name, String topic, Set<String> columns, Set<String> excluded) {
    this(name, topic, columns, excluded, Rows.unrestricted());
  }

  CapturedTable(String name, String topic, Set<String> columns, Set<String> excluded, Rows rows) {
    this.rows = rows;
    this.name = name;
    this.topic = topic;
    this.columns = columns;
    this.excluded = excluded;
  }

  /** The name as the application gave it, perhaps with a schema. */
  String name() {
    return name;
  }

  String topic() {
    return topic;
  }

  /** Who sees which rows; null if everybody sees all. */
  @Nullable RowPolicy policy() {
    return rows.policy();
  }

  /** The only rows that are published at all. */
  Where filter() {
    return rows.filter();
  }

  /** How many rows a snapshot may have. */
  int snapshotRows() {
    return rows.snapshotRows();
  }

  /** Labels of the published columns that identify a row; empty if there are none. */
  List<String> identity(TableMeta meta) {
    List<String> labels = new ArrayList<>();
    for (TableMeta.Column column : meta.columns()) {
      boolean isKey =
          rows.key().isEmpty()
              ? meta.key().contains(meta.columns().indexOf(column))
              : rows.key().contains(column.name().toLowerCase(Locale.ROOT));
      if (isKey && column.published()) {
        labels.add(column.label());
      }
    }
    int wanted = rows.key().isEmpty() ? meta.key().size() : rows.key().size();
    return labels.size() == wanted ? labels : List.of();
  }

  /**
   * Returns the stored names of the columns to publish; empty if the application's choice names a
   * column that does not exist: a misspelt exclusion must not publish what it meant to hide.
   *
   * @param present stored names of the table's columns now
   */
  Set<String> published(List<String> present) {
    Set<String> settled = published.get();
    if (settled == null) {
      settled = choose(present);
      if (!published.compareAndSet(null, settled)) {
        settled = Objects.requireNonNull(published.get());
      }
    }
    return settled;
  }

  private Set<String> choose(List<String> present) {
    Set<String> unknown = new HashSet<>(columns);
    unknown.addAll(excluded);
    Set<String> chosen = new HashSet<>();
    for (String column : present) {
      String lower = column.toLowerCase(Locale.ROOT);
      unknown.remove(lower);
      if ((columns.isEmpty() || columns.contains(lower)) && !excluded.contains(lower)) {
        chosen.add(column);
      }
    }
    if (unknown.isEmpty()) {
      return Set.copyOf(chosen);
    }
    log.atError()
        .addKeyValue("table", name)
        .log(
            "Table {} has no column {}: its rows are not published, only resets, until the capture"
                + " names columns that exist (it has {})",
            name,
            unknown,
            present);
    return Set.of();
  }

  /** Stands for what of the table is published; another one where that may be more or less. */
  String layout() {
    String text = name + new TreeSet<>(columns) + new TreeSet<>(excluded) + rows.filter();
    return UUID.nameUUIDFromBytes(text.getBytes(StandardCharsets.UTF_8)).toString();
  }

  @Override
  public String toString() {
    return name;
  }
}
