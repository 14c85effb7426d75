package dev.tidewire.testing;

import java.util.ArrayList;
import java.util.List;
import tools.jackson.databind.DeserializationFeature;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/** Reads and compares JSON in tests; {@code '} may stand for {@code "}. */
public final class Json {

  private static final JsonMapper STRICT =
      JsonMapper.builder()
          .enable(DeserializationFeature.FAIL_ON_TRAILING_TOKENS)
          .enable(DeserializationFeature.USE_BIG_DECIMAL_FOR_FLOATS)
          .build();

  private Json() {}

  /** JSON written with single quotes. */
  public static String json(String text) {
    return text.replace('\'', '"');
  }

  public static JsonNode parse(String text) {
    return STRICT.readTree(text);
  }

  /** The frames of a text message. */
  public static List<JsonNode> frames(String message) {
    List<JsonNode> frames = new ArrayList<>();
    for (String line : message.split("\n", -1)) {
      frames.add(parse(line));
    }
    return frames;
  }

  /** The object without the fields that differ at each call. */
  public static JsonNode without(JsonNode frame, String... fields) {
    tools.jackson.databind.node.ObjectNode copy =
        (tools.jackson.databind.node.ObjectNode) frame.deepCopy();
    copy.remove(List.of(fields));
    return copy;
  }
}
