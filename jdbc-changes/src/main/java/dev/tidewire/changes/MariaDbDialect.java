package dev.tidewire.changes;

import dev.tidewire.changes.SqlShape.Dml;
import java.sql.BatchUpdateException;
import java.sql.Connection;
import java.sql.DatabaseMetaData;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * MariaDB and MySQL: names, ties and transactions; {@link MariaDbPlans} plans. The database of a
 * table is its schema here. Definitions commit, and so does BEGIN; a deadlock undoes the
 * transaction.
 */
final class MariaDbDialect extends Dialect {

  private static final int DEADLOCK = 1213;
  private static final int LOCK_WAIT_TIMEOUT = 1205;

  /** Interrupted, or too slow for a limit. */
  private static final Set<Integer> GAVE_UP = Set.of(LOCK_WAIT_TIMEOUT, 1317, 1969, 3024);

  private static final String PROBE = "tidewire_open";

  private final Lexis lexis;
  private final boolean bulk;
  private final boolean foldsTables;
  private final boolean escapes;
  private final boolean timeoutUndoes;
  private final MariaDbPlans plans;

  /**
   * @param returning whether INSERT and DELETE can give their rows
   * @param bulk whether the driver sends the batch of an INSERT as one command
   * @param mode the value of {@code sql_mode}
   * @param foundRows whether an UPDATE counts rows that it leaves as they were
   * @param foldsTables whether the case of table names does not matter
   * @param timeoutUndoes whether waiting too long for a lock undoes the transaction
   */
  MariaDbDialect(
      boolean returning,
      boolean bulk,
      String mode,
      boolean foundRows,
      boolean foldsTables,
      boolean timeoutUndoes) {
    lexis = mode.contains("ANSI_QUOTES") ? Lexis.MYSQL_ANSI : Lexis.MYSQL;
    escapes = !mode.contains("NO_BACKSLASH_ESCAPES");
    this.bulk = bulk;
    this.foldsTables = foldsTables;
    this.timeoutUndoes = timeoutUndoes;
    plans = new MariaDbPlans(lexis, returning, foundRows, mode.contains("STRICT_"));
  }

  /** Asks the server how it is set up. */
  static MariaDbDialect of(DatabaseMetaData meta) throws SQLException {
    boolean maria = meta.getDatabaseProductVersion().contains("MariaDB");
    boolean returning =
        maria
            && (meta.getDatabaseMajorVersion() > 10
                || (meta.getDatabaseMajorVersion() == 10 && meta.getDatabaseMinorVersion() >= 5));
    String url = String.valueOf(meta.getURL()).toLowerCase(Locale.ROOT);
    try (Statement statement = meta.getConnection().createStatement();
        ResultSet row =
            statement.executeQuery(
                "SELECT @@sql_mode, @@lower_case_table_names, @@innodb_rollback_on_timeout")) {
      row.next();
      return new MariaDbDialect(
          returning,
          maria && meta.getDriverName().contains("MariaDB"),
          row.getString(1),
          !url.contains("useaffectedrows=true"),
          row.getInt(2) != 0,
          row.getInt(3) != 0);
    }
  }

  @Override
  char quote() {
    return '`';
  }

  @Override
  Lexis lexis() {
    return lexis;
  }

  /** Folds the name of a savepoint. */
  @Override
  String fold(Name.Part part) {
    return part.text().toLowerCase(Locale.ROOT);
  }

  @Override
  @Nullable TableId find(Connection connection, Name name) throws SQLException {
    List<Name.Part> parts = name.parts();
    String schema = parts.size() > 1 ? parts.get(parts.size() - 2).text() : connection.getCatalog();
    if (schema == null) {
      return null;
    }
    List<TableId> found = new ArrayList<>();
    each(
        connection,
        "SELECT TABLE_SCHEMA, TABLE_NAME FROM information_schema.TABLES"
            + " WHERE TABLE_SCHEMA = ? AND TABLE_NAME = ?",
        new TableId(schema, name.table().text()),
        row -> found.add(new TableId(row.getString(1), row.getString(2))));
    String table = name.table().text();
    return found.stream()
        .filter(id -> foldsTables || id.name().equals(table))
        .findFirst()
        .orElse(null);
  }

  @Override
  @Nullable String catalog(Connection connection, TableId table) {
    return table.schema();
  }

  @Override
  TableId parent(ResultSet key) throws SQLException {
    return new TableId(key.getString("PKTABLE_CAT"), key.getString("PKTABLE_NAME"));
  }

  /** A trigger leads from its table, and a view from itself, to what their texts name. */
  @Override
  void loadTies(Connection connection, Reach reach) throws SQLException {
    Map<TableId, Set<String>> words = new LinkedHashMap<>();
    try (Statement statement = connection.createStatement();
        ResultSet rows =
            statement.executeQuery(
                "SELECT EVENT_OBJECT_SCHEMA, EVENT_OBJECT_TABLE, ACTION_STATEMENT"
                    + " FROM information_schema.TRIGGERS UNION ALL"
                    + " SELECT TABLE_SCHEMA, TABLE_NAME, VIEW_DEFINITION"
                    + " FROM information_schema.VIEWS WHERE TABLE_SCHEMA <> 'sys'")) {
      while (rows.next()) {
        TableId from = new TableId(rows.getString(1), rows.getString(2));
        String text = rows.getString(3);
        words
            .computeIfAbsent(from, id -> new HashSet<>())
            .addAll(SqlShape.identifiers(text == null ? "" : text, lexis));
      }
    }
    Set<TableId> all = new LinkedHashSet<>(reach.captured().keySet());
    all.addAll(words.keySet());
    words.forEach(
        (from, named) -> {
          for (TableId to : all) {
            if (!to.equals(from) && named.contains(to.name().toLowerCase(Locale.ROOT))) {
              reach.tie(from, to);
            }
          }
        });
  }

  @Override
  @Nullable String obstacle(Connection connection, TableId table) throws SQLException {
    if (!escapes) {
      return "the server's sql_mode says NO_BACKSLASH_ESCAPES";
    }
    List<String> found = new ArrayList<>();
    each(
        connection,
        "SELECT CASE WHEN TABLE_TYPE <> 'BASE TABLE' THEN 'it is not a plain table'"
            + " WHEN ENGINE <> 'InnoDB' THEN 'its engine is not InnoDB' ELSE '' END"
            + " FROM information_schema.TABLES WHERE TABLE_SCHEMA = ? AND TABLE_NAME = ?",
        table,
        row -> found.add(row.getString(1)));
    return found.isEmpty() ? "it is gone" : found.get(0).isEmpty() ? null : found.get(0);
  }

  @Override
  int triggers(Connection connection, TableId table) throws SQLException {
    List<String> names = new ArrayList<>();
    each(
        connection,
        "SELECT TRIGGER_NAME FROM information_schema.TRIGGERS"
            + " WHERE EVENT_OBJECT_SCHEMA = ? AND EVENT_OBJECT_TABLE = ?",
        table,
        row -> names.add(row.getString(1)));
    return names.size();
  }

  @Override
  UniqueKeys uniqueKeys(Connection connection, TableId table) throws SQLException {
    Map<String, List<String>> keys = new LinkedHashMap<>();
    boolean[] known = {true};
    each(
        connection,
        "SELECT INDEX_NAME, COLUMN_NAME, SUB_PART FROM information_schema.STATISTICS"
            + " WHERE TABLE_SCHEMA = ? AND TABLE_NAME = ? AND NON_UNIQUE = 0"
            + " ORDER BY INDEX_NAME <> 'PRIMARY', INDEX_NAME, SEQ_IN_INDEX",
        table,
        row -> {
          String column = row.getString(2);
          known[0] &= column != null && row.getString(3) == null;
          keys.computeIfAbsent(row.getString(1), name -> new ArrayList<>())
              .add(String.valueOf(column).toLowerCase(Locale.ROOT));
        });
    Set<String> implicit = new HashSet<>();
    Map<String, String> extras = new HashMap<>();
    each(
        connection,
        "SELECT COLUMN_NAME, COLUMN_DEFAULT, EXTRA FROM information_schema.COLUMNS"
            + " WHERE TABLE_SCHEMA = ? AND TABLE_NAME = ?",
        table,
        row -> {
          String name = row.getString(1).toLowerCase(Locale.ROOT);
          String value = row.getString(2);
          String extra = row.getString(3).toLowerCase(Locale.ROOT);
          if ((value != null && !value.equals("NULL")) || extra.contains("generated")) {
            implicit.add(name);
          }
          if (extra.contains("auto_increment")) {
            extras.put("counter", name);
          }
        });
    return new UniqueKeys(
        known[0],
        keys.values().stream().map(List::copyOf).toList(),
        implicit,
        extras.get("counter"));
  }

  /** Takes a row of a query. */
  private interface RowReader {
    void read(ResultSet row) throws SQLException;
  }

  private static void each(Connection connection, String sql, TableId table, RowReader reader)
      throws SQLException {
    try (PreparedStatement statement = connection.prepareStatement(sql)) {
      statement.setString(1, table.schema());
      statement.setString(2, table.name());
      try (ResultSet rows = statement.executeQuery()) {
        while (rows.next()) {
          reader.read(rows);
        }
      }
    }
  }

  @Override
  @Nullable CapturePlan plan(String sql, SqlShape shape, TableMeta meta, KeyRequest keys) {
    Dml dml = Objects.requireNonNull(shape.dml());
    return plans.plan(sql, dml, meta, keys);
  }

  /** The driver sends all entries before it looks at an answer. */
  @Override
  boolean batchGoesOn() {
    return true;
  }

  @Override
  SQLException batchFailures(SQLException first, SQLException last, long[] counts) {
    return new BatchUpdateException(
        first.getMessage(), first.getSQLState(), first.getErrorCode(), counts, first);
  }

  /** MariaDB's driver sends it as one command. */
  @Override
  boolean batchIsOneInsert() {
    return bulk;
  }

  @Override
  SQLException batchFailure(
      SQLException failure, boolean prepared, String sql, long[] counts, int size) {
    long[] all = new long[size];
    Arrays.fill(all, Statement.EXECUTE_FAILED);
    return new BatchUpdateException(
        failure.getMessage(), failure.getSQLState(), failure.getErrorCode(), all, failure);
  }

  @Override
  boolean gaveUp(SQLException failure) {
    return GAVE_UP.contains(failure.getErrorCode()) || super.gaveUp(failure);
  }

  @Override
  boolean lostDeadlock(SQLException failure) {
    return failure.getErrorCode() == DEADLOCK;
  }

  @Override
  boolean undoesTransaction(SQLException failure) {
    return failure.getErrorCode() == DEADLOCK
        || (timeoutUndoes && failure.getErrorCode() == LOCK_WAIT_TIMEOUT);
  }

  @Override
  boolean beginCommits() {
    return true;
  }

  @Override
  boolean endsTransactionsUnasked() {
    return true;
  }

  @Override
  boolean commitsUnasked() {
    return true;
  }

  /** A savepoint, which is gone once its transaction is. */
  @Override
  void beforeItMayEnd(Connection connection) throws SQLException {
    try (Statement statement = connection.createStatement()) {
      statement.execute("SAVEPOINT " + PROBE);
    }
  }

  @Override
  boolean ended(Connection connection) {
    try (Statement statement = connection.createStatement()) {
      statement.execute("RELEASE SAVEPOINT " + PROBE);
      return false;
    } catch (SQLException e) {
      return true;
    }
  }
}
