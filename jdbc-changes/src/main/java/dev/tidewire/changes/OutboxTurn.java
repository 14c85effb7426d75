package dev.tidewire.changes;

import java.sql.SQLException;
import java.sql.SQLTimeoutException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.ReentrantLock;

/**
 * Where the database's lock ends too early: lets the transactions of this outbox write and commit
 * one after another. Held by a thread inside one call, so that no connection can keep it.
 *
 * <p>Safe for any thread.
 */
final class OutboxTurn {

  private final ReentrantLock lock = new ReentrantLock(true);
  private final boolean needed;
  private final long patienceMillis;

  /**
   * @param needed else nobody waits for anybody here
   * @param patienceMillis how long to wait for a COMMIT that does not return
   */
  OutboxTurn(boolean needed, long patienceMillis) {
    this.needed = needed;
    this.patienceMillis = patienceMillis;
  }

  /**
   * Waits for its turn, with the connection at hand already: who has the turn may not wait for one
   * that another keeps.
   *
   * @throws SQLTimeoutException if another's COMMIT has not returned in time
   */
  void begin() throws SQLException {
    try {
      // an interrupted thread commits as it would without an outbox, unless it had to wait
      if (needed && !lock.tryLock() && !lock.tryLock(patienceMillis, TimeUnit.MILLISECONDS)) {
        throw new SQLTimeoutException(
            "another COMMIT has not returned for " + patienceMillis + " ms", "HYT00");
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new SQLException("interrupted while another COMMIT was waited for", "57014", e);
    }
  }

  /** After COMMIT or ROLLBACK, however that ended. */
  void end() {
    if (needed) {
      lock.unlock();
    }
  }
}
