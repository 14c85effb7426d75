package dev.tidewire.changes;

import dev.tidewire.rows.ColumnType;
import dev.tidewire.rows.RowFilter;
import dev.tidewire.rows.Where;
import java.math.BigDecimal;
import java.nio.charset.StandardCharsets;
import java.sql.PreparedStatement;
import java.sql.SQLException;
import java.time.Instant;
import java.time.ZoneOffset;
import java.time.temporal.ChronoField;
import java.time.temporal.TemporalAccessor;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * A filter in the words of a database: chooses every row that the filter chooses, and, where the
 * database can say it exactly, no other. Values are bound, never written. Not thread-safe; made for
 * one query.
 */
final class WhereSql {

  private static final String TRUE = "1=1";
  private static final String FALSE = "1=0";
  private static final int NANOS_IN_MICRO = 1_000;
  private static final int LAST_YEAR = 9_999;

  private final Dialect dialect;
  private final TableMeta meta;
  private final RowFilter filter;
  private final List<Object> binds = new ArrayList<>();
  private boolean exact = true;
  private final String text;

  WhereSql(Dialect dialect, TableMeta meta, RowFilter filter) {
    this.dialect = dialect;
    this.meta = meta;
    this.filter = filter;
    text = write(filter.where(), false);
  }

  String text() {
    return text;
  }

  /** Whether it chooses the filter's rows and no other. */
  boolean isExact() {
    return exact;
  }

  void bind(PreparedStatement statement) throws SQLException {
    for (int i = 0; i < binds.size(); i++) {
      Object value = binds.get(i);
      if (value instanceof byte[] bytes) {
        statement.setBytes(i + 1, bytes);
      } else {
        statement.setObject(i + 1, value);
      }
    }
  }

  /** Negations are moved inwards, so that a leaf that is too wide makes the whole wider only. */
  private String write(Where where, boolean negated) {
    if (where instanceof Where.Not not) {
      return write(not.part(), !negated);
    }
    if (where instanceof Where.And and) {
      return join(and.parts(), !negated, negated);
    }
    if (where instanceof Where.Or or) {
      return join(or.parts(), negated, negated);
    }
    String leaf = leaf(where);
    if (leaf == null) {
      exact = false;
      return TRUE;
    }
    return negated ? "not (" + leaf + ')' : leaf;
  }

  private String join(List<Where> parts, boolean and, boolean negated) {
    if (parts.isEmpty()) {
      return and ? TRUE : FALSE;
    }
    List<String> written = parts.stream().map(part -> write(part, negated)).toList();
    return '(' + String.join(and ? " and " : " or ", written) + ')';
  }

  private @Nullable String leaf(Where where) {
    if (where instanceof Where.IsNull isNull) {
      return column(isNull.column()) + " is null";
    }
    if (where instanceof Where.In in) {
      return in.values().isEmpty() ? FALSE : compare(in.column(), "in", true, in.values());
    }
    Where.Comparison comparison = (Where.Comparison) where;
    Where.Operator operator = comparison.operator();
    return compare(
        comparison.column(),
        operator.sql(),
        operator == Where.Operator.EQ,
        List.of(comparison.value()));
  }

  private @Nullable String compare(
      String label, String operator, boolean equality, List<Object> values) {
    ColumnType type = filter.type(label);
    if (!values.stream().allMatch(this::canBind)) {
      return null;
    }
    if (dialect instanceof PostgresDialect) {
      return postgres(column(label), type, operator, equality, values);
    }
    return dialect instanceof H2Dialect
        ? h2(column(label), type, operator, equality, values)
        : null;
  }

  /** Whether the database takes the value as it is, without rounding. */
  private boolean canBind(Object value) {
    if (!(value instanceof TemporalAccessor temporal)) {
      return true;
    }
    TemporalAccessor moment =
        temporal instanceof Instant instant ? instant.atOffset(ZoneOffset.UTC) : temporal;
    int year = moment.isSupported(ChronoField.YEAR) ? moment.get(ChronoField.YEAR) : 1;
    int nanos =
        moment.isSupported(ChronoField.NANO_OF_SECOND) ? moment.get(ChronoField.NANO_OF_SECOND) : 0;
    boolean fine = dialect instanceof H2Dialect || nanos % NANOS_IN_MICRO == 0;
    return fine && year > 0 && year <= LAST_YEAR;
  }

  private String postgres(
      String column, ColumnType type, String operator, boolean equality, List<Object> values) {
    return switch (type) {
      case TEXT -> {
        String byCode = column + " collate \"C\" " + operator + list(values, "cast(? as text)");
        yield equality
            ? '('
                + byCode
                + " and "
                + column
                + ' '
                + operator
                + list(values, "cast(? as text)")
                + ')'
            : byCode;
      }
      case CHAR ->
          "rtrim(cast("
              + column
              + " as text)) collate \"C\" "
              + operator
              + list(values, "cast(? as text)");
      case LABEL ->
          "cast("
              + column
              + " as text) collate \"C\" "
              + operator
              + list(values, "cast(? as text)");
      case NUMBER -> column + ' ' + operator + list(values, "cast(? as numeric)");
      case DOUBLE -> column + ' ' + operator + list(values, "cast(? as double precision)");
      case REAL -> column + ' ' + operator + list(values, "cast(? as real)");
      case BOOLEAN -> column + ' ' + operator + list(values, "cast(? as boolean)");
      default -> {
        String cast =
            switch (type) {
              case DATE -> "date";
              case TIME -> "time";
              case TIMESTAMP -> "timestamp";
              case INSTANT -> "timestamptz";
              default -> "uuid";
            };
        List<Object> texts = values.stream().<Object>map(Object::toString).toList();
        yield column + ' ' + operator + list(texts, "cast(? as " + cast + ')');
      }
    };
  }

  private String h2(
      String column, ColumnType type, String operator, boolean equality, List<Object> values) {
    return switch (type) {
      case TEXT -> {
        String byCode = "stringtoutf8(" + column + ") " + operator + list(utf8(values), "?");
        yield equality
            ? '(' + byCode + " and " + column + ' ' + operator + list(values, "?") + ')'
            : byCode;
      }
      case CHAR -> "stringtoutf8(rtrim(" + column + ")) " + operator + list(utf8(values), "?");
      case LABEL ->
          "stringtoutf8(cast(" + column + " as varchar)) " + operator + list(utf8(values), "?");
      case INSTANT -> {
        List<Object> moments =
            values.stream().<Object>map(v -> ((Instant) v).atOffset(ZoneOffset.UTC)).toList();
        yield column + ' ' + operator + list(moments, "?");
      }
      default -> column + ' ' + operator + list(values, "?");
    };
  }

  private static List<Object> utf8(List<Object> values) {
    return values.stream()
        .<Object>map(value -> value.toString().getBytes(StandardCharsets.UTF_8))
        .toList();
  }

  private String list(List<Object> values, String placeholder) {
    values.forEach(value -> binds.add(value instanceof BigDecimal number ? plain(number) : value));
    return " (" + String.join(", ", Collections.nCopies(values.size(), placeholder)) + ')';
  }

  /** A negative scale is not every driver's. */
  private static BigDecimal plain(BigDecimal number) {
    return number.scale() < 0 ? number.setScale(0) : number;
  }

  private String column(String label) {
    for (TableMeta.Column column : meta.columns()) {
      if (column.label().equals(label) && column.published()) {
        return TableId.quote(column.name(), dialect.quote());
      }
    }
    throw new IllegalStateException("no column " + label);
  }
}
