package dev.tidewire.jakarta;

import dev.tidewire.Realtime;
import dev.tidewire.protocol.CloseCode;
import dev.tidewire.transport.Connection;
import java.time.Duration;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.Executor;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.ThreadPoolExecutor;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.locks.LockSupport;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** A bus in one web application: what its endpoints share, and how it ends. Safe for any thread. */
final class Installation {

  private static final Logger log = LoggerFactory.getLogger(Installation.class);
  private static final int CLOSING_THREADS = 4;
  private static final Duration CLOSING_IDLE = Duration.ofSeconds(2);
  private static final Duration PATIENCE = Duration.ofSeconds(5);

  /** For those that the bus has just cut off, when it has used up the time. */
  private static final Duration LAST_PATIENCE = Duration.ofSeconds(1);

  private final Realtime realtime;
  private final EndpointOptions options;
  private final Runnable stopping;
  private final Origins origins;
  private final Authenticator authenticator;
  private final Logins logins;
  private final Set<Connection> open = ConcurrentHashMap.newKeySet();
  private final ThreadPoolExecutor closing;
  private final AtomicBoolean closed = new AtomicBoolean();

  /**
   * @param stopping called once before the end
   */
  Installation(Realtime realtime, EndpointOptions options, Runnable stopping) {
    this.realtime = realtime;
    this.options = options;
    this.stopping = stopping;
    this.origins = new Origins(options.handshake());
    this.authenticator = new Authenticator(realtime, options.handshake());
    this.logins = new Logins(realtime, authenticator, options.handshake().sessionAttribute());
    this.closing = closingThreads();
  }

  private static ThreadPoolExecutor closingThreads() {
    AtomicInteger count = new AtomicInteger();
    ThreadPoolExecutor threads =
        new ThreadPoolExecutor(
            CLOSING_THREADS,
            CLOSING_THREADS,
            CLOSING_IDLE.toMillis(),
            TimeUnit.MILLISECONDS,
            new LinkedBlockingQueue<>(),
            task -> {
              Thread thread = new Thread(task, "tidewire-closing-" + count.incrementAndGet());
              thread.setDaemon(true);
              return thread;
            },
            (task, ended) -> task.run());
    threads.allowCoreThreadTimeOut(true);
    return threads;
  }

  Realtime realtime() {
    return realtime;
  }

  Origins origins() {
    return origins;
  }

  Authenticator authenticator() {
    return authenticator;
  }

  Logins logins() {
    return logins;
  }

  String base() {
    return options.base();
  }

  boolean hasInspector() {
    return options.hasInspector();
  }

  /** Closes what may have to wait for its client. */
  Executor closing() {
    return closing;
  }

  void opened(Connection connection, Login login) {
    open.add(connection);
    logins.add(login);
    if (closed.get()) {
      connection.close(CloseCode.GOING_AWAY.code(), CloseCode.GOING_AWAY.reason());
    }
  }

  void closed(Connection connection, Login login) {
    open.remove(connection);
    logins.remove(login);
  }

  /**
   * Closes the bus, or only the connections made here if it is to be kept, and ends the threads;
   * takes ten seconds at most. A second call has no effect.
   */
  void close() {
    if (!closed.compareAndSet(false, true)) {
      return;
    }
    long begin = System.nanoTime();
    try {
      stopping.run();
    } catch (RuntimeException e) {
      log.atError()
          .addKeyValue("part", "endpoints")
          .setCause(e)
          .log("Stopping failed; the bus is closed all the same");
    }
    if (!options.keepsOpen()) {
      realtime.close();
    }
    long left = begin + PATIENCE.toNanos() - System.nanoTime();
    long deadline = System.nanoTime() + Math.max(left, LAST_PATIENCE.toNanos());
    open.forEach(c -> c.close(CloseCode.GOING_AWAY.code(), CloseCode.GOING_AWAY.reason()));
    while (!open.isEmpty() && System.nanoTime() < deadline) {
      LockSupport.parkNanos(TimeUnit.MILLISECONDS.toNanos(10));
    }
    closing.shutdownNow();
  }
}
