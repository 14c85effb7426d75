package dev.tidewire;

import dev.tidewire.channel.Draft;
import dev.tidewire.channel.Operation;
import dev.tidewire.channel.RowChange;
import dev.tidewire.protocol.FrameCodec;
import dev.tidewire.rows.RowFilter;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * What a class of subscribers sees of a table channel: what they asked for, as far as the policy
 * lets them. Equal scopes are one class. Immutable, safe for any thread.
 *
 * @param filter the subscribers' condition and the policy's
 * @param view the policy's answer
 */
record RowScope(RowFilter filter, RowView view) {

  private static final Logger log = LoggerFactory.getLogger(RowScope.class);

  /** Whether a row of the table is in it. */
  private boolean contains(Map<String, @Nullable Object> row) {
    return filter.matches(row) && view.picks(row);
  }

  /**
   * The publication as the class sees it, null if not at all. Whatever goes wrong: nothing is shown
   * that may be hidden, and the class is told to reload.
   */
  @Nullable Draft see(Draft draft, FrameCodec codec) {
    if (draft.kind() != Draft.Kind.CHANGE) {
      return draft;
    }
    try {
      RowChange change = draft.change();
      if (change == null) {
        throw new IllegalStateException("the broker did not keep the row");
      }
      RowChange seen = RowFilter.narrow(change, this::contains);
      if (seen == null) {
        return null;
      }
      if (!view.hidesSomething()) {
        return seen.operation() == change.operation() ? draft : codec.change(seen);
      }
      RowChange masked = masked(seen);
      boolean same = masked.row().equals(masked.old());
      return same && masked.operation() == Operation.UPDATE ? null : codec.change(masked);
    } catch (RuntimeException | Error e) {
      log.atError()
          .addKeyValue("channel", draft.topic())
          .setCause(e)
          .log("A change of {} could not be judged; a class is told to reload", draft.topic());
      return codec.reset(draft.topic(), Publisher.UNKNOWN_CHANGE);
    }
  }

  private RowChange masked(RowChange change) {
    Map<String, @Nullable Object> old = change.old();
    Map<String, @Nullable Object> row = masked(change.row());
    return new RowChange(
        change.topic(),
        change.operation(),
        row,
        old == null || old == change.row() ? null : masked(old),
        change.userId(),
        change.transaction(),
        change.cause());
  }

  private Map<String, @Nullable Object> masked(Map<String, @Nullable Object> row) {
    Map<String, @Nullable Object> shown = new LinkedHashMap<>(row);
    shown.keySet().removeIf(view::hides);
    return shown;
  }

  /** The rows that are in it, of those that the filter chose, as they may be shown. */
  List<Map<String, @Nullable Object>> shown(List<Map<String, @Nullable Object>> rows) {
    if (view.picksAll() && !view.hidesSomething()) {
      return rows;
    }
    return rows.stream()
        .filter(view::picks)
        .map(row -> view.hidesSomething() ? masked(row) : row)
        .toList();
  }
}
