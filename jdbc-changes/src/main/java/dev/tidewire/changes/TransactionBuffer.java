package dev.tidewire.changes;

import java.util.ArrayList;
import java.util.Collection;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * The changes of one open transaction, with a mark per savepoint. Bounded: past its limit it keeps
 * only which tables to reset. Used by one thread at a time, like the connection it belongs to.
 */
final class TransactionBuffer {

  /** A savepoint and how many changes there were when it was set. */
  private record Mark(Object savepoint, int size) {}

  private final int limit;
  private final List<Change> changes = new ArrayList<>();
  private final List<Mark> marks = new ArrayList<>();
  private final Set<CapturedTable> resets = new LinkedHashSet<>();

  TransactionBuffer(int limit) {
    this.limit = limit;
  }

  boolean isEmpty() {
    return changes.isEmpty();
  }

  int size() {
    return changes.size();
  }

  void add(Collection<Change> more) {
    for (Change change : more) {
      // a table that will be loaded again after this transaction needs no rows of it
      if (!resets.contains(change.table())) {
        changes.add(change);
      }
    }
    if (changes.size() > limit) {
      becomeResets();
    }
  }

  void reset(Collection<CapturedTable> tables) {
    for (CapturedTable table : tables) {
      if (resets.add(table)) {
        changes.add(Change.reset(table));
      }
    }
  }

  /** Gives up the rows and keeps the tables, whatever is rolled back later. */
  void becomeResets() {
    Set<CapturedTable> tables = tables();
    changes.clear();
    resets.clear();
    reset(tables);
    marks.replaceAll(mark -> new Mark(mark.savepoint(), changes.size()));
  }

  Set<CapturedTable> tables() {
    Set<CapturedTable> tables = new LinkedHashSet<>();
    changes.forEach(change -> tables.add(change.table()));
    return tables;
  }

  void mark(Object savepoint) {
    marks.add(new Mark(savepoint, changes.size()));
  }

  /**
   * Forgets what came after a savepoint. One that was never seen here leaves it open what was
   * undone and what was not.
   */
  void rollbackTo(Object savepoint) {
    int at = find(savepoint);
    if (at < 0) {
      becomeResets();
      return;
    }
    marks.subList(at + 1, marks.size()).clear();
    cut(marks.get(at).size());
  }

  void release(Object savepoint) {
    int at = find(savepoint);
    if (at >= 0) {
      marks.subList(at, marks.size()).clear();
    }
  }

  /** Forgets the changes after the first {@code size}. */
  void cut(int size) {
    changes.subList(Math.min(size, changes.size()), changes.size()).clear();
    resets.clear();
    changes.stream().filter(Change::isReset).forEach(change -> resets.add(change.table()));
  }

  void clear() {
    changes.clear();
    marks.clear();
    resets.clear();
  }

  /** Empties the buffer; returns what was its {@link #content}. */
  List<Change> drain() {
    List<Change> drained = content();
    clear();
    return drained;
  }

  /** What is to be told; of a table that is reset only the reset remains. */
  List<Change> content() {
    List<Change> content = new ArrayList<>(changes.size());
    for (Change change : changes) {
      if (change.isReset() || !resets.contains(change.table())) {
        content.add(change);
      }
    }
    return content;
  }

  private int find(@Nullable Object savepoint) {
    for (int i = marks.size() - 1; i >= 0; i--) {
      if (marks.get(i).savepoint().equals(savepoint)) {
        return i;
      }
    }
    return -1;
  }
}
