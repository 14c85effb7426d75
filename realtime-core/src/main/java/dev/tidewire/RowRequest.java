package dev.tidewire;

import dev.tidewire.broker.Tail;
import dev.tidewire.channel.Position;
import dev.tidewire.protocol.ErrorCode;
import dev.tidewire.rows.ColumnType;
import dev.tidewire.rows.RowColumns;
import dev.tidewire.rows.RowFilter;
import dev.tidewire.rows.RowSource.Snapshot;
import dev.tidewire.rows.Where;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * What one subscription asks of a table channel beyond its publications: some rows only, the rows
 * there are, or what a policy lets it see. Immutable, safe for any thread.
 *
 * @param where the subscriber's own condition, or null
 * @param view what the policy lets it see
 * @param snapshot whether it wants the rows themselves, where it is not told what it missed
 */
record RowRequest(TableRows table, @Nullable Where where, RowView view, boolean snapshot) {

  private static final Logger log = LoggerFactory.getLogger(RowRequest.class);

  /**
   * How the subscription begins.
   *
   * @param tail what was missed since its position
   * @param scope what it sees; null if that is everything
   * @param snapshot the rows at the tail's position, if they were asked for and are needed
   */
  record Opening(Tail tail, @Nullable RowScope scope, @Nullable Snapshot snapshot) {}

  /** Finds out what the subscription sees and where it begins. */
  CompletionStage<Opening> open(
      @Nullable Position since, Function<@Nullable Position, CompletionStage<Tail>> read) {
    return scope().thenCompose(scope -> open(scope, since, read));
  }

  private CompletionStage<Opening> open(
      RowScope scope,
      @Nullable Position since,
      Function<@Nullable Position, CompletionStage<Tail>> read) {
    RowScope narrower = where == null && view.equals(RowView.all()) ? null : scope;
    if (snapshot && since == null) {
      return snapshot(scope, narrower);
    }
    return read.apply(since)
        .thenCompose(
            tail ->
                snapshot && tail.outcome() != Tail.Outcome.COMPLETE
                    ? snapshot(scope, narrower)
                    : CompletableFuture.completedFuture(new Opening(tail, narrower, null)));
  }

  private CompletionStage<Opening> snapshot(RowScope scope, @Nullable RowScope narrower) {
    return table
        .source()
        .snapshot(scope.filter())
        .thenApply(
            rows ->
                new Opening(
                    new Tail(rows.position(), Tail.Outcome.COMPLETE, List.of()), narrower, rows));
  }

  private CompletionStage<RowScope> scope() {
    if (where == null && view.equals(RowView.all())) {
      return CompletableFuture.completedFuture(new RowScope(RowFilter.all(), view));
    }
    return table.source().columns().thenApply(this::scope);
  }

  private RowScope scope(RowColumns columns) {
    RowFilter allowed;
    try {
      view.requireHidden(columns.types().keySet());
      allowed = RowFilter.of(view.condition(), columns);
    } catch (IllegalArgumentException e) {
      log.atError()
          .addKeyValue("part", "rows")
          .setCause(e)
          .log("The row policy does not fit the table; refused");
      throw new Rejection(ErrorCode.FORBIDDEN, "the row policy does not fit the table");
    }
    if (where == null) {
      return new RowScope(allowed, view);
    }
    try {
      return new RowScope(RowFilter.of(where, shown(columns)).and(allowed), view);
    } catch (IllegalArgumentException e) {
      throw new Rejection(ErrorCode.BAD_REQUEST, "'where': " + e.getMessage());
    }
  }

  /** A condition on a hidden column would tell what is in it. */
  private RowColumns shown(RowColumns columns) {
    if (!view.hidesSomething()) {
      return columns;
    }
    Map<String, ColumnType> shown = new HashMap<>(columns.types());
    shown.keySet().removeIf(view::hides);
    return new RowColumns(shown);
  }
}
