package dev.tidewire.protocol;

import dev.tidewire.sync.FieldWrite;
import dev.tidewire.sync.Stamp;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import org.jspecify.annotations.Nullable;
import tools.jackson.core.JacksonException;
import tools.jackson.core.JsonParser;
import tools.jackson.core.JsonToken;
import tools.jackson.core.ObjectReadContext;
import tools.jackson.core.TokenStreamFactory;
import tools.jackson.core.json.JsonFactory;

/**
 * The payloads of shared documents: what the calls {@link #OPEN} and {@link #UPDATE} say and are
 * answered, and what the event {@link #UPDATE} tells. Values pass through as they came. Immutable,
 * safe for any thread.
 */
public final class DocumentJson {

  /** What the names of their calls and events begin with; applications have no such names. */
  public static final String RESERVED = "document:";

  /** Asks for a document as it is. */
  public static final String OPEN = RESERVED + "open";

  /** Writes fields; as an event: fields were written. */
  public static final String UPDATE = RESERVED + "update";

  private static final int MAX_WRITES = 1_000;

  /**
   * What a call says.
   *
   * @param name of the document
   * @param writes the fields it writes
   */
  public record Request(String name, List<FieldWrite> writes) {}

  // A table of property names would remember what strangers send.
  private final JsonFactory json =
      JsonFactory.builder().disable(TokenStreamFactory.Feature.CANONICALIZE_PROPERTY_NAMES).build();
  private final JsonValues values = new JsonValues();

  /**
   * Reads the data of a call.
   *
   * @throws IllegalArgumentException if it has another shape; the message says what is wrong
   */
  public Request request(String data) {
    String name = null;
    List<FieldWrite> writes = List.of();
    try (JsonParser parser = json.createParser(ObjectReadContext.empty(), data.toCharArray())) {
      if (parser.nextToken() != JsonToken.START_OBJECT) {
        throw new IllegalArgumentException("the data is an object");
      }
      for (String field = parser.nextName(); field != null; field = parser.nextName()) {
        JsonToken token = parser.nextToken();
        if (field.equals("document") && token == JsonToken.VALUE_STRING) {
          name = parser.getString();
        } else if (field.equals("writes") && token == JsonToken.START_ARRAY) {
          writes = writes(parser, data);
        } else {
          parser.skipChildren();
        }
      }
    } catch (JacksonException e) {
      throw new IllegalArgumentException("the data has the wrong shape", e);
    }
    if (name == null) {
      throw new IllegalArgumentException("'document' is missing");
    }
    return new Request(name, writes);
  }

  private static List<FieldWrite> writes(JsonParser parser, String data) {
    List<FieldWrite> writes = new ArrayList<>();
    while (parser.nextToken() != JsonToken.END_ARRAY) {
      if (parser.currentToken() != JsonToken.START_OBJECT) {
        throw new IllegalArgumentException("a write is an object");
      }
      if (writes.size() == MAX_WRITES) {
        throw new IllegalArgumentException("at most " + MAX_WRITES + " writes at once");
      }
      writes.add(write(parser, data));
    }
    return writes;
  }

  private static FieldWrite write(JsonParser parser, String data) {
    String field = null;
    Stamp at = null;
    String value = null;
    for (String name = parser.nextName(); name != null; name = parser.nextName()) {
      JsonToken token = parser.nextToken();
      if (name.equals("value")) {
        value = raw(parser, data);
      } else if (name.equals("field") && token == JsonToken.VALUE_STRING) {
        field = parser.getString();
      } else if (name.equals("at") && token == JsonToken.VALUE_STRING) {
        at = Stamp.parse(parser.getString());
      } else {
        parser.skipChildren();
      }
    }
    if (field == null || at == null) {
      throw new IllegalArgumentException("a write has a 'field' and a stamp 'at'");
    }
    return new FieldWrite(field, at, value);
  }

  private static String raw(JsonParser parser, String data) {
    int from = (int) parser.currentTokenLocation().getCharOffset();
    parser.skipChildren();
    parser.finishToken();
    return data.substring(from, (int) parser.currentLocation().getCharOffset()).strip();
  }

  /** The data of an update event. */
  public String update(Collection<FieldWrite> writes) {
    return append(writes, new StringBuilder("{")).append('}').toString();
  }

  /**
   * The answer to an open.
   *
   * @param now the server's time, milliseconds since 1970
   * @param drift how far a stamp may be ahead of it
   * @param writable whether the asker may write
   */
  public String opened(
      Collection<FieldWrite> writes,
      @Nullable Stamp floor,
      boolean writable,
      long now,
      Duration drift) {
    StringBuilder text =
        new StringBuilder("{\"now\":")
            .append(now)
            .append(",\"drift\":")
            .append(drift.toMillis())
            .append(",\"writable\":")
            .append(writable);
    if (floor != null) {
      text.append(",\"floor\":\"").append(floor).append('"');
    }
    return append(writes, text.append(',')).append('}').toString();
  }

  /**
   * The answer to an update.
   *
   * @param lost the fields of writes that came too late to count
   */
  public String updated(List<String> lost) {
    StringBuilder text = new StringBuilder("{\"lost\":[");
    for (String field : lost) {
      values.quote(field, separated(text));
    }
    return text.append("]}").toString();
  }

  /** A document as one object: the fields that have a value. */
  public String document(Collection<FieldWrite> writes) {
    StringBuilder text = new StringBuilder("{");
    for (FieldWrite write : writes) {
      if (!write.isRemoval()) {
        values.quote(write.field(), separated(text)).append(':').append(write.json());
      }
    }
    return text.append('}').toString();
  }

  private StringBuilder append(Collection<FieldWrite> writes, StringBuilder to) {
    to.append("\"writes\":[");
    for (FieldWrite write : writes) {
      values.quote(write.field(), separated(to).append("{\"field\":"));
      to.append(",\"at\":\"").append(write.at()).append('"');
      if (!write.isRemoval()) {
        to.append(",\"value\":").append(write.json());
      }
      to.append('}');
    }
    return to.append(']');
  }

  private static StringBuilder separated(StringBuilder text) {
    char last = text.charAt(text.length() - 1);
    return last == '[' || last == '{' ? text : text.append(',');
  }
}
