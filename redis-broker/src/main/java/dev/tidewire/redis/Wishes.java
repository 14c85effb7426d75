package dev.tidewire.redis;

import dev.tidewire.presence.Member.Link;
import dev.tidewire.presence.PresenceDiff;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import org.jspecify.annotations.Nullable;

/**
 * What this node wants to be true of its connections in one room. Each wish is carried out by one
 * script at a time, again and again until Redis has confirmed the newest. Not thread-safe: guarded
 * by its room's lock.
 */
final class Wishes {

  private record Key(String userId, String connectionId) {}

  /** One try. {@code link} is null for a leave; {@code answers} are for those who wait for it. */
  record Order(
      String userId,
      String connectionId,
      @Nullable Link link,
      PresenceDiff.Reason reason,
      List<CompletableFuture<Void>> answers) {}

  private static final class Wish {
    @Nullable Link link;
    PresenceDiff.Reason reason = PresenceDiff.Reason.LEFT;
    List<CompletableFuture<Void>> answers = new ArrayList<>(1);
    boolean isDue;
    boolean isSent;

    List<CompletableFuture<Void>> takeAnswers() {
      List<CompletableFuture<Void>> taken = answers;
      answers = new ArrayList<>(1);
      return taken;
    }
  }

  private final Map<Key, Wish> byConnection = new HashMap<>();
  private final Deque<Key> due = new ArrayDeque<>();

  boolean isEmpty() {
    return byConnection.isEmpty();
  }

  /** Whether a connection is to be present. */
  boolean hasMembers() {
    return byConnection.values().stream().anyMatch(wish -> wish.link != null);
  }

  /**
   * A connection is to be present, or absent if {@code link} is null.
   *
   * @return false if it is absent already
   */
  boolean add(
      String userId,
      String connectionId,
      @Nullable Link link,
      PresenceDiff.Reason reason,
      CompletableFuture<Void> answer) {
    Key key = new Key(userId, connectionId);
    Wish wish = byConnection.get(key);
    if (wish == null && link == null) {
      return false;
    }
    if (wish == null) {
      wish = new Wish();
      byConnection.put(key, wish);
    }
    wish.link = link;
    wish.reason = reason;
    wish.answers.add(answer);
    wish.isDue = true;
    due.add(key);
    return true;
  }

  /** Redis may not have them any more. */
  void again() {
    due.clear();
    byConnection.forEach(
        (key, wish) -> {
          wish.isDue = true;
          due.add(key);
        });
  }

  /** What is to be carried out now; of each the outcome must follow. */
  List<Order> take() {
    List<Order> orders = new ArrayList<>(due.size());
    for (Key key = due.poll(); key != null; key = due.poll()) {
      Wish wish = byConnection.get(key);
      if (wish != null && wish.isDue && !wish.isSent) {
        wish.isDue = false;
        wish.isSent = true;
        orders.add(
            new Order(
                key.userId(), key.connectionId(), wish.link, wish.reason, wish.takeAnswers()));
      }
    }
    return orders;
  }

  void outcome(Order order, boolean isCarriedOut) {
    Key key = new Key(order.userId(), order.connectionId());
    Wish wish = byConnection.get(key);
    if (wish == null) {
      return;
    }
    wish.isSent = false;
    wish.isDue |= !isCarriedOut;
    if (wish.isDue) {
      due.add(key);
    } else if (wish.link == null) {
      byConnection.remove(key);
    }
  }

  /** Who waits for something that was not tried yet. */
  List<CompletableFuture<Void>> takeAnswers() {
    return byConnection.values().stream().flatMap(wish -> wish.takeAnswers().stream()).toList();
  }
}
