package dev.tidewire.changes;

import dev.tidewire.channel.Position;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.CompletionStage;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/**
 * What a piece of work returned, and where in the channels its changes stand: whoever has received
 * a channel up to its position has seen them. Made by {@link ChangeCapture#written}.
 *
 * <p>Immutable, safe for any thread.
 *
 * @param result what the work returned
 * @param positions by channel, once the changes are published; empty if nothing captured was
 *     committed, so that there is nothing to wait for. Fails if the capture is closed
 * @param <T> the result
 */
public record Written<T extends @Nullable Object>(
    T result, CompletionStage<Map<String, Position>> positions) {

  /** Name of the HTTP header in which an answer tells the positions. */
  public static final String HEADER = "Tidewire-Position";

  /** The header's value: {@code orders=k3f9.182, todos=q8aa.7}; empty if there is none. */
  public static String header(Map<String, Position> positions) {
    return new TreeMap<>(positions)
        .entrySet().stream()
            .map(entry -> entry.getKey() + '=' + entry.getValue())
            .collect(Collectors.joining(", "));
  }
}
