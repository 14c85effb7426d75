package dev.tidewire;

import org.jspecify.annotations.Nullable;

/**
 * Answers calls of clients. Runs on the thread that delivered the call and may block; it then slows
 * that one client. Must be safe for any thread.
 */
@FunctionalInterface
public interface CallHandler {

  /**
   * Answers.
   *
   * @return anything that becomes JSON, or a {@link java.util.concurrent.CompletionStage} of it
   * @throws Rejection to refuse with a code for the client
   * @throws Exception anything else is logged; the client is told {@code INTERNAL}
   */
  @Nullable Object handle(CallRequest request) throws Exception;
}
