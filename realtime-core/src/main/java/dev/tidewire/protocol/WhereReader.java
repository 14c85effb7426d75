package dev.tidewire.protocol;

import dev.tidewire.rows.Where;
import dev.tidewire.rows.Where.Operator;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;
import tools.jackson.core.JsonParser;
import tools.jackson.core.JsonToken;
import tools.jackson.core.ObjectReadContext;
import tools.jackson.core.json.JsonFactory;

/**
 * Reads the {@code where} of a subscribe frame: an object whose fields must all hold. A field is a
 * column with a value, with null, or with an object of operators; or {@code and}, {@code or},
 * {@code not}. Not thread-safe; made for one condition.
 */
final class WhereReader {

  private static final int MAX_DEPTH = 8;
  private static final int MAX_CONDITIONS = 100;
  private static final int MAX_VALUES = 1_000;
  private static final int MAX_NAME = 128;

  /** Thrown with what is wrong, for the client. */
  static final class WrongCondition extends RuntimeException {
    private static final long serialVersionUID = 1L;

    WrongCondition(String message) {
      super(message, null, false, false);
    }
  }

  private final JsonParser parser;
  private int conditions;
  private int values;

  private WhereReader(JsonParser parser) {
    this.parser = parser;
  }

  /** Reads sound JSON. */
  static Where read(JsonFactory json, String text) {
    try (JsonParser parser = json.createParser(ObjectReadContext.empty(), text)) {
      parser.nextToken();
      return new WhereReader(parser).object(1);
    }
  }

  /** The object at the present token, all of whose fields must hold. */
  private Where object(int depth) {
    if (parser.currentToken() != JsonToken.START_OBJECT) {
      throw new WrongCondition("a condition is an object such as {\"status\":\"open\"}");
    }
    if (depth > MAX_DEPTH) {
      throw new WrongCondition("nested deeper than " + MAX_DEPTH);
    }
    List<Where> parts = new ArrayList<>(2);
    for (String name = parser.nextName(); name != null; name = parser.nextName()) {
      parser.nextToken();
      switch (name) {
        case "and" -> parts.add(Where.and(list(name, depth)));
        case "or" -> parts.add(Where.or(list(name, depth)));
        case "not" -> parts.add(Where.not(object(depth + 1)));
        default -> column(name, parts);
      }
    }
    return parts.size() == 1 ? parts.get(0) : Where.and(parts);
  }

  private List<Where> list(String name, int depth) {
    if (parser.currentToken() != JsonToken.START_ARRAY) {
      throw new WrongCondition("'" + name + "' is a list of conditions");
    }
    List<Where> parts = new ArrayList<>();
    while (parser.nextToken() != JsonToken.END_ARRAY) {
      parts.add(object(depth + 1));
    }
    if (parts.isEmpty()) {
      throw new WrongCondition("'" + name + "' is a list of at least one condition");
    }
    return parts;
  }

  private void column(String name, List<Where> parts) {
    if (name.isEmpty() || name.length() > MAX_NAME) {
      throw new WrongCondition("a column has a name of at most " + MAX_NAME + " characters");
    }
    if (parser.currentToken() != JsonToken.START_OBJECT) {
      parts.add(compare(name, Operator.EQ));
      return;
    }
    int before = parts.size();
    for (String word = parser.nextName(); word != null; word = parser.nextName()) {
      parser.nextToken();
      parts.add(word.equals("in") ? in(name) : compare(name, operator(word)));
    }
    if (parts.size() == before) {
      throw new WrongCondition("column '" + name + "' has no operator");
    }
  }

  private static Operator operator(String word) {
    for (Operator operator : Operator.values()) {
      if (operator.word().equals(word) || operator.sql().equals(word)) {
        return operator;
      }
    }
    if (word.equals("!=")) {
      return Operator.NE;
    }
    throw new WrongCondition(
        "unknown operator '"
            + (word.length() > MAX_NAME ? word.substring(0, MAX_NAME) : word)
            + "': there are eq, ne, gt, gte, lt, lte, in");
  }

  private Where compare(String column, Operator operator) {
    count();
    Object value = value(column);
    if (value != null) {
      return new Where.Comparison(column, operator, value);
    }
    return switch (operator) {
      case EQ -> Where.isNull(column);
      case NE -> Where.not(Where.isNull(column));
      default ->
          throw new WrongCondition("'" + operator.word() + "' compares with a value, not null");
    };
  }

  private Where in(String column) {
    count();
    if (parser.currentToken() != JsonToken.START_ARRAY) {
      throw new WrongCondition("'in' is a list of values");
    }
    List<Object> chosen = new ArrayList<>();
    while (parser.nextToken() != JsonToken.END_ARRAY) {
      Object value = value(column);
      if (value == null) {
        throw new WrongCondition("'in' lists values; for null, use 'or'");
      }
      if (++values > MAX_VALUES) {
        throw new WrongCondition("more than " + MAX_VALUES + " values");
      }
      chosen.add(value);
    }
    return new Where.In(column, chosen);
  }

  private void count() {
    if (++conditions > MAX_CONDITIONS) {
      throw new WrongCondition("more than " + MAX_CONDITIONS + " conditions");
    }
  }

  private @Nullable Object value(String column) {
    return switch (parser.currentToken()) {
      case VALUE_STRING -> parser.getString();
      case VALUE_NUMBER_INT, VALUE_NUMBER_FLOAT -> parser.getDecimalValue();
      case VALUE_TRUE -> true;
      case VALUE_FALSE -> false;
      case VALUE_NULL -> null;
      default ->
          throw new WrongCondition(
              "column '" + column + "' is compared with a string, a number, true, false or null");
    };
  }
}
