package dev.tidewire.demo.web;

import dev.tidewire.channel.Timestamps;
import java.time.OffsetDateTime;
import java.time.temporal.Temporal;
import java.util.ArrayList;
import java.util.Base64;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import org.jooq.Field;
import org.jooq.Record;
import org.jspecify.annotations.Nullable;
import tools.jackson.core.JacksonException;
import tools.jackson.core.StreamReadConstraints;
import tools.jackson.core.json.JsonFactory;
import tools.jackson.databind.DeserializationFeature;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/**
 * JSON for requests, answers and database rows: the same names and values that the change events
 * carry. Thread-safe.
 */
public final class Json {
  private static final JsonMapper MAPPER =
      JsonMapper.builder(
              JsonFactory.builder()
                  .streamReadConstraints(
                      StreamReadConstraints.builder()
                          .maxNestingDepth(8)
                          .maxNumberLength(40)
                          .build())
                  .build())
          .enable(DeserializationFeature.USE_BIG_DECIMAL_FOR_FLOATS)
          .enable(DeserializationFeature.FAIL_ON_TRAILING_TOKENS)
          .build();

  private Json() {}

  static byte[] bytes(@Nullable Object value) {
    return MAPPER.writeValueAsBytes(value);
  }

  static String text(@Nullable Object value) {
    return MAPPER.writeValueAsString(value);
  }

  /** What {@link #text} was made of; null if it was null. */
  static @Nullable Object parseAny(String json) {
    JsonNode node = MAPPER.readTree(json);
    return node.isNull() ? null : node;
  }

  static JsonNode parse(byte[] body) {
    try {
      return MAPPER.readTree(body);
    } catch (JacksonException e) {
      throw Problem.badRequest("The body is not valid JSON.");
    }
  }

  /** A row as the change events show it: names in lower case, values that JSON knows. */
  public static Map<String, Object> row(Record row) {
    Map<String, Object> json = new LinkedHashMap<>();
    for (Field<?> field : row.fields()) {
      json.put(name(field), value(row.get(field)));
    }
    return json;
  }

  public static List<Map<String, Object>> rows(Iterable<? extends Record> records) {
    List<Map<String, Object>> json = new ArrayList<>();
    records.forEach(row -> json.add(row(row)));
    return json;
  }

  public static String name(Field<?> field) {
    return field.getName().toLowerCase(Locale.ROOT);
  }

  public static @Nullable Object value(@Nullable Object value) {
    if (value == null || value instanceof Number || value instanceof Boolean) {
      return value;
    }
    if (value instanceof OffsetDateTime time) {
      return Timestamps.format(time.toInstant().toEpochMilli());
    }
    if (value instanceof Temporal) {
      return value.toString();
    }
    if (value instanceof byte[] bytes) {
      return Base64.getEncoder().encodeToString(bytes);
    }
    return value.toString();
  }
}
