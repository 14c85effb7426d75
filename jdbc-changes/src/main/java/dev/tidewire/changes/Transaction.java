package dev.tidewire.changes;

import dev.tidewire.changes.CommitSequencer.Ticket;
import dev.tidewire.changes.SqlShape.Kind;
import java.sql.Connection;
import java.sql.SQLException;
import java.util.Collection;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The transactions of one connection, one after the other: what they changed so far, and when that
 * becomes true or void. In auto-commit mode a captured write runs in a {@link ShortTransaction}.
 *
 * <p>Used by one thread at a time, like the connection it belongs to.
 */
final class Transaction {

  private static final Logger log = LoggerFactory.getLogger(Transaction.class);
  private final Connection connection;
  private final Engine engine;
  private final TransactionBuffer buffer;
  private final ShortTransaction brief;

  /** A BEGIN was seen in a SQL text, and no end. */
  private boolean begun;

  /** The savepoint that began the transaction, where one can. */
  private @Nullable Object opener;

  /** A statement failed since the transaction began or went back to a savepoint. */
  private boolean failed;

  /** A definition changed what the catalog knows, and may yet be rolled back. */
  private boolean redefined;

  Transaction(Connection connection, Engine engine) {
    this.connection = connection;
    this.engine = engine;
    buffer = new TransactionBuffer(engine.maxWaitingRows());
    brief = new ShortTransaction(this, connection, engine.dialect());
  }

  TransactionBuffer buffer() {
    return buffer;
  }

  private Dialect dialect() {
    return engine.dialect();
  }

  boolean isOpen() throws SQLException {
    return dialect().inTransaction(connection, begun);
  }

  /** Whether nothing but a rollback can come of the open transaction. */
  boolean isAborted() {
    return dialect().aborted(connection, failed);
  }

  /** Runs a statement that writes nothing captured, and notices if it undid the transaction. */
  <T> T watch(SqlCall<T> statement) throws SQLException {
    try {
      return statement.call();
    } catch (SQLException e) {
      noteFailure(e);
      throw e;
    }
  }

  /** Runs a captured write; in auto-commit mode in a short transaction. */
  <T> T write(SqlCall<T> statement) throws SQLException {
    return isOpen() ? watch(statement) : brief.write(statement);
  }

  /** Runs a write whose rows are not known, and resets the tables that it may have changed. */
  <T> T writeUnknown(Collection<CapturedTable> tables, SqlCall<T> statement) throws SQLException {
    return write(
        () -> {
          T result;
          try {
            result = statement.call();
          } catch (SQLException e) {
            // a driver may refuse the form of a result after the statement has done its work
            buffer.reset(tables);
            throw e;
          }
          if (!Integer.valueOf(0).equals(result) && !Long.valueOf(0).equals(result)) {
            buffer.reset(tables);
          }
          return result;
        });
  }

  /** Runs something that commits, and hands over what it committed. */
  <T> T commit(SqlCall<T> commit) throws SQLException {
    if (buffer.isEmpty()) {
      T result = commit.call();
      ended();
      return result;
    }
    Outbox outbox = engine.outbox();
    if (outbox != null) {
      return commit(outbox, commit);
    }
    boolean aborted = isAborted();
    Ticket ticket = engine.sequencer().draw();
    List<Change> committed = List.of();
    try {
      T result = commit.call();
      committed = aborted ? List.of() : buffer.drain();
      ended();
      return result;
    } catch (SQLException e) {
      committed = afterFailedCommit(e);
      throw e;
    } finally {
      engine.sequencer().settle(ticket, committed);
    }
  }

  private <T> T commit(Outbox outbox, SqlCall<T> commit) throws SQLException {
    boolean aborted = isAborted();
    try {
      return aborted ? commit.call() : outbox.commit(connection, engine, buffer, commit);
    } finally {
      if (aborted || buffer.isEmpty() || !dialect().isStillOpen(connection)) {
        ended();
      }
    }
  }

  private List<Change> afterFailedCommit(SQLException failure) {
    if (dialect().isStillOpen(connection)) {
      return List.of();
    }
    if (!Dialect.isDefinite(failure)) {
      buffer.becomeResets();
      return buffer.drain();
    }
    ended();
    return List.of();
  }

  /** Tells that the database undid everything so far, with the transaction still to be ended. */
  void undone() {
    buffer.clear();
  }

  /** Tells that a rollback went through, or that the connection is given up. */
  void rolledBack() {
    ended();
  }

  private void ended() {
    buffer.clear();
    begun = false;
    opener = null;
    failed = false;
    if (redefined) {
      redefined = false;
      engine.catalog().forget();
    }
  }

  void rolledBackTo(Object savepoint) {
    buffer.rollbackTo(savepoint);
    failed = false;
  }

  private void noteFailure(SQLException failure) {
    failed = true;
    if (!buffer.isEmpty() && dialect().undoesTransaction(failure) && endedUnasked()) {
      buffer.clear();
    }
  }

  /**
   * Asks whether nothing is left to commit; never fails, because something else already may have.
   */
  private boolean endedUnasked() {
    try {
      return dialect().endsTransactionsUnasked() && dialect().ended(connection);
    } catch (SQLException e) {
      log.atDebug()
          .addKeyValue("part", "capture")
          .setCause(e)
          .log("Could not ask whether a transaction has ended");
      return false;
    }
  }

  /** Runs a statement that is more than one write of one table. */
  <T> T control(SqlShape shape, String sql, SqlCall<T> statement) throws SQLException {
    Name.Part name = shape.savepoint();
    Object savepoint = name == null ? "" : dialect().fold(name);
    switch (shape.kind()) {
      case COMMIT -> {
        return commit(statement);
      }
      case RELEASE -> {
        if (savepoint.equals(opener)) {
          return commit(statement);
        }
      }
      case BEGIN -> {
        if (dialect().beginCommits() && !buffer.isEmpty()) {
          T result = commit(statement);
          begun = true;
          return result;
        }
      }
      case OPAQUE, SEVERAL -> {
        return opaque(shape, sql, statement);
      }
      case SETTING, DEFINITION, RESHAPE, TRUNCATE -> {
        return definition(shape, sql, statement);
      }
      default -> {}
    }
    boolean begins = shape.kind() == Kind.SAVEPOINT && dialect().savepointsBegin() && !isOpen();
    T result = watch(statement);
    if (begins) {
      begun = true;
      opener = savepoint;
    }
    switch (shape.kind()) {
      case BEGIN -> begun = true;
      case ROLLBACK -> rolledBack();
      case SAVEPOINT -> buffer.mark(savepoint);
      case ROLLBACK_TO -> rolledBackTo(savepoint);
      case RELEASE -> buffer.release(savepoint);
      default -> {}
    }
    return result;
  }

  /**
   * What may commit unasked (on some databases), change rows of a table, or what is known of it.
   */
  private <T> T definition(SqlShape shape, String sql, SqlCall<T> statement) throws SQLException {
    Set<CapturedTable> tables = engine.catalog().affected(connection, sql, shape);
    if (shape.kind() == Kind.TRUNCATE) {
      engine.refuseIfStrict(tables, "TRUNCATE");
    }
    try {
      if (!isOpen()) {
        engine.expect(connection, tables, false);
        T result = statement.call();
        engine.reset(tables);
        return result;
      }
      return definitionInTransaction(tables, statement);
    } finally {
      if (shape.kind() == Kind.DEFINITION || shape.kind() == Kind.RESHAPE) {
        engine.catalog().forget();
        redefined = true;
      }
    }
  }

  private <T> T definitionInTransaction(Set<CapturedTable> tables, SqlCall<T> statement)
      throws SQLException {
    int size = buffer.size();
    buffer.reset(tables);
    boolean mayCommit = dialect().endsTransactionsUnasked() && !buffer.isEmpty();
    if (mayCommit) {
      dialect().beforeItMayEnd(connection);
      if (dialect().commitsUnasked()) {
        engine.expect(connection, buffer.tables(), true);
      }
    }
    Ticket ticket = mayCommit && engine.outbox() == null ? engine.sequencer().draw() : null;
    List<Change> committed = List.of();
    try {
      return statement.call();
    } catch (SQLException e) {
      buffer.cut(size);
      noteFailure(e);
      throw e;
    } finally {
      if (mayCommit && endedUnasked()) {
        committed = buffer.drain();
        ended();
      }
      if (ticket != null) {
        engine.sequencer().settle(ticket, committed);
      } else {
        engine.reset(committed.stream().map(Change::table).toList());
      }
    }
  }

  /**
   * What can write anything, and perhaps end transactions on the way: resets, now or at its end.
   */
  private <T> T opaque(SqlShape shape, String sql, SqlCall<T> statement) throws SQLException {
    Set<CapturedTable> tables =
        new LinkedHashSet<>(engine.catalog().affected(connection, sql, shape));
    engine.refuseIfStrict(tables, "a statement whose effect is not known");
    boolean controls = shape.controlsTransactions();
    boolean open = isOpen();
    boolean written = !buffer.isEmpty();
    if (written && dialect().endsTransactionsUnasked()) {
      dialect().beforeItMayEnd(connection);
    }
    if (engine.outbox() != null && (controls || !open || dialect().commitsUnasked())) {
      if (open && controls && shape.undoesTransactions()) {
        throw new UncapturableException(
            "With an outbox, run ROLLBACK alone and not among other statements in one text");
      }
      engine.expect(connection, tables, open);
      engine.expect(connection, buffer.tables(), open);
    }
    try {
      return statement.call();
    } catch (SQLException e) {
      failed = true;
      throw e;
    } finally {
      for (SqlShape part : shape.parts()) {
        Kind kind = part.kind();
        begun = kind == Kind.BEGIN || (begun && kind != Kind.COMMIT && kind != Kind.ROLLBACK);
      }
      boolean endedUnasked = written && endedUnasked();
      if (controls || endedUnasked) {
        tables.addAll(buffer.tables());
        buffer.clear();
      }
      if (controls || endedUnasked || !open) {
        engine.reset(tables);
      }
      if ((open && !endedUnasked) || controls) {
        buffer.reset(tables);
        if (!isOpen()) {
          ended();
        }
      }
      redefined |= shape.kind() == Kind.SEVERAL;
      if (redefined && !open) {
        engine.catalog().forget();
      }
    }
  }
}
