package dev.tidewire.changes;

import java.sql.BatchUpdateException;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Savepoint;
import java.util.List;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * Runs the batch of a prepared statement in one go; its rows come back as generated keys, none of
 * which the application asked for. Used by one thread.
 */
final class BatchedWrite {

  private final CapturingConnection connection;
  private final CapturePlan plan;
  private final Treatment treatment;

  BatchedWrite(CapturingConnection connection, Treatment treatment) {
    this.connection = connection;
    this.treatment = treatment;
    this.plan = Objects.requireNonNull(treatment.plan());
  }

  /**
   * Runs the batch.
   *
   * @param statement has all entries added
   */
  long[] run(PreparedStatement statement) throws SQLException {
    Engine engine = connection.engine();
    engine.refuseIfStrict(treatment.resets(), treatment.reason());
    return connection.transaction().write(() -> write(engine, statement));
  }

  private long[] write(Engine engine, PreparedStatement statement) throws SQLException {
    Savepoint guard = engine.strict() ? connection.raw().setSavepoint() : null;
    long[] counts;
    BatchUpdateException failure = null;
    try {
      counts = Batches.longs(statement.executeBatch());
    } catch (BatchUpdateException e) {
      if (!engine.dialect().batchGoesOn()) {
        throw engine.dialect().withoutAdditions(e);
      }
      counts = e.getLargeUpdateCounts();
      failure = e;
    }
    keep(engine, statement, guard);
    if (failure != null) {
      throw failure;
    }
    return counts;
  }

  private void keep(Engine engine, PreparedStatement statement, @Nullable Savepoint guard)
      throws SQLException {
    ResultSet rows = statement.getGeneratedKeys();
    Images images = new Images(plan, engine.maxRows());
    images.read(rows);
    List<Change> changes =
        images.isComplete() ? images.changes(null, connection.capture().actor()) : null;
    TransactionBuffer buffer = connection.transaction().buffer();
    if (changes == null) {
      if (guard != null) {
        connection.raw().rollback(guard);
      }
      engine.refuseIfStrict(treatment.tables(), "more rows than are told one by one");
      buffer.reset(List.of(plan.meta().table()));
    } else {
      buffer.add(changes);
    }
    if (images.count() > 0) {
      buffer.reset(treatment.resets());
    }
    rows.close();
  }
}
