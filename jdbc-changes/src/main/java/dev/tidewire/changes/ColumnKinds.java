package dev.tidewire.changes;

import dev.tidewire.rows.ColumnType;
import java.sql.Types;
import java.util.Locale;
import java.util.Set;

/**
 * Tells how values of a column can be compared, from what the driver says of its type. What is not
 * surely known can only be compared with null. Stateless, safe for any thread.
 */
final class ColumnKinds {

  private static final Set<String> STRINGS =
      Set.of(
          "character varying",
          "character large object",
          "varchar",
          "text",
          "name",
          "clob",
          "tinytext",
          "mediumtext",
          "longtext");

  private ColumnKinds() {}

  /**
   * Returns the type of a column.
   *
   * @param jdbcType one of {@link Types}
   * @param typeName the database's own name of the type
   */
  static ColumnType of(int jdbcType, String typeName) {
    String name = typeName.toLowerCase(Locale.ROOT);
    if (name.equals("uuid")) {
      return ColumnType.UUID;
    }
    if (name.equals("money") || name.startsWith("json") || name.contains("ignorecase")) {
      return ColumnType.OTHER;
    }
    return switch (jdbcType) {
      case Types.TINYINT, Types.SMALLINT, Types.INTEGER, Types.BIGINT -> ColumnType.NUMBER;
      case Types.NUMERIC, Types.DECIMAL -> ColumnType.NUMBER;
      case Types.REAL -> ColumnType.REAL;
      case Types.FLOAT, Types.DOUBLE -> ColumnType.DOUBLE;
      case Types.BOOLEAN -> ColumnType.BOOLEAN;
      case Types.BIT -> name.startsWith("bool") ? ColumnType.BOOLEAN : ColumnType.OTHER;
      case Types.CHAR -> name.startsWith("enum") ? ColumnType.LABEL : ColumnType.CHAR;
      case Types.VARCHAR, Types.LONGVARCHAR, Types.CLOB ->
          STRINGS.contains(name) ? ColumnType.TEXT : ColumnType.LABEL;
      case Types.DATE -> ColumnType.DATE;
      case Types.TIME -> name.equals("timetz") ? ColumnType.OTHER : ColumnType.TIME;
      case Types.TIMESTAMP ->
          name.equals("timestamptz") ? ColumnType.INSTANT : ColumnType.TIMESTAMP;
      case Types.TIMESTAMP_WITH_TIMEZONE -> ColumnType.INSTANT;
      default -> ColumnType.OTHER;
    };
  }
}
