package dev.tidewire;

import dev.tidewire.history.HistoryMessage;
import dev.tidewire.history.HistoryQuery;
import dev.tidewire.history.HistoryStore;
import java.time.Clock;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CompletionStage;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/** A history store that remembers whether it worked when it was used last. Safe for any thread. */
final class WatchedHistory implements HistoryStore {

  /** Whether it still fails is not known when nobody has tried for so long. */
  private static final Duration MEMORY = Duration.ofMinutes(1);

  private final HistoryStore store;
  private final Clock clock;
  private volatile boolean failed;
  private volatile long failedAt;

  WatchedHistory(HistoryStore store, Clock clock) {
    this.store = store;
    this.clock = clock;
  }

  /** Whether the last use failed, and not long ago. */
  boolean isFailing() {
    return failed && clock.millis() - failedAt <= MEMORY.toMillis();
  }

  @Override
  public CompletionStage<Void> append(HistoryMessage message, int limit) {
    return watched(() -> store.append(message, limit));
  }

  @Override
  public CompletionStage<List<HistoryMessage>> page(HistoryQuery query) {
    return watched(() -> store.page(query));
  }

  private <T> CompletionStage<T> watched(Supplier<CompletionStage<T>> use) {
    CompletionStage<T> done;
    try {
      done = use.get();
    } catch (RuntimeException e) {
      note(e);
      throw e;
    }
    done.whenComplete((result, failure) -> note(failure));
    return done;
  }

  private void note(@Nullable Throwable failure) {
    if (failure != null) {
      failedAt = clock.millis();
      failed = true;
    } else if (failed) {
      failed = false;
    }
  }

  @Override
  public void close() {
    store.close();
  }
}
