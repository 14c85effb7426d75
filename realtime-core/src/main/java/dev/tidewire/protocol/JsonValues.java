package dev.tidewire.protocol;

import dev.tidewire.channel.Operation;
import dev.tidewire.channel.RowChange;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import tools.jackson.core.JacksonException;
import tools.jackson.core.JsonParser;
import tools.jackson.core.JsonToken;
import tools.jackson.core.TokenStreamFactory;
import tools.jackson.core.io.JsonStringEncoder;
import tools.jackson.core.json.JsonFactory;
import tools.jackson.databind.DeserializationFeature;
import tools.jackson.databind.ObjectReader;
import tools.jackson.databind.json.JsonMapper;

/** Payload values between Java and JSON text. Immutable, safe for any thread. */
final class JsonValues {

  // A table of property names would remember what strangers send.
  private final JsonMapper mapper =
      JsonMapper.builder(
              JsonFactory.builder()
                  .disable(TokenStreamFactory.Feature.CANONICALIZE_PROPERTY_NAMES)
                  .build())
          .build();
  private final ObjectReader exact =
      mapper
          .readerFor(ChangeFrame.class)
          .with(DeserializationFeature.USE_BIG_DECIMAL_FOR_FLOATS)
          .without(DeserializationFeature.FAIL_ON_UNKNOWN_PROPERTIES);
  private final JsonStringEncoder quoting = JsonStringEncoder.getInstance();

  String write(@Nullable Object value) {
    try {
      String json = mapper.writeValueAsString(value);
      return json.indexOf('\n') < 0 && json.indexOf('\r') < 0
          ? json
          : json.replace('\n', ' ').replace('\r', ' '); // a raw value, laid out by somebody else
    } catch (JacksonException e) {
      String type = value == null ? "null" : value.getClass().getName();
      throw new IllegalArgumentException("a " + type + " cannot become JSON", e);
    }
  }

  <T> T read(String text, Class<T> type) {
    T value;
    try {
      value = mapper.readValue(text, type);
    } catch (JacksonException e) {
      throw new IllegalArgumentException("this JSON is no " + type.getName(), e);
    }
    if (value == null) {
      throw new IllegalArgumentException("null is no " + type.getName());
    }
    return value;
  }

  /** Reads the frame of a row change, numbers exactly as they were written. */
  RowChange readChange(String text) {
    ChangeFrame frame;
    try {
      frame = exact.readValue(text);
    } catch (JacksonException e) {
      throw new IllegalArgumentException("this JSON is no row change", e);
    }
    return new RowChange(
        frame.topic(),
        frame.operation(),
        frame.data(),
        frame.operation() == Operation.DELETE ? frame.data() : frame.old(),
        frame.userId(),
        frame.tx(),
        frame.cause());
  }

  /** The fields of a row change's frame. */
  private record ChangeFrame(
      String topic,
      Operation operation,
      Map<String, @Nullable Object> data,
      @Nullable Map<String, @Nullable Object> old,
      @Nullable String userId,
      @Nullable String tx,
      @Nullable String cause) {}

  /** Appends {@code text} as a JSON string. */
  StringBuilder quote(String text, StringBuilder to) {
    quoting.quoteAsString(text, to.append('"'));
    return to.append('"');
  }

  /** The object {@code state} with this {@code userId}, else as it is; null if it is no object. */
  @Nullable String withUserId(String state, String userId) {
    StringBuilder object = new StringBuilder(state.length() + 32).append('{');
    try (JsonParser parser = mapper.createParser(state.toCharArray())) {
      if (parser.nextToken() != JsonToken.START_OBJECT) {
        return null;
      }
      for (String name = parser.nextName(); name != null; name = parser.nextName()) {
        parser.nextToken();
        int from = (int) parser.currentTokenLocation().getCharOffset();
        parser.skipChildren();
        parser.finishToken();
        int to = (int) parser.currentLocation().getCharOffset();
        if (!name.equals("userId")) {
          quote(name, object).append(':').append(state, from, to).append(',');
        }
      }
    }
    return quote(userId, object.append("\"userId\":")).append('}').toString();
  }
}
