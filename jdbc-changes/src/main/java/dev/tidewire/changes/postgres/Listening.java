package dev.tidewire.changes.postgres;

import dev.tidewire.changes.store.FailureKind;
import java.sql.SQLException;
import java.time.Duration;
import java.util.Objects;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ThreadLocalRandom;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import org.postgresql.PGConnection;
import org.postgresql.PGNotification;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Hears what the nodes say, on a thread and a connection of its own, which is made again whenever
 * it breaks. {@link #close} may be called from any thread.
 */
final class Listening implements AutoCloseable {

  private static final Logger log = LoggerFactory.getLogger(Listening.class);

  /** After such a silence the server is asked whether it is still there. */
  private static final Duration SILENCE = Duration.ofSeconds(1);

  private static final Duration FIRST_PAUSE = Duration.ofMillis(100);
  private static final Duration LONGEST_PAUSE = Duration.ofSeconds(5);
  private static final Duration PATIENCE = Duration.ofSeconds(3);

  /** Called by the thread that listens, which must not wait. */
  interface Listener {

    /** From here on everything is heard; what came before may be missing. */
    void opened();

    void heard(Message message);
  }

  private final PostgresSettings settings;
  private final Listener listener;
  private final Thread thread = new Thread(this::run, "tidewire-postgres-listen");
  private final CountDownLatch stop = new CountDownLatch(1);
  private volatile @Nullable Session session;
  private volatile boolean open;

  /** Only the thread's: a failure is told once, and so is its end. */
  private boolean silent;

  Listening(PostgresSettings settings, Listener listener) {
    this.settings = settings;
    this.listener = listener;
    thread.setDaemon(true);
  }

  void start() {
    thread.start();
  }

  boolean isOpen() {
    return open;
  }

  /** The tables are others now, and so is the place to listen at. */
  void expect(String channel) {
    Session current = session;
    if (current != null && !current.channel().equals(channel)) {
      current.abort();
    }
  }

  private void run() {
    Duration pause = FIRST_PAUSE;
    while (stop.getCount() > 0) {
      try {
        listen();
      } catch (SQLException | RuntimeException e) {
        if (stop.getCount() > 0) {
          pause = open ? FIRST_PAUSE : longer(pause);
          if (!silent) {
            String reason = Objects.toString(e.getMessage(), "no reason");
            log.atWarn()
                .addKeyValue("part", "broker")
                .addKeyValue("reason", reason)
                .log("The nodes are not heard: {}", reason);
          }
          silent = true;
          log.atDebug().addKeyValue("part", "broker").setCause(e).log("The nodes are not heard");
        }
      } finally {
        open = false;
      }
      if (!sleep(pause)) {
        return;
      }
    }
  }

  private static Duration longer(Duration pause) {
    Duration twice = pause.multipliedBy(2);
    return twice.compareTo(LONGEST_PAUSE) > 0 ? LONGEST_PAUSE : twice;
  }

  /** Not all nodes at the same moment. */
  private boolean sleep(Duration pause) {
    long millis = pause.toMillis();
    try {
      return !stop.await(
          millis / 2 + ThreadLocalRandom.current().nextLong(millis / 2 + 1), TimeUnit.MILLISECONDS);
    } catch (InterruptedException e) {
      return false;
    }
  }

  private void listen() throws SQLException {
    Session made = Session.open(settings.dataSource(), settings.schema(), settings.timeout());
    session = made;
    boolean well = false;
    try {
      if (stop.getCount() == 0) {
        well = true;
        return;
      }
      made.run("listen \"" + made.channel() + '"');
      open = true;
      listener.opened();
      if (silent) {
        log.atInfo().addKeyValue("part", "broker").log("The nodes are heard again");
        silent = false;
      }
      PGConnection driver = made.connection().unwrap(PGConnection.class);
      while (stop.getCount() > 0) {
        PGNotification[] notifications = driver.getNotifications((int) SILENCE.toMillis());
        if (notifications == null || notifications.length == 0) {
          made.run("select 1");
        } else {
          for (PGNotification notification : notifications) {
            hear(notification.getParameter());
          }
        }
      }
      well = true;
    } finally {
      session = null;
      if (well) {
        made.close();
      } else {
        made.discard();
      }
    }
  }

  private void hear(String text) {
    Message message;
    try {
      message = Message.read(text);
    } catch (IllegalArgumentException e) {
      log.atError()
          .addKeyValue("part", "broker")
          .addKeyValue("reason", FailureKind.of(e)) // its message may quote what was sent
          .log("A message of a node cannot be read");
      return;
    }
    try {
      listener.heard(message);
    } catch (RuntimeException e) {
      log.atError()
          .addKeyValue("channel", message.topic())
          .setCause(e)
          .log("A message about channel {} cannot be used", message.topic());
    }
  }

  /** Stops listening. */
  @Override
  public void close() {
    stop.countDown();
    if (!thread.isAlive()) {
      return;
    }
    try {
      thread.join(PATIENCE.toMillis());
      Session stuck = session;
      if (thread.isAlive() && stuck != null) {
        stuck.abort();
      }
      if (thread.isAlive()) {
        thread.interrupt();
        thread.join(PATIENCE.toMillis());
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }
}
