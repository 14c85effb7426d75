package dev.tidewire;

import dev.tidewire.channel.ChannelOptions.Audience;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.Executor;
import java.util.concurrent.RejectedExecutionException;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Tells the application which channels have clients on this node. What it was told last and how it
 * is are compared after every call, so the calls of a channel come in turn, however fast clients
 * come and go. Safe for any thread; the application is never called by whoever reports.
 */
final class Audiences {

  private static final Logger log = LoggerFactory.getLogger(Audiences.class);

  private final Map<String, Watch> watches = new ConcurrentHashMap<>();
  private final Executor callbacks;

  /** Guarded by the map's entry. */
  private static final class Watch {
    boolean occupied;
    boolean told;
    boolean running;
  }

  Audiences(Executor callbacks) {
    this.callbacks = callbacks;
  }

  /** Under the hub's map entry: only takes note. */
  void note(String topic, Audience audience, boolean occupied) {
    watches.compute(
        topic,
        (t, known) -> {
          Watch watch = known == null ? new Watch() : known;
          watch.occupied = occupied;
          if (watch.running || start(topic, audience)) {
            watch.running = true;
          }
          return watch;
        });
  }

  private boolean start(String topic, Audience audience) {
    try {
      callbacks.execute(() -> tell(topic, audience));
      return true;
    } catch (RejectedExecutionException e) {
      return false; // the bus has ended
    }
  }

  private void tell(String topic, Audience audience) {
    while (true) {
      boolean[] next = new boolean[2]; // whether there is something to tell, and what
      watches.computeIfPresent(
          topic,
          (t, watch) -> {
            next[0] = watch.occupied != watch.told;
            next[1] = watch.occupied;
            watch.told = watch.occupied;
            watch.running = next[0];
            return next[0] || watch.told ? watch : null;
          });
      if (!next[0]) {
        return;
      }
      try {
        (next[1] ? audience.occupied() : audience.vacated()).accept(topic);
      } catch (RuntimeException | Error e) {
        log.atError()
            .addKeyValue("channel", topic)
            .setCause(e)
            .log("What watches over channel {} failed", topic);
      }
    }
  }

  /** How many channels are watched. */
  int size() {
    return watches.size();
  }
}
