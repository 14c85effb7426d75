package dev.tidewire.changes;

import java.sql.SQLException;
import java.time.Duration;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Prunes an outbox every few seconds, down to what its options keep. For the relay's thread. */
final class RegularPruning {

  private static final Logger log = LoggerFactory.getLogger(RegularPruning.class);
  private static final Duration BETWEEN = Duration.ofSeconds(10);

  /** What of {@link OutboxPruning} is called. */
  interface Extent {
    void prune(long published, long before, int keep) throws SQLException;
  }

  private final OutboxOptions options;
  private final Extent extent;
  private long next = System.nanoTime();

  RegularPruning(OutboxOptions options, Extent extent) {
    this.options = options;
    this.extent = extent;
  }

  /**
   * Prunes if it is time for that; a failure is logged.
   *
   * @param published the last transaction that may go
   */
  void prune(long published) {
    if (System.nanoTime() - next < 0) {
      return;
    }
    next = System.nanoTime() + BETWEEN.toNanos();
    try {
      long before = System.currentTimeMillis() - options.keepFor().toMillis();
      extent.prune(published, before, options.keepTransactions());
    } catch (SQLException | RuntimeException e) {
      log.atWarn()
          .addKeyValue("part", "outbox")
          .setCause(e)
          .log("The outbox could not be pruned; the next attempt follows");
    }
  }
}
