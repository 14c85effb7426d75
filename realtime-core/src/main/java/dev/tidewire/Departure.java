package dev.tidewire;

import dev.tidewire.presence.PresenceDiff;
import java.util.concurrent.atomic.AtomicReference;
import java.util.concurrent.locks.ReentrantLock;
import org.jspecify.annotations.Nullable;

/**
 * The end of a session: once, whatever brought it about, the session leaves every channel. Safe for
 * any thread.
 */
final class Departure {

  private final ClientSession session;
  private final ReentrantLock lock;
  private final SessionCommands commands;
  private final AtomicReference<@Nullable Begun> begun = new AtomicReference<>();

  /** Set when the identity does not count any more, perhaps after the end. */
  private volatile boolean revoked;

  private record Begun(PresenceDiff.Reason reason, boolean mayReturn, long at) {}

  /**
   * @param lock the session's
   */
  Departure(ClientSession session, ReentrantLock lock, SessionCommands commands) {
    this.session = session;
    this.lock = lock;
    this.commands = commands;
  }

  boolean hasBegun() {
    return begun.get() != null;
  }

  /** When it began; 0 if it has not. */
  long begunAt() {
    Begun end = begun.get();
    return end == null ? 0 : end.at();
  }

  /** Nobody stays for the grace window, whether this has begun or not. */
  void revoke() {
    revoked = true;
  }

  /**
   * Leaves the channels on another thread: this one may be delivering. Later calls change nothing.
   *
   * @param mayReturn whether the client may come back within the grace window
   */
  void begin(PresenceDiff.Reason reason, boolean mayReturn) {
    Sessions server = session.server();
    if (begun.compareAndSet(null, new Begun(reason, mayReturn, server.now()))) {
      server.leaving(session);
      server.execute(this::carryOut);
    }
  }

  /** If a command is just being carried out, its thread does this after it. */
  void carryOut() {
    Begun end = begun.get();
    if (end != null && lock.tryLock()) {
      try {
        commands.leaveAll(end.reason(), end.mayReturn());
      } finally {
        lock.unlock();
      }
      session.server().left(session);
      if (revoked) {
        session.server().absences().revoke(session.id()); // if it came between the end and now
      }
    }
  }
}
