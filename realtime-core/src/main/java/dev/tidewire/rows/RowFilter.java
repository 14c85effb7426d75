package dev.tidewire.rows;

import dev.tidewire.channel.Operation;
import dev.tidewire.channel.RowChange;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;

/**
 * A {@link Where} made ready for the columns of one table: names checked, values read as values of
 * their columns, parts in one order, so that two conditions that only look different are equal.
 *
 * <p>Immutable, safe for any thread.
 */
public final class RowFilter {

  private final Where where;
  private final Map<String, ColumnType> types;

  private RowFilter(Where where, Map<String, ColumnType> types) {
    this.where = where;
    this.types = types;
  }

  /** Chooses every row. */
  public static RowFilter all() {
    return new RowFilter(Where.all(), Map.of());
  }

  /**
   * Makes a condition ready.
   *
   * @throws IllegalArgumentException with a message for whoever wrote the condition, if it names a
   *     column that there is not, or compares one with what it cannot be compared with
   */
  public static RowFilter of(Where where, RowColumns columns) {
    Map<String, ColumnType> used = new TreeMap<>();
    Where ready = new Binding(columns.types(), used).bind(where);
    return new RowFilter(ready, Map.copyOf(used));
  }

  /** Chooses what both choose; both must be made for the same table. */
  public RowFilter and(RowFilter other) {
    if (isAll() || other.isAll()) {
      return isAll() ? other : this;
    }
    Map<String, ColumnType> used = new HashMap<>(types);
    used.putAll(other.types);
    return new RowFilter(Binding.join(List.of(where, other.where), true), Map.copyOf(used));
  }

  /** Whether it chooses every row, whatever is in it. */
  public boolean isAll() {
    return where.equals(Where.all());
  }

  /** The condition; its values have the Java type in which values of that column are compared. */
  public Where where() {
    return where;
  }

  /** The type of a column that the condition names. */
  public ColumnType type(String column) {
    return types.getOrDefault(column, ColumnType.OTHER);
  }

  /** The columns that the condition names. */
  public Set<String> columns() {
    return types.keySet();
  }

  /** Whether the condition is true of the row. */
  public boolean matches(Map<String, @Nullable Object> row) {
    return Boolean.TRUE.equals(judge(where, row));
  }

  /** True, false, or null for "unknown". */
  private @Nullable Boolean judge(Where condition, Map<String, @Nullable Object> row) {
    if (condition instanceof Where.And and) {
      return judgeAll(and.parts(), row, false);
    }
    if (condition instanceof Where.Or or) {
      return judgeAll(or.parts(), row, true);
    }
    if (condition instanceof Where.Not not) {
      Boolean part = judge(not.part(), row);
      return part == null ? null : (Boolean) !part;
    }
    if (condition instanceof Where.IsNull isNull) {
      return row.get(isNull.column()) == null;
    }
    if (condition instanceof Where.In in) {
      return in.values().isEmpty() ? Boolean.FALSE : judgeIn(in, row.get(in.column()));
    }
    Where.Comparison comparison = (Where.Comparison) condition;
    Object value = row.get(comparison.column());
    if (value == null) {
      return null;
    }
    ColumnType type = type(comparison.column());
    return comparison.operator().holds(type.compare(type.operand(value), comparison.value()));
  }

  /** Joins the parts; {@code decisive} settles it, else unknown stays unknown. */
  private @Nullable Boolean judgeAll(
      List<Where> parts, Map<String, @Nullable Object> row, boolean decisive) {
    Boolean all = !decisive;
    for (Where part : parts) {
      Boolean one = judge(part, row);
      if (one == null) {
        all = null;
      } else if (one == decisive) {
        return decisive;
      }
    }
    return all;
  }

  private @Nullable Boolean judgeIn(Where.In in, @Nullable Object value) {
    if (value == null) {
      return null;
    }
    ColumnType type = type(in.column());
    Object operand = type.operand(value);
    for (Object literal : in.values()) {
      if (type.compare(operand, literal) == 0) {
        return true;
      }
    }
    return false;
  }

  /**
   * Returns a change as it looks to somebody who sees only some rows: a row that enters the view is
   * an INSERT, one that leaves it a DELETE.
   *
   * @return null if there is nothing to see; the change itself if it looks the same
   * @throws IllegalStateException if the row before an update is not known
   */
  public static @Nullable RowChange narrow(
      RowChange change, Predicate<Map<String, @Nullable Object>> visible) {
    if (change.operation() != Operation.UPDATE) {
      return visible.test(change.row()) ? change : null;
    }
    Map<String, @Nullable Object> old = change.old();
    if (old == null) {
      throw new IllegalStateException("an update without its old row");
    }
    boolean was = visible.test(old);
    boolean is = visible.test(change.row());
    if (was == is) {
      return is ? change : null;
    }
    return new RowChange(
        change.topic(),
        is ? Operation.INSERT : Operation.DELETE,
        is ? change.row() : old,
        null,
        change.userId(),
        change.transaction(),
        change.cause());
  }

  @Override
  public boolean equals(@Nullable Object other) {
    return other instanceof RowFilter filter
        && where.equals(filter.where)
        && types.equals(filter.types);
  }

  @Override
  public int hashCode() {
    return where.hashCode();
  }

  @Override
  public String toString() {
    return where.toString();
  }

  /** Checks a condition against the columns and brings it into its one form. */
  private record Binding(Map<String, ColumnType> columns, Map<String, ColumnType> used) {

    private static final Comparator<Object> BY_TEXT = Comparator.comparing(Object::toString);

    Where bind(Where where) {
      if (where instanceof Where.And and) {
        return join(and.parts().stream().map(this::bind).toList(), true);
      }
      if (where instanceof Where.Or or) {
        return join(or.parts().stream().map(this::bind).toList(), false);
      }
      if (where instanceof Where.Not not) {
        Where part = bind(not.part());
        return part instanceof Where.Not twice ? twice.part() : new Where.Not(part);
      }
      if (where instanceof Where.IsNull isNull) {
        type(isNull.column());
        return isNull;
      }
      if (where instanceof Where.In in) {
        ColumnType type = type(in.column());
        List<Object> values =
            in.values().stream()
                .map(value -> type.literal(in.column(), value))
                .distinct()
                .sorted(BY_TEXT)
                .toList();
        return values.size() == 1
            ? new Where.Comparison(in.column(), Where.Operator.EQ, values.get(0))
            : new Where.In(in.column(), values);
      }
      Where.Comparison comparison = (Where.Comparison) where;
      String column = comparison.column();
      ColumnType type = type(column);
      Object literal = type.literal(column, comparison.value());
      if (comparison.operator().isOrder() && !type.isOrdered()) {
        throw new IllegalArgumentException(
            "column '" + column + "' has no order: only eq, ne, in and null");
      }
      return new Where.Comparison(column, comparison.operator(), literal);
    }

    private ColumnType type(String column) {
      ColumnType type = columns.get(column);
      if (type == null) {
        throw new IllegalArgumentException("there is no column '" + column + "'");
      }
      used.put(column, type);
      return type;
    }

    static Where join(List<Where> parts, boolean and) {
      List<Where> flat = new ArrayList<>();
      for (Where part : parts) {
        if (and && part instanceof Where.And inner) {
          flat.addAll(inner.parts());
        } else if (!and && part instanceof Where.Or inner) {
          flat.addAll(inner.parts());
        } else {
          flat.add(part);
        }
      }
      List<Where> sorted = flat.stream().distinct().sorted(BY_TEXT).toList();
      if (sorted.size() == 1) {
        return sorted.get(0);
      }
      return and ? new Where.And(sorted) : new Where.Or(sorted);
    }
  }
}
