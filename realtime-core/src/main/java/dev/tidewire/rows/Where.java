package dev.tidewire.rows;

import java.time.temporal.Temporal;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collection;
import java.util.List;
import java.util.UUID;
import org.jspecify.annotations.Nullable;

/**
 * A condition on the columns of a row, as a tree. It means what the same words mean in SQL: a
 * comparison with NULL is neither true nor false, and a row is chosen only by what is true. Strings
 * are compared by code point.
 *
 * <pre>{@code
 * Where.eq("status", "open").and(Where.gt("qty", 5).or(Where.isNull("qty")))
 * }</pre>
 *
 * <p>Values are numbers, strings, booleans, {@code java.time} values, UUIDs or enum constants
 * (their names). Whether a value fits its column is found out when the condition is used.
 *
 * <p>Immutable, safe for any thread.
 */
public sealed interface Where {

  /** How a column is compared with a value. */
  enum Operator {
    EQ("eq", "="),
    NE("ne", "<>"),
    GT("gt", ">"),
    GTE("gte", ">="),
    LT("lt", "<"),
    LTE("lte", "<=");

    private final String word;
    private final String sql;

    Operator(String word, String sql) {
      this.word = word;
      this.sql = sql;
    }

    /** The name in a subscribe frame. */
    public String word() {
      return word;
    }

    /** The operator in SQL, which is also taken in a subscribe frame. */
    public String sql() {
      return sql;
    }

    /** Whether it asks for more than equality. */
    public boolean isOrder() {
      return this != EQ && this != NE;
    }

    boolean holds(int comparison) {
      return switch (this) {
        case EQ -> comparison == 0;
        case NE -> comparison != 0;
        case GT -> comparison > 0;
        case GTE -> comparison >= 0;
        case LT -> comparison < 0;
        case LTE -> comparison <= 0;
      };
    }
  }

  /** A column compared with a value that is not null. */
  record Comparison(String column, Operator operator, Object value) implements Where {}

  /** A column that has one of the values; of none, nothing. */
  record In(String column, List<Object> values) implements Where {
    public In {
      values = List.copyOf(values);
    }
  }

  /** A column without a value. */
  record IsNull(String column) implements Where {}

  /** All of the parts; true if there are none. */
  record And(List<Where> parts) implements Where {
    public And {
      parts = List.copyOf(parts);
    }
  }

  /** One of the parts; false if there are none. */
  record Or(List<Where> parts) implements Where {
    public Or {
      parts = List.copyOf(parts);
    }
  }

  /** The opposite, as long as the part is known to be true or false. */
  record Not(Where part) implements Where {}

  /** Every row. */
  static Where all() {
    return new And(List.of());
  }

  /** No row. */
  static Where none() {
    return new Or(List.of());
  }

  /** Equal; with null, as {@link #isNull}. */
  static Where eq(String column, @Nullable Object value) {
    return value == null ? new IsNull(column) : compare(column, Operator.EQ, value);
  }

  /** Not equal, where there is a value; with null, any value. */
  static Where ne(String column, @Nullable Object value) {
    return value == null ? new Not(new IsNull(column)) : compare(column, Operator.NE, value);
  }

  /** Greater. */
  static Where gt(String column, Object value) {
    return compare(column, Operator.GT, value);
  }

  /** Greater or equal. */
  static Where gte(String column, Object value) {
    return compare(column, Operator.GTE, value);
  }

  /** Less. */
  static Where lt(String column, Object value) {
    return compare(column, Operator.LT, value);
  }

  /** Less or equal. */
  static Where lte(String column, Object value) {
    return compare(column, Operator.LTE, value);
  }

  /** One of the values. */
  static Where in(String column, Collection<?> values) {
    return new In(column, values.stream().map(Where::neutral).toList());
  }

  /** One of the values. */
  static Where in(String column, Object... values) {
    return in(column, Arrays.asList(values));
  }

  /** Without a value. */
  static Where isNull(String column) {
    return new IsNull(column);
  }

  /** All of them. */
  static Where and(Collection<Where> parts) {
    return new And(List.copyOf(parts));
  }

  /** One of them. */
  static Where or(Collection<Where> parts) {
    return new Or(List.copyOf(parts));
  }

  /** The opposite. */
  static Where not(Where part) {
    return new Not(part);
  }

  /** This and the other. */
  default Where and(Where other) {
    return new And(joined(other));
  }

  /** This or the other. */
  default Where or(Where other) {
    return new Or(joined(other));
  }

  private List<Where> joined(Where other) {
    List<Where> both = new ArrayList<>(2);
    both.add(this);
    both.add(other);
    return both;
  }

  private static Where compare(String column, Operator operator, Object value) {
    return new Comparison(column, operator, neutral(value));
  }

  private static Object neutral(Object value) {
    if (value instanceof Temporal || value instanceof UUID) {
      return value.toString();
    }
    if (value instanceof Enum<?> constant) {
      return constant.name();
    }
    if (value instanceof String || value instanceof Number || value instanceof Boolean) {
      return value;
    }
    throw new IllegalArgumentException("no value of a column: a " + value.getClass().getName());
  }
}
