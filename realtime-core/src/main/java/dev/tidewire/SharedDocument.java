package dev.tidewire;

import dev.tidewire.channel.Position;
import dev.tidewire.sync.FieldWrite;
import java.util.ArrayList;
import java.util.Collections;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletionStage;
import org.jspecify.annotations.Nullable;

/**
 * A document that pages and this server edit together, as server code uses it. A light handle:
 * holds nothing. Safe for any thread.
 */
public final class SharedDocument {

  private final SharedDocuments documents;
  private final String name;
  private final String topic;

  SharedDocument(SharedDocuments documents, String name, String topic) {
    this.documents = documents;
    this.name = name;
    this.topic = topic;
  }

  /** Name of the document. */
  public String name() {
    return name;
  }

  /**
   * Name of its channel. Its presence is there; its event {@code document:update} tells of every
   * change.
   */
  public String topic() {
    return topic;
  }

  /**
   * The document as it is, with every write that was acknowledged before. Fails with a {@link
   * RealtimeException} if the store or the broker cannot be reached.
   */
  public CompletionStage<DocumentSnapshot> read() {
    return documents
        .ask(name, DocumentRoom::read)
        .thenApply(
            view -> new DocumentSnapshot(documents.codec(), documents.json(), view.writes()));
  }

  /**
   * Writes a field.
   *
   * @param value anything that becomes JSON
   * @return where it was told on the channel, when it is stored; fails with a {@link Rejection} if
   *     the document would be too large, and with another {@link RealtimeException} if the store or
   *     the broker cannot be reached; then it may have been stored
   * @throws IllegalArgumentException if {@code field} cannot be the name of a field, or {@code
   *     value} cannot become JSON
   */
  public CompletionStage<@Nullable Position> set(String field, @Nullable Object value) {
    return setAll(Collections.singletonMap(field, value));
  }

  /** Writes several fields at once: all are stored, and told in one event, or none. */
  public CompletionStage<@Nullable Position> setAll(
      Map<String, ? extends @Nullable Object> values) {
    Map<String, @Nullable String> json = new HashMap<>();
    values.forEach((field, value) -> json.put(field, documents.codec().toJson(value)));
    return write(json);
  }

  /** Removes a field. */
  public CompletionStage<@Nullable Position> remove(String field) {
    return write(Collections.singletonMap(field, null));
  }

  private CompletionStage<@Nullable Position> write(Map<String, @Nullable String> json) {
    json.keySet().forEach(FieldWrite::requireField);
    return documents
        .ask(name, room -> room.write(() -> stamped(json), null))
        .thenApply(DocumentRoom.Written::position);
  }

  /** Stamped when its turn comes: later than everything in the document. */
  private List<FieldWrite> stamped(Map<String, @Nullable String> json) {
    List<FieldWrite> writes = new ArrayList<>();
    json.forEach(
        (field, value) -> writes.add(new FieldWrite(field, documents.stamps().next(), value)));
    return writes;
  }

  @Override
  public String toString() {
    return "SharedDocument[" + name + ']';
  }
}
