package dev.tidewire.changes;

import dev.tidewire.channel.Operation;
import dev.tidewire.channel.RowChange;
import java.util.Base64;
import java.util.Collection;
import java.util.Locale;
import java.util.Map;
import java.util.function.Consumer;
import org.jooq.Field;
import org.jooq.Record;
import org.jooq.Table;
import org.jooq.exception.DataTypeException;
import org.jspecify.annotations.Nullable;
import tools.jackson.databind.json.JsonMapper;

/**
 * A row change with jOOQ records in the place of maps, for subscribers in this JVM:
 *
 * <pre>{@code
 * realtime.channel("orders").onChange(RecordChange.to(ORDERS, change -> cache.evict(change.row().getId())));
 * }</pre>
 *
 * <p>Columns that are not published are null in the records. The records are attached to nothing
 * and unchanged. Not copied; safe for any thread as long as nobody modifies the records.
 *
 * @param operation what was done
 * @param row the new row for INSERT and UPDATE, the deleted row for DELETE
 * @param old the previous row for UPDATE and DELETE, null for INSERT
 * @param change the same as it was published, with who, why and the transaction
 * @param <R> the table's record
 */
public record RecordChange<R extends Record>(
    Operation operation, R row, @Nullable R old, RowChange change) {

  /**
   * Returns a change of {@code table}'s channel with records.
   *
   * @throws IllegalArgumentException if a value is none of its column's type
   */
  public static <R extends Record> RecordChange<R> of(Table<R> table, RowChange change) {
    JsonMapper json = JsonMapper.shared();
    R row = read(table, change.row(), json);
    Map<String, @Nullable Object> old = change.old();
    return new RecordChange<>(
        change.operation(), row, old == null ? null : read(table, old, json), change);
  }

  /** A listener for {@link dev.tidewire.Channel#onChange}. */
  public static <R extends Record> Consumer<RowChange> to(
      Table<R> table, Consumer<? super RecordChange<R>> listener) {
    return change -> listener.accept(of(table, change));
  }

  private static <R extends Record> R read(
      Table<R> table, Map<String, @Nullable Object> values, JsonMapper json) {
    R row = table.newRecord();
    for (Field<?> field : row.fields()) {
      String lower = field.getName().toLowerCase(Locale.ROOT);
      Object value = values.containsKey(lower) ? values.get(lower) : values.get(field.getName());
      if (value != null) {
        set(row, field, value, json);
      }
    }
    row.changed(false);
    return row;
  }

  private static <T> void set(Record row, Field<T> field, Object value, JsonMapper json) {
    Object plain = value;
    if (field.getType() == byte[].class && value instanceof String text) {
      plain = Base64.getDecoder().decode(text);
    } else if (field.getDataType().isJSON()) {
      plain = json.writeValueAsString(value);
    } else if (value instanceof Collection<?> list) {
      plain = list.toArray();
    }
    T converted = null;
    DataTypeException failure = null;
    try {
      converted = field.getDataType().convert(plain);
    } catch (DataTypeException e) {
      failure = e;
    }
    if (converted == null) { // jOOQ makes null of some texts that it cannot read
      throw new IllegalArgumentException("'" + field.getName() + "' cannot be read", failure);
    }
    row.set(field, converted);
  }
}
