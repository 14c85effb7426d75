package dev.tidewire.changes;

import dev.tidewire.changes.CapturePlan.Again;
import dev.tidewire.changes.CapturePlan.Before;
import dev.tidewire.changes.CapturePlan.Source;
import dev.tidewire.changes.CapturePlan.Visible;
import dev.tidewire.changes.store.FailureKind;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Savepoint;
import java.sql.Statement;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Objects;
import java.util.Set;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Runs one statement by its plan: reads the old rows first where that is needed, runs it, pairs
 * what comes back, and puts the changes into the transaction's buffer. What the application sees,
 * errors included, is what it would see without. Used by one thread.
 */
final class CapturedWrite<T> {

  /** How a plain or prepared statement runs what a plan says. */
  interface Port {

    /** Runs {@link CapturePlan#sql()}; the rows are read from the statement returned. */
    Statement run(CapturePlan plan) throws SQLException;

    /** Prepares the SELECT for the old rows, its parameters set. */
    PreparedStatement prepare(Before before) throws SQLException;

    /** Sets parameters of the statement on another, from the first on. */
    default void bind(PreparedStatement other, List<Integer> parameters) throws SQLException {}

    /** Called when the rows are read, or it came to nothing. */
    void finished() throws SQLException;
  }

  private static final Logger log = LoggerFactory.getLogger(CapturedWrite.class);
  private static final String SAVEPOINT = "TIDEWIRE_WRITE";
  private static final int ATTEMPTS = 16;

  private final CapturingStatement statement;
  private final CapturingConnection connection;
  private final CapturePlan plan;
  private final Set<CapturedTable> others;
  private final Port port;
  private final SqlCall<T> natively;
  private final Function<Outcome, T> seen;

  /**
   * @param natively runs the application's own text instead
   * @param seen makes what the application sees out of what came of it
   */
  CapturedWrite(
      CapturingStatement statement,
      Treatment treatment,
      Port port,
      SqlCall<T> natively,
      Function<Outcome, T> seen) {
    this.statement = statement;
    this.connection = statement.capturing();
    this.plan = Objects.requireNonNull(treatment.plan());
    this.others = treatment.resets();
    this.port = port;
    this.natively = natively;
    this.seen = seen;
  }

  T run() throws SQLException {
    connection.engine().refuseIfStrict(others, "rows that change by a foreign key or a view");
    Transaction transaction = connection.transaction();
    boolean brief = !transaction.isOpen();
    try {
      return brief ? repeatedly(transaction) : transaction.write(this::attempt);
    } catch (SQLException e) {
      if (!mayBeOurs(e)) {
        throw e;
      }
      if (!brief && transaction.isAborted()) {
        connection.engine().catalog().forget();
        throw e;
      }
      return transaction.write(this::runNatively);
    }
  }

  /**
   * Runs a statement in a transaction of its own. Reading the old rows first can end in a deadlock
   * where the statement alone would not; nothing has happened then, and it can run again.
   */
  private T repeatedly(Transaction transaction) throws SQLException {
    for (int attempt = 1; ; attempt++) {
      try {
        return transaction.write(this::attempt);
      } catch (SQLException e) {
        boolean again = plan.again() != null && attempt < ATTEMPTS;
        if (!again || !connection.engine().dialect().lostDeadlock(e)) {
          throw e;
        }
        debug(e, "A statement lost a deadlock, it runs again");
      }
    }
  }

  /**
   * Whether it may be an error of what a plan added: a column that is gone since the table was
   * read. Nothing has run then, so the application's own text can; if the error is its own, it
   * comes again.
   */
  private boolean mayBeOurs(SQLException failure) throws SQLException {
    return !plan.guarded()
        && connection.engine().dialect().mayBeAdditions(failure)
        && !(failure instanceof UncapturableException);
  }

  private Set<CapturedTable> tables() {
    Set<CapturedTable> tables = new LinkedHashSet<>(others);
    tables.add(plan.meta().table());
    return tables;
  }

  private T attempt() throws SQLException {
    Engine engine = connection.engine();
    Savepoint guard =
        plan.guarded() || engine.strict() ? connection.raw().setSavepoint(SAVEPOINT) : null;
    for (int attempt = 1; ; attempt++) {
      List<List<@Nullable Object>> before = null;
      Outcome outcome;
      Images images = new Images(plan, engine.maxRows());
      Again again = plan.again();
      Reread reread = again == null ? null : new Reread(plan, again, port);
      try {
        Before wanted = plan.before();
        before = wanted == null ? null : old(wanted, reread);
      } catch (SQLException e) {
        return insteadOf(e, guard);
      }
      try {
        outcome = write(images, reread);
      } catch (SQLException e) {
        if (plan.visible() == Visible.ROWS) {
          // the application's own delta table: H2 may keep what was done before the error
          connection.transaction().buffer().reset(List.of(plan.meta().table()));
        }
        if (plan.source() == Source.RESULT && plan.visible() == Visible.NOTHING && guard != null) {
          return insteadOf(e, guard);
        }
        throw e;
      } finally {
        port.finished();
      }
      List<Change> changes = changes(images, before, reread, outcome.count());
      if (changes == null && guard != null) {
        boolean retry = images.isComplete() && images.mayPairLater() && attempt < ATTEMPTS;
        if (retry || engine.strict()) {
          close(outcome);
          connection.raw().rollback(guard);
        }
        if (retry) {
          continue;
        }
        engine.refuseIfStrict(Set.of(plan.meta().table()), "rows that cannot be told apart");
      }
      keep(changes, outcome.count());
      release(guard);
      return seen.apply(outcome);
    }
  }

  /** Reads and locks the rows that are about to change; one more than the limit if there are. */
  private List<List<@Nullable Object>> old(Before before, @Nullable Reread reread)
      throws SQLException {
    List<List<@Nullable Object>> rows = new ArrayList<>();
    lock(before);
    try (PreparedStatement select = port.prepare(before)) {
      select.setMaxRows(connection.engine().maxRows() + 1);
      select.setQueryTimeout(statement.getQueryTimeout());
      try (ResultSet found = select.executeQuery()) {
        while (found.next()) {
          rows.add(plan.meta().image(found, 1));
          if (reread != null) {
            reread.note(found, 1);
          }
        }
      }
    }
    return rows;
  }

  /** Where reading takes no lock that keeps others from writing. */
  private void lock(Before before) throws SQLException {
    String lock = before.lock();
    if (lock != null && connection.transaction().buffer().isEmpty()) {
      try (Statement locking = connection.raw().createStatement()) {
        locking.setQueryTimeout(statement.getQueryTimeout());
        locking.executeUpdate(lock);
      }
    }
  }

  private Outcome write(Images images, @Nullable Reread reread) throws SQLException {
    Statement ran = port.run(plan);
    if (plan.source() == Source.NOWHERE) {
      long count = ran.getLargeUpdateCount();
      return new Outcome(
          count, null, plan.visible() == Visible.KEYS ? keys(ran.getGeneratedKeys()) : null);
    }
    boolean keys = plan.source() == Source.KEYS;
    ResultSet rows = keys ? ran.getGeneratedKeys() : ran.getResultSet();
    int columns = rows.getMetaData().getColumnCount() - plan.hidden();
    boolean copies = plan.visible() != Visible.NOTHING && !connection.engine().dialect().scrolls();
    RowCopy copy = copies ? new RowCopy(rows.getMetaData(), columns) : null;
    images.read(rows, copy, reread);
    long count = keys ? ran.getLargeUpdateCount() : images.count();
    if (plan.visible() == Visible.NOTHING) {
      rows.close();
      return new Outcome(count, null, null);
    }
    ResultSet shown = rows;
    if (copy == null) {
      rows.beforeFirst();
    } else {
      rows.close();
      shown = copy.open(connection.raw());
    }
    ResultSet visible = Intercepted.visible(shown, columns, statement);
    return plan.visible() == Visible.ROWS
        ? new Outcome(count, visible, null)
        : new Outcome(count, null, visible);
  }

  private ResultSet keys(ResultSet keys) throws SQLException {
    return Intercepted.visible(keys, keys.getMetaData().getColumnCount(), statement);
  }

  private @Nullable List<Change> changes(
      Images images,
      @Nullable List<List<@Nullable Object>> before,
      @Nullable Reread reread,
      long count)
      throws SQLException {
    boolean complete =
        images.isComplete()
            && (before == null || before.size() <= connection.maxRows())
            && (reread == null || count <= connection.maxRows());
    if (!complete) {
      return null;
    }
    Actor actor = connection.capture().actor();
    if (reread == null) {
      return images.changes(before, actor);
    }
    try {
      return reread.changes(connection.raw(), before == null ? List.of() : before, count, actor);
    } catch (SQLException e) {
      if (connection.engine().dialect().undoesTransaction(e)) {
        throw e;
      }
      debug(e, "The rows of a statement could not be read again");
      return null;
    }
  }

  private void keep(@Nullable List<Change> changes, long count) throws SQLException {
    TransactionBuffer buffer = connection.transaction().buffer();
    if (changes == null) {
      buffer.reset(List.of(plan.meta().table()));
    } else {
      buffer.add(changes);
    }
    if (count > 0) {
      buffer.reset(others);
    }
  }

  private T runNatively() throws SQLException {
    T result = natively.call();
    connection.engine().catalog().forget();
    connection.transaction().buffer().reset(tables());
    return result;
  }

  /** Runs the application's own text, so that its error, if it has one, is the one it would be. */
  private T insteadOf(SQLException failure, @Nullable Savepoint guard) throws SQLException {
    if (connection.engine().dialect().undoesTransaction(failure)) {
      // H2 undoes the transaction of a deadlock's victim, but not if a query is the victim. Going
      // on
      // from a savepoint then would meet the same deadlock again, and was seen to lose rows in H2
      connection.raw().rollback();
      connection.transaction().undone();
      throw failure;
    }
    if (guard != null) {
      connection.raw().rollback(guard);
    }
    if (connection.engine().dialect().gaveUp(failure)) {
      throw failure;
    }
    debug(failure, "Capturing the rows of a statement failed, it runs as it is");
    return runNatively();
  }

  /** The failure's message may quote the statement. */
  private void debug(SQLException failure, String what) {
    log.atDebug()
        .addKeyValue("table", plan.meta().table())
        .addKeyValue("reason", FailureKind.of(failure))
        .log(what);
  }

  private void release(@Nullable Savepoint guard) throws SQLException {
    if (guard != null) {
      connection.raw().releaseSavepoint(guard);
    }
  }

  private static void close(Outcome outcome) throws SQLException {
    ResultSet rows = outcome.rows() == null ? outcome.keys() : outcome.rows();
    if (rows != null) {
      rows.close();
    }
  }
}
