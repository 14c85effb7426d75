package dev.tidewire.history;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.locks.ReentrantLock;

/**
 * Keeps persisted messages in this JVM; they do not survive it. Every stage it returns is complete
 * already.
 *
 * <p>Beyond a total number of messages, whole channels are dropped, those first to which nothing
 * was published for the longest time. Safe for any thread: one lock per channel.
 */
public final class MemoryHistoryStore implements HistoryStore {

  private static final int DEFAULT_MAX_MESSAGES = 500_000;

  private final ConcurrentHashMap<String, MemoryLog> logs = new ConcurrentHashMap<>();
  private final AtomicLong messages = new AtomicLong();
  private final ReentrantLock dropping = new ReentrantLock();
  private final int maxMessages;

  /** Keeps at most 500,000 messages in all channels together. */
  public MemoryHistoryStore() {
    this(DEFAULT_MAX_MESSAGES);
  }

  /**
   * @param maxMessages messages in all channels together, 1 or more
   */
  public MemoryHistoryStore(int maxMessages) {
    if (maxMessages < 1) {
      throw new IllegalArgumentException("maxMessages must be 1 or more: " + maxMessages);
    }
    this.maxMessages = maxMessages;
  }

  @Override
  public CompletionStage<Void> append(HistoryMessage message, int limit) {
    if (limit > 0) {
      int change = MemoryLog.DROPPED;
      while (change == MemoryLog.DROPPED) {
        change = logs.computeIfAbsent(message.topic(), t -> new MemoryLog()).append(message, limit);
      }
      if (messages.addAndGet(change) > maxMessages) {
        dropIdlest(message.topic());
      }
    }
    return CompletableFuture.completedFuture(null);
  }

  private record Idle(String topic, MemoryLog log, long since) {}

  /** Drops the longest idle channels, a little more than needed, but never the present one. */
  private void dropIdlest(String present) {
    if (!dropping.tryLock()) {
      return; // somebody does it just now
    }
    try {
      List<Idle> candidates = new ArrayList<>(); // with the time as it is now: it moves on
      logs.forEach((topic, log) -> candidates.add(new Idle(topic, log, log.lastAppended())));
      candidates.removeIf(idle -> idle.topic().equals(present));
      candidates.sort(Comparator.comparingLong(Idle::since));
      long enough = maxMessages - maxMessages / 10L;
      for (Idle idle : candidates) {
        if (messages.get() <= enough) {
          return;
        }
        messages.addAndGet(-idle.log().drop());
        logs.remove(idle.topic(), idle.log());
      }
    } finally {
      dropping.unlock();
    }
  }

  @Override
  public CompletionStage<List<HistoryMessage>> page(HistoryQuery query) {
    MemoryLog log = logs.get(query.topic());
    return CompletableFuture.completedFuture(log == null ? List.of() : log.page(query));
  }

  @Override
  public void close() {
    logs.clear();
  }
}
