package dev.tidewire.rows;

import java.math.BigDecimal;
import java.time.DateTimeException;
import java.time.Instant;
import java.time.LocalDate;
import java.time.LocalDateTime;
import java.time.LocalTime;
import java.time.OffsetDateTime;
import java.util.Arrays;
import java.util.Locale;
import org.jspecify.annotations.Nullable;

/**
 * What kind of values a column has, as far as comparing them goes. An immutable constant, safe for
 * any thread.
 */
public enum ColumnType {
  /** Whole and decimal numbers; compared exactly, whatever the number of digits. */
  NUMBER("a number"),
  /** Numbers of 64 bits, binary; a value is rounded to that first. */
  DOUBLE("a number"),
  /** Numbers of 32 bits, binary; a value is rounded to that first. */
  REAL("a number"),
  /** Strings, compared by code point. */
  TEXT("a string"),
  /** Strings that are filled up with blanks, which do not count. */
  CHAR("a string"),
  /** Strings of which only equality is known, such as an enumeration's. */
  LABEL("a string"),
  /** True or false. */
  BOOLEAN("true or false"),
  /** {@code 2026-02-28}. */
  DATE("a date such as 2026-02-28"),
  /** {@code 10:15:30.25}. */
  TIME("a time such as 10:15:30"),
  /** {@code 2026-02-28T10:15:30.25}, of no time zone. */
  TIMESTAMP("a time such as 2026-02-28T10:15:30"),
  /** {@code 2026-02-28T10:15:30.25Z}; another offset is the same moment. */
  INSTANT("a moment such as 2026-02-28T10:15:30Z"),
  /** UUIDs. */
  UUID("a UUID"),
  /** Anything that can only be null or not. */
  OTHER("nothing");

  /** Beyond this many places of zeros a decimal number is no sensible value. */
  private static final int MAX_SCALE = 400;

  private final String example;

  ColumnType(String example) {
    this.example = example;
  }

  /** Whether greater and less are known. */
  boolean isOrdered() {
    return this != LABEL && this != BOOLEAN && this != UUID && this != OTHER;
  }

  /**
   * Returns a value of a condition in the form in which it is compared.
   *
   * @throws IllegalArgumentException if no column of this type can have it
   */
  Object literal(String column, Object value) {
    Object literal = null;
    try {
      if (this == BOOLEAN) {
        literal = value instanceof Boolean ? value : null;
      } else if (value instanceof Number number) {
        literal = number(new BigDecimal(number.toString()));
      } else if (value instanceof String text && !isNumeric()) {
        literal = parse(text);
      }
    } catch (DateTimeException | IllegalArgumentException e) {
      literal = null;
    }
    if (literal == null) {
      throw new IllegalArgumentException(
          this == OTHER
              ? "column '" + column + "' can only be compared with null"
              : "column '" + column + "' is compared with " + example);
    }
    return literal;
  }

  private boolean isNumeric() {
    return this == NUMBER || this == DOUBLE || this == REAL;
  }

  private @Nullable Object number(BigDecimal value) {
    return switch (this) {
      case NUMBER -> Math.abs((long) value.scale()) > MAX_SCALE ? null : value.stripTrailingZeros();
      case DOUBLE -> {
        double number = value.doubleValue() + 0.0; // without a negative zero
        yield Double.isFinite(number) ? number : null;
      }
      case REAL -> {
        float number = value.floatValue() + 0.0f;
        yield Float.isFinite(number) ? number : null;
      }
      default -> null;
    };
  }

  private @Nullable Object parse(String text) {
    return switch (this) {
      case TEXT, LABEL -> text.indexOf('\0') < 0 ? text : null;
      case CHAR -> text.indexOf('\0') < 0 ? withoutTrailingBlanks(text) : null;
      case DATE -> LocalDate.parse(text);
      case TIME -> LocalTime.parse(text);
      case TIMESTAMP -> LocalDateTime.parse(text);
      case INSTANT -> OffsetDateTime.parse(text).toInstant();
      case UUID -> text.length() == 36 ? java.util.UUID.fromString(text) : null;
      default -> null;
    };
  }

  /** Returns a row's value, which is not null, in the form in which it is compared. */
  Object operand(Object value) {
    return switch (this) {
      case NUMBER -> value instanceof Number ? decimal(value) : Double.valueOf(value.toString());
      case DOUBLE -> Double.parseDouble(value.toString()) + 0.0;
      case REAL -> Float.parseFloat(value.toString()) + 0.0f;
      case TEXT, LABEL, BOOLEAN, OTHER -> value;
      case CHAR -> withoutTrailingBlanks(value.toString());
      case UUID -> java.util.UUID.fromString(value.toString());
      case DATE -> end(value, LocalDate.MIN, LocalDate.MAX, value.toString());
      case TIME -> LocalTime.parse(value.toString());
      case TIMESTAMP -> end(value, LocalDateTime.MIN, LocalDateTime.MAX, value.toString());
      case INSTANT -> end(value, Instant.MIN, Instant.MAX, value.toString());
    };
  }

  private Object end(Object value, Object first, Object last, String text) {
    if (value.equals("infinity")) {
      return last;
    }
    if (value.equals("-infinity")) {
      return first;
    }
    return switch (this) {
      case DATE -> LocalDate.parse(text);
      case TIMESTAMP -> LocalDateTime.parse(text);
      default -> OffsetDateTime.parse(text).toInstant();
    };
  }

  private static BigDecimal decimal(Object value) {
    return value instanceof BigDecimal known ? known : new BigDecimal(value.toString());
  }

  private static String withoutTrailingBlanks(String text) {
    int end = text.length();
    while (end > 0 && text.charAt(end - 1) == ' ') {
      end--;
    }
    return text.substring(0, end);
  }

  /** Compares a row's value with one of a condition, both in their forms for that. */
  int compare(Object operand, Object literal) {
    return switch (this) {
      case NUMBER ->
          operand instanceof BigDecimal number
              ? number.compareTo((BigDecimal) literal)
              : ((Double) operand == Double.NEGATIVE_INFINITY ? -1 : 1); // not a number is last
      case DOUBLE -> Double.compare((Double) operand, (Double) literal);
      case REAL -> Float.compare((Float) operand, (Float) literal);
      case TEXT, CHAR, LABEL -> byCodePoint((String) operand, (String) literal);
      case BOOLEAN -> Boolean.compare((Boolean) operand, (Boolean) literal);
      case DATE -> ((LocalDate) operand).compareTo((LocalDate) literal);
      case TIME -> ((LocalTime) operand).compareTo((LocalTime) literal);
      case TIMESTAMP -> ((LocalDateTime) operand).compareTo((LocalDateTime) literal);
      case INSTANT -> ((Instant) operand).compareTo((Instant) literal);
      case UUID -> operand.equals(literal) ? 0 : 1;
      case OTHER -> throw new IllegalStateException("not comparable");
    };
  }

  /** UTF-16 puts some characters in another order. */
  private static int byCodePoint(String a, String b) {
    int at = Arrays.mismatch(a.toCharArray(), b.toCharArray());
    if (at < 0 || at == a.length() || at == b.length()) {
      return a.length() - b.length();
    }
    char x = a.charAt(at);
    char y = b.charAt(at);
    boolean mixed = Character.isSurrogate(x) != Character.isSurrogate(y);
    return mixed ? (Character.isSurrogate(x) ? 1 : -1) : x - y;
  }

  @Override
  public String toString() {
    return name().toLowerCase(Locale.ROOT);
  }
}
