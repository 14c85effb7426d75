package dev.tidewire.sync.yjs;

import dev.tidewire.RealtimeException;
import java.util.Collection;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicLong;

/**
 * Keeps documents in this JVM; they do not survive it. Every stage it returns is complete already.
 * Beyond a total number of bytes updates are refused: a document is nobody's to drop.
 *
 * <p>Safe for any thread.
 */
public final class MemoryYjsStore implements YjsStore {

  private static final long DEFAULT_MAX_BYTES = 256L * 1024 * 1024;

  private final ConcurrentHashMap<String, Map<String, byte[]>> rooms = new ConcurrentHashMap<>();
  private final AtomicLong bytes = new AtomicLong();
  private final AtomicLong keys = new AtomicLong();
  private final long maxBytes;

  /** Keeps at most 256 MiB in all rooms together. */
  public MemoryYjsStore() {
    this(DEFAULT_MAX_BYTES);
  }

  /**
   * @param maxBytes in all rooms together, 1 or more
   */
  public MemoryYjsStore(long maxBytes) {
    if (maxBytes < 1) {
      throw new IllegalArgumentException("maxBytes must be 1 or more: " + maxBytes);
    }
    this.maxBytes = maxBytes;
  }

  @Override
  public CompletionStage<Map<String, byte[]>> load(String room) {
    Map<String, byte[]> found = new LinkedHashMap<>();
    rooms.computeIfPresent(
        room,
        (name, updates) -> {
          found.putAll(updates);
          return updates;
        });
    return CompletableFuture.completedFuture(found);
  }

  @Override
  public CompletionStage<String> append(String room, byte[] update) {
    if (bytes.addAndGet(update.length) > maxBytes) {
      bytes.addAndGet(-update.length);
      return CompletableFuture.failedFuture(
          new RealtimeException("more than " + maxBytes + " bytes of documents", null));
    }
    String key = nextKey();
    rooms.compute(
        room,
        (name, updates) -> {
          Map<String, byte[]> known = updates == null ? new LinkedHashMap<>() : updates;
          known.put(key, update);
          return known;
        });
    return CompletableFuture.completedFuture(key);
  }

  private String nextKey() {
    return Long.toString(keys.incrementAndGet());
  }

  @Override
  public CompletionStage<String> replace(String room, Collection<String> old, byte[] update) {
    CompletableFuture<String> done = new CompletableFuture<>();
    rooms.compute(
        room,
        (name, updates) -> {
          if (updates == null || !updates.keySet().containsAll(old)) {
            done.completeExceptionally(
                new RealtimeException("updates of '" + room + "' are no longer there", null));
            return updates;
          }
          Map<String, byte[]> left = new LinkedHashMap<>();
          String key = nextKey();
          left.put(key, update);
          left.putAll(updates);
          long freed = 0;
          for (String each : old) {
            byte[] gone = left.remove(each);
            freed += gone == null ? 0 : gone.length;
          }
          bytes.addAndGet(update.length - freed);
          done.complete(key);
          return left;
        });
    return done;
  }

  @Override
  public CompletionStage<Void> delete(String room) {
    rooms.computeIfPresent(
        room,
        (name, updates) -> {
          updates.values().forEach(update -> bytes.addAndGet(-update.length));
          return null;
        });
    return CompletableFuture.completedFuture(null);
  }

  @Override
  public boolean isShared() {
    return false;
  }

  @Override
  public void close() {
    rooms.clear();
  }
}
