package dev.tidewire;

import dev.tidewire.protocol.DocumentJson;
import dev.tidewire.protocol.FrameCodec;
import dev.tidewire.sync.FieldWrite;
import java.util.Collection;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/** A shared document at one moment. Immutable, safe for any thread. */
public final class DocumentSnapshot {

  private final FrameCodec codec;
  private final DocumentJson json;
  private final Map<String, FieldWrite> fields = new LinkedHashMap<>();

  DocumentSnapshot(FrameCodec codec, DocumentJson json, Collection<FieldWrite> writes) {
    this.codec = codec;
    this.json = json;
    for (FieldWrite write : writes) {
      if (!write.isRemoval()) {
        fields.put(write.field(), write);
      }
    }
  }

  /** The fields that have a value. */
  public Set<String> fields() {
    return Collections.unmodifiableSet(fields.keySet());
  }

  /** The value of a field as JSON text; null if it has none. */
  public @Nullable String json(String field) {
    FieldWrite write = fields.get(field);
    return write == null ? null : write.json();
  }

  /**
   * The value of a field; null if it has none, or JSON's {@code null}.
   *
   * @throws IllegalArgumentException if it has another shape
   */
  public <T> @Nullable T get(String field, Class<T> type) {
    String text = json(field);
    return text == null || text.equals("null") ? null : codec.fromJson(text, type);
  }

  /** All fields as one JSON object. */
  public String json() {
    return json.document(fields.values());
  }

  /**
   * All fields as a Java value: a map, a record, a bean.
   *
   * @throws IllegalArgumentException if it has another shape
   */
  public <T> T as(Class<T> type) {
    return codec.fromJson(json(), type);
  }

  @Override
  public String toString() {
    return "DocumentSnapshot" + fields.keySet();
  }
}
