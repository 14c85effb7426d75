package dev.tidewire.changes.postgres;

import java.time.Clock;
import java.time.Duration;
import javax.sql.DataSource;
import org.jspecify.annotations.Nullable;

/**
 * How PostgreSQL is used. Immutable, safe for any thread.
 *
 * @param timeout of a statement, and of what waits for one
 * @param checkInterval how often a quiet channel is checked
 * @param maxWaitingBytes that may wait for the database
 * @param clock gives the time stamps; null for the database's
 * @param sweepInterval between two looks for what is too old
 */
record PostgresSettings(
    DataSource dataSource,
    Schema schema,
    Duration timeout,
    Duration checkInterval,
    long maxWaitingBytes,
    @Nullable Clock clock,
    Duration sweepInterval) {

  /** In place of a time in a statement: the one given, else the database's. */
  static final String NOW =
      "coalesce(cast(? as bigint), cast(extract(epoch from clock_timestamp()) * 1000 as bigint))";

  String sql(String template) {
    return schema.sql(template).replace(":now", NOW);
  }

  /** The value for {@link #NOW}. */
  @Nullable Long now() {
    return clock == null ? null : clock.millis();
  }
}
