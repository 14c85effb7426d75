package dev.tidewire.changes;

import dev.tidewire.changes.CapturePlan.Source;
import dev.tidewire.changes.CapturePlan.Visible;
import dev.tidewire.changes.SqlShape.Dml;
import dev.tidewire.changes.SqlShape.Kind;
import dev.tidewire.changes.SqlShape.Returning;
import dev.tidewire.channel.Operation;
import java.sql.BatchUpdateException;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.List;
import java.util.Locale;
import java.util.Objects;
import java.util.StringJoiner;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;
import org.postgresql.core.BaseConnection;
import org.postgresql.core.TransactionState;

/**
 * PostgreSQL: every statement gets a RETURNING clause, or a longer one. Since 18 it gives the old
 * row too; before, an UPDATE is joined with its own rows, read and locked in the same statement
 * under a name of their own. No helper statement runs, because one that failed would spoil the
 * application's transaction.
 */
final class PostgresDialect extends Dialect {

  private static final String BEFORE = "tidewire_before";
  private static final String OLD = "tidewire_old";
  private static final String NEW = "tidewire_new";

  /** What a plan adds to a text, where the driver quotes it in the error of a batch. */
  private static final Pattern ADDITION = Pattern.compile("\\nRETURNING [^\\n]* was aborted:");

  private final boolean returnsOld;

  PostgresDialect(int majorVersion) {
    returnsOld = majorVersion >= 18;
  }

  @Override
  String fold(Name.Part part) {
    return part.quoted() ? part.text() : part.text().toLowerCase(Locale.ROOT);
  }

  @Override
  @Nullable TableId find(Connection connection, Name name) throws SQLException {
    try (PreparedStatement statement =
        connection.prepareStatement(
            "SELECT n.nspname, c.relname FROM pg_catalog.pg_class c"
                + " JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace"
                + " WHERE c.oid = pg_catalog.to_regclass(CAST(? AS text))")) {
      statement.setString(1, name.text());
      try (ResultSet rows = statement.executeQuery()) {
        return rows.next() ? new TableId(rows.getString(1), rows.getString(2)) : null;
      }
    }
  }

  /** Inheritance and partitions in both directions; views and rules to the tables they name. */
  @Override
  void loadTies(Connection connection, Reach reach) throws SQLException {
    try (Statement statement = connection.createStatement();
        ResultSet rows =
            statement.executeQuery(
                "SELECT sn.nspname, s.relname, tn.nspname, t.relname FROM ("
                    + "SELECT inhrelid AS source, inhparent AS target FROM pg_catalog.pg_inherits"
                    + " UNION SELECT inhparent, inhrelid FROM pg_catalog.pg_inherits"
                    + " UNION SELECT r.ev_class, d.refobjid FROM pg_catalog.pg_rewrite r"
                    + " JOIN pg_catalog.pg_depend d ON d.objid = r.oid"
                    + " AND d.classid = 'pg_catalog.pg_rewrite'::regclass"
                    + " AND d.refclassid = 'pg_catalog.pg_class'::regclass"
                    + " AND d.refobjid <> r.ev_class) e"
                    + " JOIN pg_catalog.pg_class s ON s.oid = e.source"
                    + " JOIN pg_catalog.pg_namespace sn ON sn.oid = s.relnamespace"
                    + " JOIN pg_catalog.pg_class t ON t.oid = e.target"
                    + " JOIN pg_catalog.pg_namespace tn ON tn.oid = t.relnamespace"
                    + " WHERE s.relkind IN ('r', 'p', 'v', 'f')"
                    + " AND sn.nspname NOT IN ('pg_catalog', 'information_schema')")) {
      while (rows.next()) {
        reach.tie(
            new TableId(rows.getString(1), rows.getString(2)),
            new TableId(rows.getString(3), rows.getString(4)));
      }
    }
  }

  @Override
  @Nullable String obstacle(Connection connection, TableId table) throws SQLException {
    List<String> found =
        strings(
            connection,
            "SELECT CASE WHEN relkind NOT IN ('r', 'p', 'f') THEN 'it is not a table'"
                + " WHEN relhasrules THEN 'it has rewrite rules'"
                + " WHEN relkind = 'r' AND relhassubclass THEN 'other tables inherit from it'"
                + " END FROM pg_catalog.pg_class"
                + " WHERE oid = pg_catalog.to_regclass(CAST(? AS text))",
            table.sql());
    return found.isEmpty() ? "it is gone" : found.get(0).isEmpty() ? null : found.get(0);
  }

  @Override
  int triggers(Connection connection, TableId table) throws SQLException {
    return strings(
            connection,
            "SELECT tgname FROM pg_catalog.pg_trigger WHERE NOT tgisinternal"
                + " AND tgrelid = pg_catalog.to_regclass(CAST(? AS text))",
            table.sql())
        .size();
  }

  @Override
  @Nullable CapturePlan plan(String sql, SqlShape shape, TableMeta meta, KeyRequest keys) {
    Dml dml = Objects.requireNonNull(shape.dml());
    Returning returning = dml.returning();
    boolean mixed = dml.upsert() || dml.verb() == Kind.MERGE;
    boolean update = dml.verb() == Kind.UPDATE;
    if (keys.indexes() != null
        || (!returnsOld && (mixed || (update && !canJoinItself(dml, meta))))
        || (returning != null && dml.shadowed() && usesDefaultNames(returning))) {
      return null;
    }
    Operation operation = mixed ? null : Operation.valueOf(dml.verb().name());
    boolean old = operation != Operation.INSERT;
    boolean fresh = operation != Operation.DELETE;
    StringJoiner columns = new StringJoiner(", ");
    String visible = visible(sql, dml, keys);
    if (!visible.isEmpty()) {
      columns.add(visible);
    }
    if (old) {
      columns.add(oldColumns(dml, meta, returning));
    }
    if (operation == null) {
      columns.add(operationColumn(dml, meta, returning));
    }
    if (fresh) {
      columns.add(
          meta.list(returnsOld ? returning == null ? NEW : returning.newName() : dml.reference()));
    }
    String text =
        head(sql, dml, meta)
            + "\nRETURNING "
            + aliases(sql, dml)
            + columns
            + sql.substring(dml.end());
    return new CapturePlan(
        meta,
        text,
        operation,
        Source.RESULT,
        List.of(),
        keys.any() ? Visible.KEYS : returning != null ? Visible.ROWS : Visible.NOTHING,
        old,
        fresh,
        null,
        false);
  }

  private static boolean canJoinItself(Dml dml, TableMeta meta) {
    return !meta.key().isEmpty() && !dml.joins() && !dml.positioned();
  }

  private static boolean usesDefaultNames(Returning returning) {
    return returning.oldName().equals("old") || returning.newName().equals("new");
  }

  /** The columns that the application asked for; of a self-join only its own table's. */
  private String visible(String sql, Dml dml, KeyRequest keys) {
    boolean joined = !returnsOld && dml.verb() == Kind.UPDATE;
    Returning returning = dml.returning();
    if (returning != null) {
      String list = sql.substring(returning.list(), dml.end());
      if (joined && returning.star() >= 0) {
        int star = returning.star() - returning.list();
        return list.substring(0, star) + dml.reference() + '.' + list.substring(star);
      }
      return list;
    }
    List<String> names = keys.names();
    if (names != null) {
      return String.join(", ", names.stream().map(TableId::quote).toList());
    }
    return keys.any() ? joined ? dml.reference() + ".*" : "*" : "";
  }

  private String oldColumns(Dml dml, TableMeta meta, @Nullable Returning returning) {
    if (returnsOld) {
      return meta.list(returning == null ? OLD : returning.oldName());
    }
    if (dml.verb() == Kind.DELETE) {
      return meta.list(dml.reference());
    }
    StringJoiner columns = new StringJoiner(", ");
    for (int i = 0; i < meta.columns().size(); i++) {
      columns.add(BEFORE + ".tidewire_" + i);
    }
    return columns.toString();
  }

  private static String operationColumn(Dml dml, TableMeta meta, @Nullable Returning returning) {
    if (dml.verb() == Kind.MERGE) {
      return "merge_action()";
    }
    String old = returning == null ? OLD : returning.oldName();
    String present =
        !meta.key().isEmpty()
            ? TableId.quote(meta.columns().get(meta.key().get(0)).name())
            : "ctid";
    return "CASE WHEN " + old + '.' + present + " IS NULL THEN 'INSERT' ELSE 'UPDATE' END";
  }

  private String aliases(String sql, Dml dml) {
    Returning returning = dml.returning();
    if (!returnsOld) {
      return "";
    }
    return returning == null
        ? "WITH (OLD AS " + OLD + ", NEW AS " + NEW + ") "
        : sql.substring(dml.conditionEnd() + "RETURNING".length(), returning.list()) + ' ';
  }

  /** The statement up to its RETURNING, joined with its own rows where that is needed. */
  private String head(String sql, Dml dml, TableMeta meta) {
    String written = sql.substring(0, dml.conditionEnd());
    if (returnsOld || dml.verb() != Kind.UPDATE) {
      return written;
    }
    String reference = dml.reference();
    StringJoiner columns = new StringJoiner(", ");
    StringJoiner same = new StringJoiner(" AND ");
    for (int i = 0; i < meta.columns().size(); i++) {
      String column = reference + '.' + TableId.quote(meta.columns().get(i).name());
      columns.add(column + " AS tidewire_" + i);
    }
    for (int index : meta.key()) {
      String column = reference + '.' + TableId.quote(meta.columns().get(index).name());
      same.add(column + " = " + BEFORE + ".tidewire_" + index);
    }
    return sql.substring(0, dml.condition())
        + "\nFROM (SELECT "
        + columns
        + " FROM "
        + dml.targetText()
        + '\n'
        + sql.substring(dml.condition(), dml.conditionEnd())
        + (meta.mayChangeKey(dml.assigned()) ? "\nFOR UPDATE OF " : "\nFOR NO KEY UPDATE OF ")
        + reference
        + ") AS "
        + BEFORE
        + " WHERE "
        + same;
  }

  /** A batch hands out its rows only as generated keys, which the application may want itself. */
  @Override
  boolean pipelines(CapturePlan plan) {
    return plan.visible() == Visible.NOTHING;
  }

  @Override
  BatchUpdateException withoutAdditions(BatchUpdateException failure) {
    String message = String.valueOf(failure.getMessage());
    BatchUpdateException cleaned =
        new BatchUpdateException(
            ADDITION.matcher(message).replaceFirst(" was aborted:"),
            failure.getSQLState(),
            failure.getErrorCode(),
            failure.getLargeUpdateCounts(),
            failure.getCause());
    cleaned.setNextException(failure.getNextException());
    cleaned.setStackTrace(failure.getStackTrace());
    return cleaned;
  }

  @Override
  boolean inTransaction(Connection connection, boolean begun) throws SQLException {
    TransactionState state = state(connection);
    return !connection.getAutoCommit() || (state == null ? begun : state != TransactionState.IDLE);
  }

  @Override
  boolean isStillOpen(Connection connection) {
    return state(connection) == TransactionState.OPEN;
  }

  @Override
  boolean aborted(Connection connection, boolean failedBefore) {
    TransactionState state = state(connection);
    if (state != null) {
      return state == TransactionState.FAILED;
    }
    if (failedBefore) {
      try (Statement statement = connection.createStatement()) {
        statement.execute("SELECT 1");
      } catch (SQLException e) {
        return true;
      }
    }
    return false;
  }

  /** Asks the driver; null if this is not its connection or its classes are not to be seen here. */
  private static @Nullable TransactionState state(Connection connection) {
    try {
      return connection.isWrapperFor(BaseConnection.class)
          ? connection.unwrap(BaseConnection.class).getTransactionState()
          : null;
    } catch (SQLException | LinkageError e) {
      return null;
    }
  }
}
