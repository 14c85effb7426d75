package dev.tidewire.changes;

import dev.tidewire.changes.CapturePlan.Again;
import dev.tidewire.changes.CapturePlan.Before;
import dev.tidewire.changes.CapturePlan.Expects;
import dev.tidewire.changes.InsertSource.Conflict;
import dev.tidewire.changes.SqlShape.Dml;
import dev.tidewire.channel.Operation;
import java.sql.BatchUpdateException;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/**
 * SQLite: every statement gets a RETURNING clause, or a longer one; the old rows of an UPDATE, and
 * those that an upsert may meet, are read first. There is one writer at a time, so once a write has
 * its lock nothing can come in between: the lock is taken by a write of no rows before anything is
 * read. Names are quoted with back ticks, because a double-quoted name that does not exist is a
 * string there.
 */
final class SqliteDialect extends Dialect {

  private static final int ERROR = 1;
  private static final int BUSY = 5;
  private static final int INTERRUPT = 9;

  /** NOMEM, INTERRUPT, IOERR, FULL, CONSTRAINT. */
  private static final Set<Integer> ENDING = Set.of(7, INTERRUPT, 10, 13, 19);

  @Override
  Lexis lexis() {
    return Lexis.SQLITE;
  }

  @Override
  String fold(Name.Part part) {
    return part.text().toLowerCase(Locale.ROOT);
  }

  /** The temporary database comes first; one that is attached is not looked into. */
  @Override
  @Nullable TableId find(Connection connection, Name name) throws SQLException {
    List<Name.Part> parts = name.parts();
    String schema = parts.size() > 1 ? parts.get(parts.size() - 2).text() : "";
    String table = name.table().text();
    if (!schema.isEmpty() && !schema.equalsIgnoreCase("main")) {
      return new TableId(schema.toLowerCase(Locale.ROOT), table.toLowerCase(Locale.ROOT));
    }
    if (schema.isEmpty() && exists(connection, "sqlite_temp_master", table) != null) {
      return new TableId("temp", table.toLowerCase(Locale.ROOT));
    }
    String found = exists(connection, "sqlite_master", table);
    return found == null ? null : new TableId("", found);
  }

  /** Never a temporary table, which is another one on each connection. */
  @Override
  @Nullable TableId locate(Connection connection, Name name) throws SQLException {
    String found =
        name.parts().size() == 1 ? exists(connection, "sqlite_master", name.table().text()) : null;
    return found == null ? find(connection, name) : new TableId("", found);
  }

  private static @Nullable String exists(Connection connection, String master, String table)
      throws SQLException {
    List<String> names =
        strings(
            connection,
            "SELECT name FROM "
                + master
                + " WHERE type IN ('table', 'view') AND name = ? COLLATE NOCASE",
            table);
    return names.isEmpty() ? null : names.get(0);
  }

  /** The driver cannot be asked for the columns of a table that a temporary one hides. */
  @Override
  @Nullable String catalog(Connection connection, TableId table) throws SQLException {
    if (table.schema().isEmpty()
        && exists(connection, "sqlite_temp_master", table.name()) != null) {
      throw new SQLException("A temporary table hides " + table.name());
    }
    return null;
  }

  @Override
  TableId parent(ResultSet key) throws SQLException {
    String name = key.getString("PKTABLE_NAME");
    Statement statement = key.getStatement();
    String found = exists(statement.getConnection(), "sqlite_master", name);
    return new TableId("", found == null ? name : found);
  }

  /** A trigger leads from its table, or view, to every table that its text names. */
  @Override
  void loadTies(Connection connection, Reach reach) throws SQLException {
    Map<String, TableId> tables = new HashMap<>();
    for (String name : strings(connection, "SELECT name FROM sqlite_master WHERE type = 'table'")) {
      tables.put(name.toLowerCase(Locale.ROOT), new TableId("", name));
    }
    try (Statement statement = connection.createStatement();
        ResultSet rows =
            statement.executeQuery(
                "SELECT m.name, t.sql FROM sqlite_master t JOIN sqlite_master m"
                    + " ON m.name = t.tbl_name COLLATE NOCASE AND m.type IN ('table', 'view')"
                    + " WHERE t.type = 'trigger'")) {
      while (rows.next()) {
        TableId from = new TableId("", rows.getString(1));
        for (String word : SqlShape.identifiers(rows.getString(2), lexis())) {
          TableId to = tables.get(word);
          if (to != null && !to.equals(from)) {
            reach.tie(from, to);
          }
        }
      }
    }
  }

  /** RETURNING does not tell what a trigger makes of the row afterwards. */
  @Override
  @Nullable String obstacle(Connection connection, TableId table) throws SQLException {
    if (!table.schema().isEmpty()) {
      return "it is not in the main database";
    }
    List<String> definition =
        strings(
            connection,
            "SELECT sql FROM sqlite_master WHERE type = 'table' AND name = ?",
            table.name());
    if (definition.isEmpty()) {
      return "it is not a table";
    }
    List<Token> tokens = SqlLexer.read(definition.get(0), lexis());
    for (int i = 0; i + 1 < tokens.size(); i++) {
      if (tokens.get(i).is("ON") && tokens.get(i + 1).is("CONFLICT")) {
        return "its constraints say ON CONFLICT";
      }
    }
    if (tokens.size() > 1 && tokens.get(1).is("VIRTUAL")) {
      return "it is a virtual table";
    }
    return triggers(connection, table) > 0 ? "it has triggers" : null;
  }

  @Override
  int triggers(Connection connection, TableId table) throws SQLException {
    return strings(
            connection,
            "SELECT name FROM sqlite_master WHERE type = 'trigger'"
                + " AND tbl_name = ? COLLATE NOCASE",
            table.name())
        .size();
  }

  @Override
  ValueReader reader(int jdbcType, String typeName) {
    return ValueReader.dynamic(typeName);
  }

  @Override
  UniqueKeys uniqueKeys(Connection connection, TableId table) throws SQLException {
    Map<Integer, String> primary = new TreeMap<>();
    Set<String> implicit = new HashSet<>();
    boolean[] known = {true};
    query(
        connection,
        "SELECT name, pk, dflt_value, hidden FROM pragma_table_xinfo(?)",
        table.name(),
        row -> {
          String name = row.getString(1).toLowerCase(Locale.ROOT);
          if (row.getInt(2) > 0) {
            primary.put(row.getInt(2), name);
          }
          if (row.getString(3) != null || row.getInt(4) > 1) {
            implicit.add(name);
          }
        });
    List<List<String>> keys = new ArrayList<>();
    if (!primary.isEmpty()) {
      keys.add(List.copyOf(primary.values()));
    }
    List<String> indexes = new ArrayList<>();
    query(
        connection,
        "SELECT name, partial FROM pragma_index_list(?) WHERE \"unique\" = 1",
        table.name(),
        row -> {
          indexes.add(row.getString(1));
          known[0] &= row.getInt(2) == 0;
        });
    for (String index : indexes) {
      List<String> key = new ArrayList<>();
      query(
          connection,
          "SELECT name FROM pragma_index_info(?) ORDER BY seqno",
          index,
          row -> key.add(row.getString(1)));
      known[0] &= !key.contains(null);
      if (known[0]) {
        keys.add(key.stream().map(name -> name.toLowerCase(Locale.ROOT)).toList());
      }
    }
    return new UniqueKeys(known[0], keys.stream().distinct().toList(), implicit, null);
  }

  /** Takes a row of a query. */
  private interface RowReader {
    void read(ResultSet row) throws SQLException;
  }

  private static void query(Connection connection, String sql, String parameter, RowReader reader)
      throws SQLException {
    try (PreparedStatement statement = connection.prepareStatement(sql)) {
      statement.setString(1, parameter);
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
    List<Token> tokens = SqlLexer.read(sql, lexis());
    return switch (dml.verb()) {
      case INSERT -> insert(sql, tokens, dml, meta);
      case UPDATE -> update(sql, tokens, dml, meta);
      case DELETE -> CapturePlan.returning(sql, dml, meta, Operation.DELETE, null, null);
      default -> null;
    };
  }

  private static @Nullable CapturePlan insert(
      String sql, List<Token> tokens, Dml dml, TableMeta meta) {
    InsertSource source = InsertSource.of(sql, tokens, dml, meta.allColumns());
    if (source.conflict() == Conflict.FAILS || source.conflict() == Conflict.IGNORED) {
      return CapturePlan.returning(sql, dml, meta, Operation.INSERT, null, null);
    }
    Piece condition = source.conflicting(meta.unique());
    if (source.conflict() == Conflict.OTHER || condition == null || meta.key().isEmpty()) {
      return null;
    }
    String table = meta.id().name();
    String select = "SELECT " + meta.list("", '`') + " FROM " + TableId.quote(table, '`');
    Before before =
        new Before(select + " WHERE " + condition.text(), condition.parameters(), true, lock(meta));
    return CapturePlan.returning(
        sql, dml, meta, Operation.INSERT, before, new Again(select, "", null, Expects.ANY));
  }

  private static @Nullable CapturePlan update(
      String sql, List<Token> tokens, Dml dml, TableMeta meta) {
    boolean sameKeys = !meta.key().isEmpty() && !meta.mayChangeKey(dml.assigned());
    if (dml.upsert() || dml.joins() || (dml.limited() && !sameKeys)) {
      return null;
    }
    Piece with = Piece.of(sql, tokens, 0, dml.start());
    Piece condition = Piece.of(sql, tokens, dml.condition(), dml.conditionEnd());
    Piece select =
        with.plus("SELECT " + meta.list("", '`') + " FROM " + dml.targetText() + '\n')
            .plus(condition);
    Before before = new Before(select.text(), select.parameters(), sameKeys, lock(meta));
    return CapturePlan.returning(sql, dml, meta, Operation.UPDATE, before, null);
  }

  /** A write of no rows takes the lock, and waits for it as a write does. */
  private static String lock(TableMeta meta) {
    return "DELETE FROM " + TableId.quote(meta.id().name(), '`') + " WHERE 0";
  }

  @Override
  boolean scrolls() {
    return false;
  }

  @Override
  boolean alwaysTellsKeys() {
    return true;
  }

  @Override
  boolean mayBeAdditions(SQLException failure) {
    return failure.getErrorCode() == ERROR;
  }

  @Override
  boolean gaveUp(SQLException failure) {
    int code = failure.getErrorCode() & 0xff;
    return code == BUSY || code == INTERRUPT;
  }

  @Override
  SQLException batchFailure(
      SQLException failure, boolean prepared, String sql, long[] counts, int size) {
    return prepared
        ? failure
        : new BatchUpdateException(
            "batch entry " + counts.length + ": " + failure.getMessage(),
            null,
            0,
            Arrays.copyOf(counts, size),
            failure);
  }

  /** Some errors undo everything, such as a full disk, and constraints may be told to. */
  @Override
  boolean undoesTransaction(SQLException failure) {
    return ENDING.contains(failure.getErrorCode() & 0xff);
  }

  @Override
  boolean endsTransactionsUnasked() {
    return true;
  }

  @Override
  boolean ended(Connection connection) {
    return !isStillOpen(connection);
  }

  /** With {@code transaction_mode=IMMEDIATE}. */
  @Override
  boolean transactionsMayWait() {
    return true;
  }

  /** When others were reading. */
  @Override
  boolean retriesCommit() {
    return true;
  }

  @Override
  boolean savepointsBegin() {
    return true;
  }

  /** A COMMIT that fails leaves everything as it was: BEGIN then fails, and does nothing. */
  @Override
  boolean isStillOpen(Connection connection) {
    try (Statement statement = connection.createStatement()) {
      statement.execute("BEGIN");
      statement.execute("ROLLBACK");
      return false;
    } catch (SQLException e) {
      return true;
    }
  }
}
