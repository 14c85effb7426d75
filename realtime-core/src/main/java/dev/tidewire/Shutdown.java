package dev.tidewire;

import dev.tidewire.broker.Broker;
import dev.tidewire.history.HistoryStore;
import dev.tidewire.presence.PresenceTracker;
import dev.tidewire.sync.yjs.YjsRooms;
import java.time.Duration;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** The end of a bus, in its order; takes ten seconds at most. Run once, by one thread. */
record Shutdown(
    Sessions sessions,
    Publisher publisher,
    Threads threads,
    Broker broker,
    PresenceTracker presence,
    HistoryStore history,
    SharedDocuments documents,
    @Nullable YjsRooms yjs)
    implements Runnable {

  private static final Logger log = LoggerFactory.getLogger(Realtime.class);
  private static final Duration RECONNECT_SPREAD = Duration.ofSeconds(15);
  private static final Duration FLUSH_PATIENCE = Duration.ofSeconds(5);
  private static final Duration THREAD_PATIENCE = Duration.ofSeconds(4);

  @Override
  public void run() {
    close("The clients", () -> sessions.dismissAll(RECONNECT_SPREAD));
    close("The Yjs clients", () -> YjsPart.dismiss(yjs));
    publisher.close();
    long deadline = System.nanoTime() + FLUSH_PATIENCE.toNanos();
    while (sessions.count() + YjsPart.open(yjs) > 0
        && System.nanoTime() < deadline
        && !Thread.currentThread().isInterrupted()) {
      LockSupport.parkNanos(TimeUnit.MILLISECONDS.toNanos(10));
    }
    close("The connections", sessions::cutAll);
    close("Those who may come back", sessions.absences()::close);
    threads.close(THREAD_PATIENCE);
    close("The presence tracker", presence);
    close("The broker", broker);
    close("The history", history);
    close("The documents", documents::close);
    close("The Yjs documents", () -> YjsPart.close(yjs));
  }

  /** What fails must not keep the rest open. */
  static void close(String what, AutoCloseable part) {
    try {
      part.close();
    } catch (Exception | Error e) {
      log.atError()
          .addKeyValue("part", "shutdown")
          .setCause(e)
          .log("{} could not be closed in order", what);
    }
  }
}
