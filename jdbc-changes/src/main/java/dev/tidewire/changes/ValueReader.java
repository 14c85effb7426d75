package dev.tidewire.changes;

import java.math.BigDecimal;
import java.sql.Array;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Types;
import java.time.LocalDate;
import java.time.LocalDateTime;
import java.time.LocalTime;
import java.time.OffsetDateTime;
import java.time.OffsetTime;
import java.time.format.DateTimeFormatter;
import java.time.temporal.TemporalAccessor;
import java.util.ArrayList;
import java.util.Base64;
import java.util.List;
import java.util.Locale;
import java.util.Set;
import java.util.UUID;
import org.jspecify.annotations.Nullable;
import tools.jackson.core.JacksonException;
import tools.jackson.databind.DeserializationFeature;
import tools.jackson.databind.ObjectMapper;
import tools.jackson.databind.json.JsonMapper;

/**
 * Reads one column as a JSON-neutral value: numbers, strings, booleans, ISO 8601 times (with offset
 * and in UTC where the column knows one), base64 bytes, lists of those, and JSON columns as the
 * JSON that they hold. A reader of one column keeps no state and is safe for any thread.
 */
@FunctionalInterface
interface ValueReader {

  /**
   * Reads the column at {@code index}; null for SQL NULL.
   *
   * @throws SQLException if the driver cannot read it
   */
  @Nullable Object read(ResultSet row, int index) throws SQLException;

  /**
   * Returns the reader for a column.
   *
   * @param jdbcType one of {@link Types}
   * @param typeName the database's own name of the type
   */
  static ValueReader of(int jdbcType, String typeName) {
    String name = typeName.toLowerCase(Locale.ROOT);
    if (name.equals("json") || name.equals("jsonb")) {
      return (row, index) -> json(row.getString(index));
    }
    if (name.equals("uuid")
        || name.equals("money")
        || (name.equals("bit") && jdbcType == Types.BIT)) {
      return ResultSet::getString;
    }
    return switch (jdbcType) {
      case Types.TINYINT, Types.SMALLINT, Types.INTEGER, Types.BIGINT -> ValueReader::integer;
      case Types.BOOLEAN, Types.BIT -> ValueReader::bool;
      case Types.REAL, Types.FLOAT, Types.DOUBLE, Types.NUMERIC, Types.DECIMAL ->
          ValueReader::number;
      case Types.BINARY, Types.VARBINARY, Types.LONGVARBINARY, Types.BLOB -> ValueReader::bytes;
      case Types.DATE -> (row, index) -> iso(row.getObject(index, LocalDate.class));
      case Types.TIME -> time(name);
      case Types.TIMESTAMP -> timestamp(name);
      case Types.TIME_WITH_TIMEZONE -> (row, index) -> iso(row.getObject(index, OffsetTime.class));
      case Types.TIMESTAMP_WITH_TIMEZONE ->
          (row, index) -> iso(row.getObject(index, OffsetDateTime.class));
      case Types.ARRAY -> ValueReader::array;
      default -> ResultSet::getString;
    };
  }

  /**
   * Returns the reader for a column that may hold any type of value, as SQLite's may: each is told
   * as what it is, besides JSON and the two numbers that a boolean is there.
   */
  static ValueReader dynamic(String typeName) {
    String name = typeName.toLowerCase(Locale.ROOT);
    if (name.equals("json")) {
      return (row, index) -> json(row.getString(index));
    }
    boolean bool = name.startsWith("bool");
    return (row, index) -> {
      Object value = neutral(row.getObject(index));
      boolean bit = Long.valueOf(0).equals(value) || Long.valueOf(1).equals(value);
      return bool && bit ? Long.valueOf(1).equals(value) : value;
    };
  }

  private static ValueReader time(String name) {
    return name.equals("timetz")
        ? (row, index) -> iso(row.getObject(index, OffsetTime.class))
        : (row, index) -> iso(row.getObject(index, LocalTime.class));
  }

  private static ValueReader timestamp(String name) {
    return name.equals("timestamptz")
        ? (row, index) -> iso(row.getObject(index, OffsetDateTime.class))
        : (row, index) -> iso(row.getObject(index, LocalDateTime.class));
  }

  private static @Nullable Object integer(ResultSet row, int index) throws SQLException {
    long value = row.getLong(index);
    return row.wasNull() ? null : (Long) value;
  }

  private static @Nullable Object bool(ResultSet row, int index) throws SQLException {
    boolean value = row.getBoolean(index);
    return row.wasNull() ? null : (Boolean) value;
  }

  private static @Nullable Object number(ResultSet row, int index) throws SQLException {
    Object value = row.getObject(index);
    return value instanceof Number number ? neutral(number) : row.getString(index);
  }

  private static @Nullable Object bytes(ResultSet row, int index) throws SQLException {
    byte[] value = row.getBytes(index);
    return value == null ? null : Base64.getEncoder().encodeToString(value);
  }

  private static @Nullable Object array(ResultSet row, int index) throws SQLException {
    Array array = row.getArray(index);
    if (array == null) {
      return null;
    }
    try {
      return neutral(array.getArray());
    } finally {
      array.free();
    }
  }

  /** Makes a driver's object JSON-neutral; used for what comes inside arrays. */
  private static @Nullable Object neutral(@Nullable Object value) {
    if (value == null || value instanceof String || value instanceof Boolean) {
      return value;
    }
    if (value instanceof Float || value instanceof Double) {
      double number = ((Number) value).doubleValue();
      return Double.isFinite(number) ? (Object) Double.valueOf(value.toString()) : value.toString();
    }
    if (value instanceof BigDecimal) {
      return value;
    }
    if (value instanceof Number number) {
      return number.longValue();
    }
    if (value instanceof Object[] elements) {
      List<@Nullable Object> list = new ArrayList<>(elements.length);
      for (Object element : elements) {
        list.add(neutral(element));
      }
      return list;
    }
    if (value instanceof byte[] bytes) {
      return Base64.getEncoder().encodeToString(bytes);
    }
    if (value instanceof java.sql.Timestamp timestamp) {
      return iso(timestamp.toLocalDateTime());
    }
    if (value instanceof java.sql.Date date) {
      return iso(date.toLocalDate());
    }
    if (value instanceof TemporalAccessor temporal) {
      return iso(temporal);
    }
    return value instanceof UUID ? value.toString() : String.valueOf(value);
  }

  private static @Nullable Object iso(@Nullable TemporalAccessor value) {
    if (value == null) {
      return null;
    }
    if (Formats.ENDS_OF_TIME.contains(value)) {
      return value.toString().startsWith("-") ? "-infinity" : "infinity";
    }
    DateTimeFormatter format =
        value instanceof OffsetDateTime
            ? DateTimeFormatter.ISO_INSTANT
            : value instanceof LocalDateTime
                ? DateTimeFormatter.ISO_LOCAL_DATE_TIME
                : value instanceof OffsetTime
                    ? DateTimeFormatter.ISO_OFFSET_TIME
                    : value instanceof LocalTime ? DateTimeFormatter.ISO_LOCAL_TIME : null;
    return format == null ? value.toString() : format.format(value);
  }

  private static @Nullable Object json(@Nullable String text) {
    if (text == null) {
      return null;
    }
    try {
      return Formats.JSON.readValue(text, Object.class);
    } catch (JacksonException e) {
      // the database took it for JSON, so it is only too deep or too long to be taken apart here
      return text;
    }
  }

  /** Constants; an interface has no private ones. */
  final class Formats {
    private static final ObjectMapper JSON =
        JsonMapper.builder().enable(DeserializationFeature.USE_BIG_DECIMAL_FOR_FLOATS).build();

    /** What a driver gives for PostgreSQL's infinite dates and times. */
    private static final Set<TemporalAccessor> ENDS_OF_TIME =
        Set.of(
            LocalDate.MIN,
            LocalDate.MAX,
            LocalDateTime.MIN,
            LocalDateTime.MAX,
            OffsetDateTime.MIN,
            OffsetDateTime.MAX);

    private Formats() {}
  }
}
