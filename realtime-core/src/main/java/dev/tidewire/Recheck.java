package dev.tidewire;

import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.locks.ReentrantLock;

/**
 * Has a session ask again what its client may: at once, or, while a command of the client is being
 * carried out, after that command. What the client may not hear any more falls silent at once in
 * any case, so nobody waits for a slow handler. Safe for any thread.
 *
 * <p>A subscription that is just being started is not missed: the thread at it holds the lock, and
 * looks here when its command is done and once more when it has let go of the lock.
 */
final class Recheck {

  private final ReentrantLock lock;
  private final SessionCommands commands;
  private final AtomicBoolean due = new AtomicBoolean();

  /**
   * @param lock the session's
   */
  Recheck(ReentrantLock lock, SessionCommands commands) {
    this.lock = lock;
    this.commands = commands;
  }

  void begin() {
    due.set(true);
    if (lock.isHeldByCurrentThread()) {
      carryOut();
      due.set(true); // this is inside of a command: again after it
      return;
    }
    ifFree();
    if (due.get()) {
      commands.silence();
      ifFree(); // the holder may have looked just before
    }
  }

  /** Under the session's lock: to be done when the command is. */
  void later() {
    due.set(true);
  }

  /** If it is due, and nobody has the lock, who would do it. */
  void ifFree() {
    while (due.get() && !lock.isHeldByCurrentThread() && lock.tryLock()) {
      try {
        carryOut();
      } finally {
        lock.unlock();
      }
    }
  }

  /** Under the session's lock, after a command. */
  void ifDue() {
    if (due.get()) {
      carryOut();
    }
  }

  private void carryOut() {
    while (due.getAndSet(false)) {
      commands.recheck();
    }
  }
}
