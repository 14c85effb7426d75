package dev.tidewire.changes;

import java.util.LinkedHashSet;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * What is to be done about one statement. Immutable, safe for any thread.
 *
 * @param plan how its rows come back, for {@link Type#ROWS}
 * @param resets the tables to reset once it has changed something
 * @param reason why rows cannot be told, where there are resets
 */
record Treatment(
    Type type,
    SqlShape shape,
    @Nullable CapturePlan plan,
    Set<CapturedTable> resets,
    String reason) {

  enum Type {
    /** Nothing: it writes no captured table. */
    PASS,
    /** Run it so that its rows come back. */
    ROWS,
    /** Run it as it is, then reset tables. */
    RESET,
    /** It is more than one write of one table: the connection must look at its shape. */
    CONTROL
  }

  /** For every statement once the capture is closed. */
  static final Treatment UNOBSERVED = pass(SqlShape.plain(SqlShape.Kind.QUERY));

  /** The tables to reset if the statement must run as it is. */
  Set<CapturedTable> tables() {
    if (plan == null) {
      return resets;
    }
    Set<CapturedTable> tables = new LinkedHashSet<>(resets);
    tables.add(plan.meta().table());
    return tables;
  }

  static Treatment pass(SqlShape shape) {
    return new Treatment(Type.PASS, shape, null, Set.of(), "");
  }

  static Treatment control(SqlShape shape) {
    return new Treatment(Type.CONTROL, shape, null, Set.of(), "");
  }

  static Treatment reset(SqlShape shape, Set<CapturedTable> tables, String reason) {
    return tables.isEmpty()
        ? pass(shape)
        : new Treatment(Type.RESET, shape, null, Set.copyOf(tables), reason);
  }

  static Treatment rows(SqlShape shape, CapturePlan plan, Set<CapturedTable> others) {
    return new Treatment(
        Type.ROWS, shape, plan, Set.copyOf(others), "rows change by a foreign key or a view");
  }
}
