package dev.tidewire.protocol;

import java.io.StringWriter;
import org.jspecify.annotations.Nullable;
import tools.jackson.core.JsonGenerator;
import tools.jackson.core.JsonParser;
import tools.jackson.core.JsonToken;
import tools.jackson.core.io.JsonStringEncoder;
import tools.jackson.databind.json.JsonMapper;

/** Payload values between Java and JSON text. Immutable, safe for any thread. */
final class JsonValues {

  private final JsonMapper mapper = JsonMapper.builder().build();
  private final JsonStringEncoder quoting = JsonStringEncoder.getInstance();

  String write(@Nullable Object value) {
    return mapper.writeValueAsString(value);
  }

  <T> T read(String text, Class<T> type) {
    return mapper.readValue(text, type);
  }

  /** Appends {@code text} as a JSON string. */
  StringBuilder quote(String text, StringBuilder to) {
    quoting.quoteAsString(text, to.append('"'));
    return to.append('"');
  }

  @Nullable String withUserId(String state, String userId) {
    StringWriter text = new StringWriter(state.length() + 32);
    try (JsonParser parser = mapper.createParser(state);
        JsonGenerator generator = mapper.createGenerator(text)) {
      if (parser.nextToken() != JsonToken.START_OBJECT) {
        return null;
      }
      generator.writeStartObject();
      for (String name = parser.nextName(); name != null; name = parser.nextName()) {
        parser.nextToken();
        if (name.equals("userId")) {
          parser.skipChildren();
        } else {
          generator.writeName(name);
          generator.copyCurrentStructure(parser);
        }
      }
      generator.writeStringProperty("userId", userId);
      generator.writeEndObject();
    }
    return text.toString();
  }
}
