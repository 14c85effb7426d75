package dev.tidewire.changes;

import dev.tidewire.channel.Operation;
import java.math.BigDecimal;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;

/**
 * What was published of one table between two marks in the commit order, while its rows were being
 * read. Of a transaction in between nobody knows whether the reader saw it; but its changes tell
 * what became of each row, so the rows at the second mark are known all the same.
 *
 * <p>Written by the publisher's thread, read by another after the second mark.
 */
final class Window {

  /** So many rows changing meanwhile are not worth following. */
  private static final int MAX_ROWS = 100_000;

  private final CapturedTable table;
  private final List<String> key;
  private final Map<List<@Nullable Object>, @Nullable Map<String, @Nullable Object>> touched =
      new HashMap<>();
  private boolean confused;

  /**
   * @param key labels of the columns that identify a row; empty if none are published
   */
  Window(CapturedTable table, List<String> key) {
    this.table = table;
    this.key = key;
  }

  CapturedTable table() {
    return table;
  }

  void note(Change change) {
    if (change.table() != table || confused) {
      return;
    }
    if (change.isReset() || key.isEmpty() || touched.size() > MAX_ROWS) {
      confused = true;
      touched.clear();
      return;
    }
    Map<String, @Nullable Object> old = change.old();
    if (old != null) {
      touched.put(identity(old), null);
    }
    touched.put(
        identity(change.row()), change.operation() == Operation.DELETE ? null : change.row());
  }

  /** Whether something happened that leaves it open what the rows are. */
  boolean isConfused() {
    return confused;
  }

  /** The rows at the second mark. */
  List<Map<String, @Nullable Object>> apply(
      List<Map<String, @Nullable Object>> read, Predicate<Map<String, @Nullable Object>> chosen) {
    if (touched.isEmpty()) {
      return read;
    }
    List<Map<String, @Nullable Object>> rows = new ArrayList<>(read.size());
    for (Map<String, @Nullable Object> row : read) {
      if (!touched.containsKey(identity(row))) {
        rows.add(row);
      }
    }
    for (Map<String, @Nullable Object> row : touched.values()) {
      if (row != null && chosen.test(row)) {
        rows.add(row);
      }
    }
    return rows;
  }

  private List<@Nullable Object> identity(Map<String, @Nullable Object> row) {
    List<@Nullable Object> identity = new ArrayList<>(key.size());
    key.forEach(column -> identity.add(plain(row.get(column))));
    return identity;
  }

  /** The same for every number of the same value, for an outbox does not keep their classes. */
  private static @Nullable Object plain(@Nullable Object value) {
    if (value instanceof Number number) {
      BigDecimal exact = new BigDecimal(number.toString());
      return exact.signum() == 0 ? BigDecimal.ZERO : exact.stripTrailingZeros();
    }
    return value;
  }
}
