package dev.tidewire.history;

import dev.tidewire.channel.Position;
import java.util.ArrayList;
import java.util.Collections;
import java.util.Comparator;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.ConcurrentHashMap;

/**
 * Keeps persisted messages in this JVM; they do not survive it. Every stage it returns is complete
 * already. Safe for any thread: one lock per channel.
 */
public final class MemoryHistoryStore implements HistoryStore {

  private static final Comparator<HistoryMessage> OLDEST_FIRST =
      Comparator.comparingLong(HistoryMessage::createdAt)
          .thenComparingLong(m -> m.position().offset());

  private final ConcurrentHashMap<String, List<HistoryMessage>> channels =
      new ConcurrentHashMap<>();

  @Override
  public CompletionStage<Void> append(HistoryMessage message, int limit) {
    channels.compute(
        message.topic(),
        (topic, known) -> {
          List<HistoryMessage> messages = known == null ? new ArrayList<>() : known;
          synchronized (messages) {
            // Two publishers may arrive in the other order than their positions.
            int at = Collections.binarySearch(messages, message, OLDEST_FIRST);
            messages.add(at < 0 ? -at - 1 : at, message);
            int surplus = messages.size() - limit;
            // Trimming an array list from its head moves the rest: do it in batches.
            if (surplus > limit / 8) {
              messages.subList(0, surplus).clear();
            }
          }
          return messages.isEmpty() ? null : messages;
        });
    return CompletableFuture.completedFuture(null);
  }

  @Override
  public CompletionStage<List<HistoryMessage>> page(HistoryQuery query) {
    List<HistoryMessage> messages = channels.get(query.topic());
    if (messages == null) {
      return CompletableFuture.completedFuture(List.of());
    }
    synchronized (messages) {
      int to = end(messages, query);
      int from = Math.max(0, to - query.limit());
      return CompletableFuture.completedFuture(List.copyOf(messages.subList(from, to)));
    }
  }

  /** Index after the newest message that the query may return. */
  private static int end(List<HistoryMessage> messages, HistoryQuery query) {
    int to = messages.size();
    Position before = query.beforePosition();
    if (before != null) {
      while (to > 0 && !isOlder(messages.get(to - 1).position(), before)) {
        // The channel may have lived several epochs; the cursor itself marks the place in all.
        if (messages.get(to - 1).position().equals(before)) {
          to--;
          break;
        }
        to--;
      }
    }
    Long time = query.beforeTime();
    while (time != null && to > 0 && messages.get(to - 1).createdAt() >= time) {
      to--;
    }
    return to;
  }

  private static boolean isOlder(Position position, Position than) {
    return position.epoch().equals(than.epoch()) && position.offset() < than.offset();
  }

  @Override
  public void close() {
    channels.clear();
  }
}
