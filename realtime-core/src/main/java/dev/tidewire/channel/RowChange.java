package dev.tidewire.channel;

import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * One captured SQL write of one row, after its transaction committed.
 *
 * <p>Column values are JSON-neutral: {@code null}, {@link String}, {@link Number}, {@link Boolean},
 * or a {@link Map} or {@link java.util.List} of those. Times are ISO 8601 strings, bytes are base64
 * strings. Maps keep the column order of the table and must not be modified by the receiver.
 *
 * <p>Immutable by convention: the maps are not copied. Safe for any thread.
 *
 * @param topic name of the table's change channel
 * @param operation what was done
 * @param row the new row for INSERT and UPDATE, the deleted row for DELETE
 * @param old the previous row for UPDATE, null for INSERT; for DELETE the deleted row again, also
 *     if null is given
 * @param userId who wrote it, if known
 * @param transaction identifies the transaction; the same for all rows of one commit
 * @param cause what the writer said about why, for example the id of a client's mutation
 */
public record RowChange(
    String topic,
    Operation operation,
    Map<String, @Nullable Object> row,
    @Nullable Map<String, @Nullable Object> old,
    @Nullable String userId,
    @Nullable String transaction,
    @Nullable String cause) {

  public RowChange {
    old = operation == Operation.DELETE && old == null ? row : old;
  }
}
