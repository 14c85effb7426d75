package dev.tidewire.redis;

import java.time.Duration;
import java.util.HashSet;
import java.util.Map;
import java.util.Set;
import java.util.UUID;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The nodes that share a presence. Each gives signs of life, which only count up: whoever sees for
 * long enough that a number does not change, without an interruption of its own, forgets that node,
 * in one step that finds it unchanged. So a node that lives is never taken for dead because the
 * observer, or Redis, stood still.
 *
 * <p>A node has one name from each opening of its connections to their loss, or until it finds that
 * it was forgotten. What it put into rooms under an earlier name and did not put there again goes
 * as that of any dead node.
 *
 * <p>All methods belong to the timer, but for those marked otherwise.
 */
final class LiveNodes {

  private static final Logger log = LoggerFactory.getLogger(LiveNodes.class);

  /** A number of signs that no node has. */
  private static final long NEVER = -1;

  private static final int SIGNS_PER_TIMEOUT = 6;

  private record Seen(long signs, long since) {}

  private final RoomScripts scripts;
  private final RedisThreads threads;
  private final long patienceNanos;
  private final Runnable onBegun;
  private final Consumer<String> onDead;
  private final Map<String, Seen> others = new ConcurrentHashMap<>();
  private volatile String name = "";

  /** Whether the others can know the present name. */
  private volatile boolean isKnown;

  private long signs;
  private boolean beating;
  private long answeredAt;

  /**
   * @param onBegun called on the timer when this node has a new name
   * @param onDead called with a node whose members are to leave, on any thread
   */
  LiveNodes(
      RoomScripts scripts,
      RedisThreads threads,
      Duration timeout,
      Runnable onBegun,
      Consumer<String> onDead) {
    this.scripts = scripts;
    this.threads = threads;
    this.patienceNanos = timeout.toNanos();
    this.onBegun = onBegun;
    this.onDead = onDead;
  }

  static Duration interval(Duration timeout) {
    return timeout.dividedBy(SIGNS_PER_TIMEOUT);
  }

  /** On any thread: this node's name, if something can be put into rooms under it; else null. */
  @Nullable String name() {
    return isKnown ? name : null;
  }

  /** New connections stand. */
  void begin() {
    name = UUID.randomUUID().toString();
    isKnown = false;
    signs = 0;
    beating = false;
    others.clear();
    beat();
  }

  void lost() {
    isKnown = false;
  }

  void beat() {
    if (beating || name.isEmpty()) {
      return;
    }
    beating = true;
    String mine = name;
    scripts
        .beat(mine, signs)
        .whenComplete(
            (found, failure) ->
                threads.execute(
                    () -> {
                      if (mine.equals(name)) {
                        beating = false;
                        if (failure == null) {
                          answered(found);
                        }
                      }
                    }));
  }

  private void answered(@Nullable Map<String, Long> found) {
    if (found == null) {
      log.atInfo()
          .addKeyValue("node", name)
          .log("This node was taken for dead; its members come back");
      begin();
      return;
    }
    long now = System.nanoTime();
    boolean isInterrupted = signs == 0 || now - answeredAt > patienceNanos / 2;
    answeredAt = now;
    signs = found.getOrDefault(name, 1L);
    Set<String> gone = new HashSet<>(others.keySet());
    gone.removeAll(found.keySet());
    others.keySet().removeAll(gone);
    gone.forEach(onDead);
    found.forEach((other, count) -> look(other, count, isInterrupted, now));
    if (!isKnown) {
      isKnown = true;
      onBegun.run();
    }
  }

  private void look(String other, long count, boolean isInterrupted, long now) {
    if (other.equals(name)) {
      return;
    }
    Seen seen = others.get(other);
    if (seen == null || seen.signs() != count || isInterrupted) {
      others.put(other, new Seen(count, now));
    } else if (now - seen.since() > patienceNanos) {
      forget(other, count);
    }
  }

  /** On any thread: a node that has connections in a room. One that is not there is dead. */
  void met(String node) {
    if (isKnown && !node.equals(name) && !others.containsKey(node)) {
      forget(node, NEVER);
    }
  }

  private void forget(String node, long count) {
    scripts
        .forget(node, count)
        .thenAccept(
            forgotten -> {
              if (forgotten) {
                others.remove(node);
                onDead.accept(node);
              }
            });
  }
}
