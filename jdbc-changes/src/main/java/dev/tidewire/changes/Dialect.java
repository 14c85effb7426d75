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
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * What differs from database to database: how names are found, how rows come back from a statement,
 * how a transaction's state is learnt. This class itself serves a database that nothing is known
 * of: there every write is a reset. Keeps no state of a connection, safe for any thread.
 */
class Dialect {

  /** Returns the dialect of the database behind {@code meta}. */
  static Dialect of(DatabaseMetaData meta) throws SQLException {
    return switch (meta.getDatabaseProductName()) {
      case "H2" ->
          new H2Dialect(meta.storesUpperCaseIdentifiers(), meta.storesLowerCaseIdentifiers());
      case "PostgreSQL" -> new PostgresDialect(meta.getDatabaseMajorVersion());
      case "SQLite" -> new SqliteDialect();
      case "MariaDB", "MySQL" -> MariaDbDialect.of(meta);
      default -> new Dialect();
    };
  }

  /** How texts are read. */
  Lexis lexis() {
    return Lexis.STANDARD;
  }

  /** What stands around a name in a statement. */
  char quote() {
    return '"';
  }

  /** Folds an identifier as the database does. */
  String fold(Name.Part part) {
    return part.text();
  }

  /**
   * Finds the table that a name means on this connection.
   *
   * @return null if there is none
   */
  @Nullable TableId find(Connection connection, Name name) throws SQLException {
    List<Name.Part> parts = name.parts();
    String schema = parts.size() > 1 ? parts.get(parts.size() - 2).text() : connection.getSchema();
    DatabaseMetaData meta = connection.getMetaData();
    try (ResultSet tables = meta.getTables(connection.getCatalog(), null, "%", null)) {
      while (tables.next()) {
        String storedSchema = tables.getString("TABLE_SCHEM");
        boolean schemaFits = schema == null || schema.equalsIgnoreCase(storedSchema);
        if (name.mayBe(tables.getString("TABLE_NAME")) && schemaFits) {
          String found = tables.getString("TABLE_NAME");
          return new TableId(storedSchema == null ? "" : storedSchema, found);
        }
      }
    }
    return null;
  }

  /** Finds the table that a name in the application's choice of tables means. */
  @Nullable TableId locate(Connection connection, Name name) throws SQLException {
    return find(connection, name);
  }

  /**
   * The catalog to look a table up in.
   *
   * @throws SQLException if this connection does not show the table
   */
  @Nullable String catalog(Connection connection, TableId table) throws SQLException {
    return connection.getCatalog();
  }

  /** The table that a row of {@link DatabaseMetaData#getImportedKeys} refers to. */
  TableId parent(ResultSet key) throws SQLException {
    String schema = key.getString("PKTABLE_SCHEM");
    return new TableId(schema == null ? "" : schema, key.getString("PKTABLE_NAME"));
  }

  /** How a column is read. */
  ValueReader reader(int jdbcType, String typeName) {
    return ValueReader.of(jdbcType, typeName);
  }

  /** What an upsert may conflict with, where a plan asks for that. */
  UniqueKeys uniqueKeys(Connection connection, TableId table) throws SQLException {
    return UniqueKeys.UNKNOWN;
  }

  /** Adds ties that are not foreign keys: views, inheritance. */
  void loadTies(Connection connection, Reach reach) throws SQLException {}

  /** Why rows of a table cannot be captured at all; null if they can. */
  @Nullable String obstacle(Connection connection, TableId table) throws SQLException {
    return "rows are not captured on this database";
  }

  /** How many triggers of the application's a table has. */
  int triggers(Connection connection, TableId table) throws SQLException {
    return 0;
  }

  /** Names of the columns that the driver gives to who asks for generated keys by flag. */
  List<String> generatedKeys(Connection connection, TableId table, List<String> primaryKey)
      throws SQLException {
    return List.of();
  }

  /**
   * Plans how the rows of a statement come back.
   *
   * @param sql the application's text
   * @param shape its shape, with a {@link Dml}
   * @return the plan, or null if the rows cannot be had
   */
  @Nullable CapturePlan plan(String sql, SqlShape shape, TableMeta meta, KeyRequest keys) {
    return null;
  }

  /** Whether a result can be read again from its start; if not, the application gets a copy. */
  boolean scrolls() {
    return true;
  }

  /** Whether the driver tells generated keys whether asked for or not. */
  boolean alwaysTellsKeys() {
    return false;
  }

  /** Whether an error may be one of what a plan added to a statement, before anything ran. */
  boolean mayBeAdditions(SQLException failure) {
    String state = failure.getSQLState();
    return state != null && (state.startsWith("42") || state.startsWith("0A"));
  }

  /** Whether a statement gave up waiting, so that running it again would only wait again. */
  boolean gaveUp(SQLException failure) {
    String state = failure.getSQLState();
    return "57014".equals(state) || "HYT00".equals(state);
  }

  /** Whether a batch of one prepared statement runs in one go with its rows as generated keys. */
  boolean pipelines(CapturePlan plan) {
    return false;
  }

  /** Whether a failing entry undoes the others of a batch of one prepared INSERT. */
  boolean batchIsOneInsert() {
    return false;
  }

  /** Whether a failing entry of a batch leaves the others to run. */
  boolean batchGoesOn() {
    return false;
  }

  /**
   * What a batch throws when an entry fails and the others do not run.
   *
   * @param prepared whether it is the batch of a prepared statement
   * @param counts of the entries before it
   * @param size of the batch
   */
  SQLException batchFailure(
      SQLException failure, boolean prepared, String sql, long[] counts, int size) {
    int entry = counts.length;
    String message =
        "Batch entry "
            + entry
            + ' '
            + sql
            + " was aborted: "
            + failure.getMessage()
            + "  Call getNextException to see other errors in the batch.";
    long[] failed = new long[size];
    Arrays.fill(failed, Statement.EXECUTE_FAILED);
    return Batches.failed(message, failure, failed, failure);
  }

  /**
   * What a batch throws when entries fail and the others run all the same.
   *
   * @param first the first failure
   * @param last the last, from which the others hang
   */
  SQLException batchFailures(SQLException first, SQLException last, long[] counts) {
    return Batches.failed(String.valueOf(last.getMessage()), last, counts, null);
  }

  /** A failed batch's error, without what a plan added to the statement's text. */
  BatchUpdateException withoutAdditions(BatchUpdateException failure) {
    return failure;
  }

  /**
   * Whether a transaction is open.
   *
   * @param begun whether a BEGIN was seen in a SQL text
   */
  boolean inTransaction(Connection connection, boolean begun) throws SQLException {
    return begun || !connection.getAutoCommit();
  }

  /**
   * Whether the open transaction can only be rolled back, so that its COMMIT would do that.
   *
   * @param failedBefore whether a statement of it failed
   */
  boolean aborted(Connection connection, boolean failedBefore) {
    return false;
  }

  /** Constraint violations and serialisation failures: surely rolled back, unlike a lost link. */
  static boolean isDefinite(SQLException failure) {
    String state = failure.getSQLState();
    return state != null
        && (state.startsWith("23") || (state.startsWith("40") && !state.equals("40003")));
  }

  /** Whether a transaction is known to be still open after a COMMIT that failed. */
  boolean isStillOpen(Connection connection) {
    return false;
  }

  /** Whether a statement that failed like this may have undone its whole transaction. */
  boolean undoesTransaction(SQLException failure) {
    return false;
  }

  /** Whether a statement lost a deadlock, so that it may go through when it runs again. */
  boolean lostDeadlock(SQLException failure) {
    return false;
  }

  /** Whether BEGIN inside a transaction commits it. */
  boolean beginCommits() {
    return false;
  }

  /** Whether SAVEPOINT outside a transaction begins one, which its RELEASE then commits. */
  boolean savepointsBegin() {
    return false;
  }

  /** Whether a statement other than COMMIT may commit the transaction. */
  boolean endsTransactionsUnasked() {
    return false;
  }

  /**
   * Whether a transaction that only reads may have to wait for writers; one query alone does not.
   */
  boolean transactionsMayWait() {
    return false;
  }

  /** Whether definitions and procedures may commit the transaction that they run in. */
  boolean commitsUnasked() {
    return false;
  }

  /** Whether a COMMIT that failed may be tried again. */
  boolean retriesCommit() {
    return false;
  }

  /** Called before such a statement, where that helps to tell afterwards. */
  void beforeItMayEnd(Connection connection) throws SQLException {}

  /** Whether nothing is left to commit, though there was before; asked after such a statement. */
  boolean ended(Connection connection) throws SQLException {
    return false;
  }

  /** Runs a query of ours and returns the first column of all rows. */
  static List<String> strings(Connection connection, String sql, String... parameters)
      throws SQLException {
    List<String> values = new ArrayList<>();
    try (PreparedStatement statement = connection.prepareStatement(sql)) {
      for (int i = 0; i < parameters.length; i++) {
        statement.setString(i + 1, parameters[i]);
      }
      try (ResultSet rows = statement.executeQuery()) {
        while (rows.next()) {
          String value = rows.getString(1);
          values.add(value == null ? "" : value);
        }
      }
    }
    return values;
  }
}
