package dev.tidewire.sync;

import java.util.Collection;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicInteger;
import org.jspecify.annotations.Nullable;

/** Keeps documents in this JVM, as long as it lives. Safe for any thread. */
public final class MemoryDocumentStore implements DocumentStore {

  private static final int DEFAULT_MAX_DOCUMENTS = 10_000;

  private final ConcurrentHashMap<String, FieldMap> documents = new ConcurrentHashMap<>();
  private final AtomicInteger count = new AtomicInteger();
  private final int maxDocuments;

  /** A store for 10,000 documents. */
  public MemoryDocumentStore() {
    this(DEFAULT_MAX_DOCUMENTS);
  }

  /**
   * @param maxDocuments how many documents it takes; the first write of one more fails
   */
  public MemoryDocumentStore(int maxDocuments) {
    this.maxDocuments = maxDocuments;
  }

  @Override
  public CompletionStage<Stored> load(String name) {
    Stored[] found = {Stored.nothing()};
    documents.computeIfPresent(
        name,
        (key, map) -> {
          found[0] = new Stored(List.copyOf(map.writes()), map.floor());
          return map;
        });
    return CompletableFuture.completedFuture(found[0]);
  }

  @Override
  public CompletionStage<Void> save(
      String name, Collection<FieldWrite> writes, FieldMap.@Nullable Purge purge) {
    try {
      documents.compute(name, (key, map) -> saved(map, writes, purge));
    } catch (IllegalStateException e) {
      return CompletableFuture.failedFuture(e);
    }
    return CompletableFuture.completedFuture(null);
  }

  private FieldMap saved(
      @Nullable FieldMap known, Collection<FieldWrite> writes, FieldMap.@Nullable Purge purge) {
    if (known == null && count.incrementAndGet() > maxDocuments) {
      count.decrementAndGet();
      throw new IllegalStateException("more than " + maxDocuments + " documents");
    }
    FieldMap map = known == null ? new FieldMap() : known;
    writes.forEach(map::merge);
    if (purge != null) {
      map.forget(purge);
    }
    return map;
  }

  @Override
  public void close() {
    documents.clear();
  }
}
