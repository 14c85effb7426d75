package dev.tidewire.changes;

import dev.tidewire.changes.store.FailureKind;
import dev.tidewire.channel.Operation;
import dev.tidewire.channel.RowChange;
import java.util.ArrayList;
import java.util.Collection;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import tools.jackson.core.JacksonException;
import tools.jackson.core.StreamReadConstraints;
import tools.jackson.core.json.JsonFactory;
import tools.jackson.core.json.JsonWriteFeature;
import tools.jackson.core.type.TypeReference;
import tools.jackson.databind.DeserializationFeature;
import tools.jackson.databind.json.JsonMapper;

/**
 * A committed transaction in the outbox, or, of a long one, a part of it. Immutable, safe for any
 * thread.
 *
 * @param number its place in the order of commits; numbers rise, with holes
 * @param first number of the transaction's first row
 * @param timestamp when it was written, milliseconds since 1970
 * @param items its changes in order
 */
record OutboxRow(long number, long first, long timestamp, List<Item> items) {

  private static final Logger log = LoggerFactory.getLogger(OutboxRow.class);

  /** A change that is longer is not told row by row. */
  private static final int MAX_ITEM = OutboxSchema.MAX_TEXT / 4;

  /** Only ASCII, so that the table may have any character set; reads whatever it writes. */
  private static final JsonMapper JSON =
      JsonMapper.builder(
              JsonFactory.builder()
                  .enable(JsonWriteFeature.ESCAPE_NON_ASCII)
                  .streamReadConstraints(
                      StreamReadConstraints.builder()
                          .maxNestingDepth(2_000)
                          .maxNumberLength(OutboxSchema.MAX_TEXT)
                          .build())
                  .build())
          .enable(DeserializationFeature.USE_BIG_DECIMAL_FOR_FLOATS)
          .enable(DeserializationFeature.USE_LONG_FOR_INTS)
          .build();

  private static final TypeReference<List<Map<String, @Nullable Object>>> CHANGES =
      new TypeReference<>() {};
  private static final TypeReference<Map<String, Integer>> COUNTS = new TypeReference<>() {};

  /**
   * A change of one channel.
   *
   * @param operation null for a reset
   */
  record Item(
      String topic,
      @Nullable Operation operation,
      Map<String, @Nullable Object> row,
      @Nullable Map<String, @Nullable Object> old,
      Actor actor) {

    static Item of(Change change) {
      return new Item(
          change.table().topic(), change.operation(), change.row(), change.old(), change.actor());
    }

    static Item reset(String topic) {
      return new Item(topic, null, Map.of(), null, Actor.UNKNOWN);
    }

    /** The change, of a table that has this channel. */
    Change of(CapturedTable table) {
      return new Change(table, operation, row, old, actor);
    }

    /** Null for a reset. */
    @Nullable RowChange change(String transaction) {
      return operation == null
          ? null
          : new RowChange(topic, operation, row, old, actor.userId(), transaction, actor.cause());
    }

    private String json() {
      Map<String, @Nullable Object> object = new LinkedHashMap<>();
      object.put("topic", topic);
      if (operation != null) {
        object.put("operation", operation.name());
        object.put("row", row);
        if (operation == Operation.UPDATE) {
          object.put("old", old);
        }
        put(object, "userId", actor.userId());
        put(object, "cause", actor.cause());
      }
      return JSON.writeValueAsString(object);
    }

    private static void put(
        Map<String, @Nullable Object> object, String name, @Nullable String of) {
      if (of != null) {
        object.put(name, of);
      }
    }
  }

  /**
   * What one row of the table holds.
   *
   * @param counts how many items each channel has, as JSON
   * @param changes the items, as a JSON array
   */
  record Text(List<Item> items, String counts, String changes) {}

  /**
   * Writes a transaction down, as few rows as will do. A change that cannot be written becomes a
   * reset of its channel.
   */
  static List<Text> texts(List<Change> changes) {
    List<Text> texts = new ArrayList<>(1);
    List<Item> items = new ArrayList<>(changes.size());
    StringBuilder text = new StringBuilder();
    for (Change change : changes) {
      Item item = Item.of(change);
      String json = written(item);
      if (json == null) {
        item = Item.reset(item.topic());
        json = item.json();
      }
      if (!items.isEmpty() && text.length() + json.length() + 2 > OutboxSchema.MAX_TEXT) {
        texts.add(text(items, text));
        items = new ArrayList<>();
        text.setLength(0);
      }
      text.append(items.isEmpty() ? '[' : ',').append(json);
      items.add(item);
    }
    texts.add(text(items, text));
    return texts;
  }

  /** What tells the resets of some channels. */
  static Text resets(Collection<String> topics) {
    List<Item> items = topics.stream().map(Item::reset).toList();
    StringBuilder text = new StringBuilder();
    items.forEach(item -> text.append(text.isEmpty() ? '[' : ',').append(item.json()));
    return text(items, text);
  }

  private static Text text(List<Item> items, StringBuilder text) {
    Map<String, Integer> counts = new LinkedHashMap<>();
    items.forEach(item -> counts.merge(item.topic(), 1, Integer::sum));
    return new Text(List.copyOf(items), JSON.writeValueAsString(counts), text + "]");
  }

  /** Null if that cannot be done. */
  private static @Nullable String written(Item item) {
    try {
      String json = item.json();
      return json.length() > MAX_ITEM ? null : json;
    } catch (JacksonException e) {
      log.atWarn()
          .addKeyValue("part", "outbox")
          .addKeyValue("channel", item.topic())
          .addKeyValue("reason", FailureKind.of(e)) // its message may quote the row
          .log("A change of {} cannot be written down: the channel is reset", item.topic());
      return null;
    }
  }

  /**
   * Reads what {@link #texts} wrote; what cannot be read is resets, as many as there were items.
   */
  static OutboxRow parse(long number, long first, long timestamp, String counts, String changes) {
    try {
      return new OutboxRow(number, first, timestamp, items(changes));
    } catch (RuntimeException e) {
      Map<String, Integer> topics = counts(counts);
      log.atError()
          .addKeyValue("part", "outbox")
          .addKeyValue("transaction", number)
          .addKeyValue("channels", topics.keySet())
          .addKeyValue("reason", FailureKind.of(e)) // its message may quote the row
          .log("Transaction {} in the outbox cannot be read: its channels are reset", number);
      List<Item> resets = new ArrayList<>();
      topics.forEach(
          (topic, count) -> {
            for (int i = 0; i < count; i++) {
              resets.add(Item.reset(topic));
            }
          });
      return new OutboxRow(number, first, timestamp, resets);
    }
  }

  /** How many items each channel has. */
  static Map<String, Integer> counts(String json) {
    return JSON.readValue(json, COUNTS);
  }

  private static List<Item> items(String json) {
    List<Item> items = new ArrayList<>();
    for (Map<String, @Nullable Object> object : JSON.readValue(json, CHANGES)) {
      Object operation = object.get("operation");
      Map<String, @Nullable Object> row = map(object.get("row"));
      items.add(
          new Item(
              Objects.requireNonNull(object.get("topic")).toString(),
              operation == null ? null : Operation.valueOf(operation.toString()),
              row == null ? Map.of() : row,
              map(object.get("old")),
              new Actor(string(object.get("userId")), string(object.get("cause")))));
    }
    return items;
  }

  @SuppressWarnings("unchecked") // an object of JSON
  private static @Nullable Map<String, @Nullable Object> map(@Nullable Object value) {
    return (Map<String, @Nullable Object>) value;
  }

  private static @Nullable String string(@Nullable Object value) {
    return value == null ? null : value.toString();
  }
}
