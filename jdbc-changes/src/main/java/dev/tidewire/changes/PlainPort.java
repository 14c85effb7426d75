package dev.tidewire.changes;

import dev.tidewire.changes.CapturePlan.Before;
import dev.tidewire.changes.CapturePlan.Source;
import dev.tidewire.changes.CapturePlan.Visible;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.function.Consumer;

/**
 * Runs plans on a plain statement, or on a helper where the result is read twice. For one execution
 * of the statement.
 */
final class PlainPort implements CapturedWrite.Port {

  private final CapturingConnection connection;
  private final Statement delegate;
  private final Consumer<Statement> helper;
  private int maxRows;
  private int maxFieldSize;
  private int fetchSize;
  private boolean changed;

  /**
   * Made for one execution.
   *
   * @param helper takes the statement that runs in place of this one, before it does
   */
  PlainPort(CapturingConnection connection, Statement delegate, Consumer<Statement> helper) {
    this.connection = connection;
    this.delegate = delegate;
    this.helper = helper;
  }

  @Override
  public Statement run(CapturePlan plan) throws SQLException {
    if (plan.source() == Source.KEYS) {
      delegate.execute(plan.sql(), plan.keys().toArray(String[]::new));
      return delegate;
    }
    if (plan.source() == Source.NOWHERE && plan.visible() == Visible.KEYS) {
      delegate.execute(plan.sql(), Statement.RETURN_GENERATED_KEYS);
      return delegate;
    }
    if (plan.visible() != Visible.NOTHING && connection.engine().dialect().scrolls()) {
      Statement scrollable =
          connection
              .raw()
              .createStatement(ResultSet.TYPE_SCROLL_INSENSITIVE, ResultSet.CONCUR_READ_ONLY);
      helper.accept(scrollable);
      scrollable.setQueryTimeout(delegate.getQueryTimeout());
      scrollable.execute(plan.sql());
      return scrollable;
    }
    maxRows = delegate.getMaxRows();
    maxFieldSize = delegate.getMaxFieldSize();
    fetchSize = delegate.getFetchSize();
    changed = true;
    delegate.setMaxRows(0);
    delegate.setMaxFieldSize(0);
    delegate.setFetchSize(connection.maxRows() + 1);
    delegate.execute(plan.sql());
    return delegate;
  }

  @Override
  public PreparedStatement prepare(Before before) throws SQLException {
    return connection.raw().prepareStatement(before.sql());
  }

  @Override
  public void finished() throws SQLException {
    if (changed && !delegate.isClosed()) {
      changed = false;
      delegate.setFetchSize(fetchSize);
      delegate.setMaxRows(maxRows);
      delegate.setMaxFieldSize(maxFieldSize);
    }
  }
}
