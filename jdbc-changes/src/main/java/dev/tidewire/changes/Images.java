package dev.tidewire.changes;

import dev.tidewire.changes.CapturePlan.Before;
import dev.tidewire.channel.Operation;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * The rows that one statement wrote, as its plan made them come back. Past the limit rows are only
 * counted. Used by one thread.
 */
final class Images {

  /** One row, before and after. */
  private record Image(
      Operation operation,
      @Nullable List<@Nullable Object> old,
      @Nullable List<@Nullable Object> fresh) {}

  private final CapturePlan plan;
  private final int limit;
  private final List<Image> images = new ArrayList<>();
  private long count;

  Images(CapturePlan plan, int limit) {
    this.plan = plan;
    this.limit = limit;
  }

  long count() {
    return count;
  }

  boolean isComplete() {
    return count <= limit;
  }

  void read(ResultSet rows) throws SQLException {
    read(rows, null, null);
  }

  /**
   * Reads a result to its end; the application's columns come first in it.
   *
   * @param copy takes those columns, if the result cannot be read twice
   * @param reread takes the keys, if the rows are read again
   */
  void read(ResultSet rows, @Nullable RowCopy copy, @Nullable Reread reread) throws SQLException {
    int offset = rows.getMetaData().getColumnCount() - plan.hidden() + 1;
    while (rows.next()) {
      count++;
      if (copy != null) {
        copy.add(rows);
      }
      if (reread != null && count <= limit) {
        reread.note(rows, offset);
      }
      if (count <= limit) {
        images.add(image(rows, offset));
      } else {
        images.clear();
      }
    }
  }

  private Image image(ResultSet row, int first) throws SQLException {
    int width = plan.meta().columns().size();
    int offset = first;
    @Nullable List<@Nullable Object> old = null;
    if (plan.old()) {
      old = plan.meta().image(row, offset);
      offset += width;
    }
    Operation operation = plan.operation();
    if (operation == null) {
      String name = row.getString(offset++);
      operation = Operation.valueOf(name.toUpperCase(Locale.ROOT));
    }
    @Nullable List<@Nullable Object> fresh = plan.fresh() ? plan.meta().image(row, offset) : null;
    return new Image(
        operation,
        operation == Operation.INSERT ? null : old,
        operation == Operation.DELETE ? null : fresh);
  }

  /**
   * Tells the changes, those left out in which nothing differs.
   *
   * @param before the rows read before the statement, if its plan wanted them
   * @return null if old and new rows do not belong together
   */
  @Nullable List<Change> changes(@Nullable List<List<@Nullable Object>> before, Actor actor) {
    Before wanted = plan.before();
    List<Image> paired =
        wanted == null ? images : pair(wanted, Objects.requireNonNull(before, "before"));
    if (paired == null) {
      return null;
    }
    List<Change> changes = new ArrayList<>(paired.size());
    for (Image image : paired) {
      Change change = plan.meta().change(image.operation(), image.old(), image.fresh(), actor);
      if (change != null) {
        changes.add(change);
      }
    }
    return changes;
  }

  private @Nullable List<Image> pair(Before wanted, List<List<@Nullable Object>> before) {
    if (wanted.sameKeys()) {
      return pairByKey(before);
    }
    if (before.size() != images.size()) {
      return null;
    }
    if (images.size() == 1) {
      return List.of(new Image(Operation.UPDATE, before.get(0), images.get(0).fresh()));
    }
    if (plan.meta().key().isEmpty() && !images.isEmpty()) {
      return null;
    }
    List<Image> apart = new ArrayList<>();
    before.forEach(old -> apart.add(new Image(Operation.DELETE, old, null)));
    images.forEach(image -> apart.add(new Image(Operation.INSERT, null, image.fresh())));
    return apart;
  }

  private @Nullable List<Image> pairByKey(List<List<@Nullable Object>> before) {
    Map<List<@Nullable Object>, List<@Nullable Object>> byKey = new HashMap<>();
    before.forEach(old -> byKey.put(plan.meta().keyOf(old), old));
    List<Image> paired = new ArrayList<>(images.size());
    for (Image image : images) {
      List<@Nullable Object> fresh = Objects.requireNonNull(image.fresh());
      @Nullable List<@Nullable Object> old = byKey.get(plan.meta().keyOf(fresh));
      if (old == null) {
        return null;
      }
      paired.add(new Image(Operation.UPDATE, old, fresh));
    }
    return paired;
  }

  /** Whether reading again could make old and new rows fit: not if nothing tells which is which. */
  boolean mayPairLater() {
    Before wanted = plan.before();
    return wanted != null && (!plan.meta().key().isEmpty() || images.size() <= 1);
  }
}
