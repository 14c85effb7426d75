package dev.tidewire;

import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.CompletionStage;
import java.util.function.Supplier;

/**
 * Calls the broker, the history or the presence tracker: whatever goes wrong there becomes one kind
 * of failure, {@link RealtimeException}. Stateless, safe for any thread.
 */
final class Backend {

  private Backend() {}

  /**
   * Starts an operation.
   *
   * @param failure what is said if it cannot be carried out
   * @return a stage that fails with {@link RealtimeException} only; the call itself never throws
   */
  static <T> CompletionStage<T> call(String failure, Supplier<CompletionStage<T>> operation) {
    CompletionStage<T> stage;
    try {
      stage = operation.get();
    } catch (RuntimeException e) {
      return CompletableFuture.failedStage(new RealtimeException(failure, e));
    }
    if (isDone(stage)) {
      return stage;
    }
    return stage.exceptionallyCompose(
        e -> CompletableFuture.failedStage(new RealtimeException(failure, cause(e))));
  }

  /** As always in memory. Other kinds of stages may refuse to tell. */
  private static boolean isDone(CompletionStage<?> stage) {
    return stage.getClass() == CompletableFuture.class
        && stage instanceof CompletableFuture<?> known
        && known.isDone()
        && !known.isCompletedExceptionally();
  }

  /** What really happened: stages wrap it. */
  static Throwable cause(Throwable failure) {
    Throwable cause = failure;
    while (cause instanceof CompletionException && cause.getCause() != null) {
      cause = cause.getCause();
    }
    return cause;
  }
}
