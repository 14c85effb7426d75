package dev.tidewire.changes.postgres;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.function.Predicate;

/**
 * Who waits for this node to hear that a room came to a version. Not thread-safe: guarded by the
 * mirrors' lock.
 */
final class Waiters {

  /**
   * @param since when the waiting began, in nanoseconds
   * @param late run if it takes too long, before the answer fails
   */
  record Waiter(long version, long since, CompletableFuture<Void> answer, Runnable late) {}

  private final Map<String, List<Waiter>> byTopic = new LinkedHashMap<>();

  void add(String topic, Waiter waiter) {
    byTopic.computeIfAbsent(topic, t -> new ArrayList<>()).add(waiter);
  }

  boolean isAwaited(String topic) {
    return byTopic.containsKey(topic);
  }

  /** The room has come to this version: takes out whose waiting is over. */
  List<CompletableFuture<Void>> heard(String topic, long version) {
    List<Waiter> waiting = byTopic.get(topic);
    if (waiting == null) {
      return List.of();
    }
    List<CompletableFuture<Void>> done = new ArrayList<>();
    waiting.removeIf(waiter -> waiter.version() <= version && done.add(waiter.answer()));
    if (waiting.isEmpty()) {
      byTopic.remove(topic);
    }
    return done;
  }

  /** Takes out some. */
  List<Waiter> takeIf(Predicate<Waiter> isMeant) {
    List<Waiter> taken = new ArrayList<>();
    byTopic
        .values()
        .forEach(waiting -> waiting.removeIf(waiter -> isMeant.test(waiter) && taken.add(waiter)));
    byTopic.values().removeIf(List::isEmpty);
    return taken;
  }
}
