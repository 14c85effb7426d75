package dev.tidewire.history;

import dev.tidewire.channel.Position;
import org.jspecify.annotations.Nullable;

/**
 * One persisted message. Immutable, safe for any thread.
 *
 * @param position its place in the channel; the message's id
 * @param topic name of the channel ({@code room_id} on the wire)
 * @param userId who published it, null for the server itself
 * @param event the event's name
 * @param data the payload as JSON text
 * @param createdAt server time of acceptance, milliseconds since 1970; rises strictly within a
 *     channel
 */
public record HistoryMessage(
    Position position,
    String topic,
    @Nullable String userId,
    String event,
    String data,
    long createdAt) {}
