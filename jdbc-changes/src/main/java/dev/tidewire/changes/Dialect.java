package dev.tidewire.changes;

import dev.tidewire.changes.SqlShape.Dml;
import java.sql.BatchUpdateException;
import java.sql.Connection;
import java.sql.DatabaseMetaData;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.util.ArrayList;
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
      default -> new Dialect();
    };
  }

  /** Whether texts are read with H2's additions. */
  boolean h2() {
    return false;
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

  /** Whether a batch of one prepared statement runs in one go with its rows as generated keys. */
  boolean pipelines(CapturePlan plan) {
    return false;
  }

  /** Whether a failing entry of a batch leaves the others to run. */
  boolean batchGoesOn() {
    return false;
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

  /** Whether a transaction is known to be still open after a COMMIT that failed. */
  boolean isStillOpen(Connection connection) {
    return false;
  }

  /** Whether a statement that failed like this may have undone its whole transaction. */
  boolean undoesTransaction(SQLException failure) {
    return false;
  }

  /** Whether a statement other than COMMIT may commit the transaction. */
  boolean endsTransactionsUnasked() {
    return false;
  }

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
