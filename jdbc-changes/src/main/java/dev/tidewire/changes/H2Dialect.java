package dev.tidewire.changes;

import dev.tidewire.changes.CapturePlan.Before;
import dev.tidewire.changes.CapturePlan.Source;
import dev.tidewire.changes.CapturePlan.Visible;
import dev.tidewire.changes.SqlShape.Delta;
import dev.tidewire.changes.SqlShape.Dml;
import dev.tidewire.changes.SqlShape.Kind;
import dev.tidewire.channel.Operation;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Objects;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * H2: an INSERT or UPDATE runs as it is written and gives its rows as generated keys; an UPDATE's
 * old rows are read and locked first; a DELETE runs inside {@code OLD TABLE}, behind a savepoint,
 * because H2 does not undo such a statement when it fails half way.
 */
final class H2Dialect extends Dialect {

  /** A default that H2 does not count among the generated ones. */
  private static final Pattern CONSTANT =
      Pattern.compile("(?i)([A-Z ]+ )?'([^']|'')*'|[-+]?[0-9][0-9.E+-]*|TRUE|FALSE|NULL|UNKNOWN");

  private final boolean upper;
  private final boolean lower;

  H2Dialect(boolean upper, boolean lower) {
    this.upper = upper;
    this.lower = lower;
  }

  @Override
  Lexis lexis() {
    return Lexis.H2;
  }

  @Override
  String fold(Name.Part part) {
    if (part.quoted() || !(upper || lower)) {
      return part.text();
    }
    return upper ? part.text().toUpperCase(Locale.ROOT) : part.text().toLowerCase(Locale.ROOT);
  }

  @Override
  @Nullable TableId find(Connection connection, Name name) throws SQLException {
    List<Name.Part> parts = name.parts();
    String table = fold(name.table());
    if (parts.size() > 1) {
      return existing(connection, fold(parts.get(parts.size() - 2)), table);
    }
    TableId here = existing(connection, Objects.requireNonNull(connection.getSchema()), table);
    if (here != null) {
      return here;
    }
    // perhaps found by SCHEMA_SEARCH_PATH: any schema that has the only table of this name
    List<String> schemas =
        strings(
            connection,
            "SELECT TABLE_SCHEMA FROM INFORMATION_SCHEMA.TABLES WHERE TABLE_NAME = ?",
            table);
    return schemas.size() == 1 ? new TableId(schemas.get(0), table) : null;
  }

  private static @Nullable TableId existing(Connection connection, String schema, String table)
      throws SQLException {
    List<String> found =
        strings(
            connection,
            "SELECT TABLE_NAME FROM INFORMATION_SCHEMA.TABLES"
                + " WHERE TABLE_SCHEMA = ? AND TABLE_NAME = ? UNION"
                + " SELECT SYNONYM_NAME FROM INFORMATION_SCHEMA.SYNONYMS"
                + " WHERE SYNONYM_SCHEMA = ? AND SYNONYM_NAME = ?",
            schema,
            table,
            schema,
            table);
    return found.isEmpty() ? null : new TableId(schema, table);
  }

  /**
   * A synonym is its table; a view can only be written through a trigger, which may do anything.
   */
  @Override
  void loadTies(Connection connection, Reach reach) throws SQLException {
    try (PreparedStatement statement =
            connection.prepareStatement(
                "SELECT SYNONYM_SCHEMA, SYNONYM_NAME, SYNONYM_FOR FROM INFORMATION_SCHEMA.SYNONYMS"
                    + " UNION SELECT TABLE_SCHEMA, TABLE_NAME, NULL FROM INFORMATION_SCHEMA.TABLES"
                    + " WHERE TABLE_TYPE = 'VIEW' AND TABLE_SCHEMA <> 'INFORMATION_SCHEMA'");
        ResultSet rows = statement.executeQuery()) {
      while (rows.next()) {
        TableId from = new TableId(rows.getString(1), rows.getString(2));
        String target = rows.getString(3);
        for (TableId to : reach.captured().keySet()) {
          if (target == null || target.equals(to.name())) {
            reach.tie(from, to);
          }
        }
      }
    }
  }

  @Override
  @Nullable String obstacle(Connection connection, TableId table) throws SQLException {
    List<String> types =
        strings(
            connection,
            "SELECT COALESCE(STORAGE_TYPE, TABLE_TYPE) FROM INFORMATION_SCHEMA.TABLES"
                + " WHERE TABLE_SCHEMA = ? AND TABLE_NAME = ?",
            table.schema(),
            table.name());
    List<String> stored = List.of("CACHED", "MEMORY", "LOCAL TEMPORARY", "GLOBAL TEMPORARY");
    return types.size() == 1 && stored.contains(types.get(0)) ? null : "it is not a stored table";
  }

  @Override
  int triggers(Connection connection, TableId table) throws SQLException {
    return strings(
            connection,
            "SELECT TRIGGER_NAME FROM INFORMATION_SCHEMA.TRIGGERS"
                + " WHERE EVENT_OBJECT_SCHEMA = ? AND EVENT_OBJECT_TABLE = ?",
            table.schema(),
            table.name())
        .size();
  }

  /** The primary key, identities and defaults that are not constant, in the table's order. */
  @Override
  List<String> generatedKeys(Connection connection, TableId table, List<String> primaryKey)
      throws SQLException {
    List<String> generated = new ArrayList<>();
    try (PreparedStatement statement =
        connection.prepareStatement(
            "SELECT COLUMN_NAME, IS_IDENTITY, COALESCE(COLUMN_DEFAULT, GENERATION_EXPRESSION)"
                + " FROM INFORMATION_SCHEMA.COLUMNS WHERE TABLE_SCHEMA = ? AND TABLE_NAME = ?"
                + " ORDER BY ORDINAL_POSITION")) {
      statement.setString(1, table.schema());
      statement.setString(2, table.name());
      try (ResultSet rows = statement.executeQuery()) {
        while (rows.next()) {
          String value = rows.getString(3);
          boolean computed = value != null && !CONSTANT.matcher(value).matches();
          String name = rows.getString(1);
          if (computed || "YES".equals(rows.getString(2)) || primaryKey.contains(name)) {
            generated.add(name);
          }
        }
      }
    }
    return generated;
  }

  @Override
  @Nullable CapturePlan plan(String sql, SqlShape shape, TableMeta meta, KeyRequest keys) {
    Dml dml = Objects.requireNonNull(shape.dml());
    if (dml.upsert() || (dml.joins() && dml.verb() != Kind.INSERT)) {
      return null;
    }
    Delta delta = shape.delta();
    if (delta != null) {
      return delta(sql, dml, delta, meta);
    }
    return switch (dml.verb()) {
      case INSERT -> changing(sql, dml, meta, keys, Operation.INSERT);
      case UPDATE -> changing(sql, dml, meta, keys, Operation.UPDATE);
      case DELETE -> delete(sql, dml, meta);
      default -> null;
    };
  }

  private static @Nullable CapturePlan changing(
      String sql, Dml dml, TableMeta meta, KeyRequest keys, Operation operation) {
    List<String> requested = requested(meta, keys);
    Before before = operation == Operation.UPDATE ? before(sql, dml, meta) : null;
    if (requested == null || (operation == Operation.UPDATE && before == null)) {
      return null;
    }
    List<String> columns = new ArrayList<>(requested);
    meta.columns().forEach(column -> columns.add(column.name()));
    Visible visible = keys.any() ? Visible.KEYS : Visible.NOTHING;
    return new CapturePlan(
        meta, sql, operation, Source.KEYS, columns, visible, false, true, before, before != null);
  }

  /** The columns that H2 would have given; null if only H2 can tell that the request is wrong. */
  private static @Nullable List<String> requested(TableMeta meta, KeyRequest keys) {
    List<Integer> indexes = keys.indexes();
    if (indexes != null) {
      int columns = meta.allColumns().size();
      boolean valid = indexes.stream().allMatch(index -> index >= 1 && index <= columns);
      return valid ? indexes.stream().map(i -> meta.allColumns().get(i - 1)).toList() : null;
    }
    List<String> names = keys.names();
    if (names != null) {
      boolean known =
          names.stream()
              .allMatch(name -> meta.allColumns().stream().anyMatch(name::equalsIgnoreCase));
      return known ? names : null;
    }
    return keys.any() ? meta.generated() : List.of();
  }

  private static @Nullable Before before(String sql, Dml dml, TableMeta meta) {
    boolean sameKeys = !meta.key().isEmpty() && !meta.mayChangeKey(dml.assigned());
    if (dml.numbered() || dml.positioned() || (dml.limited() && !sameKeys)) {
      return null;
    }
    String select =
        "SELECT "
            + meta.list("")
            + " FROM "
            + dml.targetText()
            + '\n'
            + sql.substring(dml.condition(), dml.conditionEnd())
            + "\nFOR UPDATE";
    int parameters = dml.parameters() - dml.parametersBefore();
    return new Before(select, dml.parametersBefore(), parameters, sameKeys);
  }

  private static CapturePlan delete(String sql, Dml dml, TableMeta meta) {
    String wrapped =
        "SELECT "
            + meta.list("")
            + " FROM OLD TABLE ("
            + sql.substring(dml.start(), dml.end())
            + "\n)";
    return new CapturePlan(
        meta,
        wrapped,
        Operation.DELETE,
        Source.RESULT,
        List.of(),
        Visible.NOTHING,
        true,
        false,
        null,
        true);
  }

  /** The application's own delta table, which is how jOOQ writes RETURNING for H2. */
  private static @Nullable CapturePlan delta(String sql, Dml dml, Delta delta, TableMeta meta) {
    boolean fresh = delta.option().equals("FINAL") && dml.verb() != Kind.DELETE;
    boolean old = delta.option().equals("OLD") && dml.verb() == Kind.DELETE;
    if (!delta.plain() || !(fresh || old) || dml.verb() == Kind.MERGE) {
      return null;
    }
    Before before = dml.verb() == Kind.UPDATE ? before(sql, dml, meta) : null;
    if (dml.verb() == Kind.UPDATE && before == null) {
      return null;
    }
    String widened =
        sql.substring(0, delta.from()) + ", " + meta.list("") + ' ' + sql.substring(delta.from());
    return new CapturePlan(
        meta,
        widened,
        Operation.valueOf(dml.verb().name()),
        Source.RESULT,
        List.of(),
        Visible.ROWS,
        old,
        fresh,
        before,
        before != null);
  }

  /**
   * INSERT, whose entries H2 itself makes atomic; not with keys for the application, because over a
   * batch H2 merges columns of the same name, and then nobody can tell whose they are.
   */
  @Override
  boolean pipelines(CapturePlan plan) {
    return plan.source() == Source.KEYS
        && plan.before() == null
        && plan.visible() == Visible.NOTHING;
  }

  @Override
  boolean batchGoesOn() {
    return true;
  }

  @Override
  boolean inTransaction(Connection connection, boolean begun) throws SQLException {
    return !connection.getAutoCommit();
  }

  @Override
  boolean endsTransactionsUnasked() {
    return true;
  }

  @Override
  boolean commitsUnasked() {
    return true;
  }

  /** The victim of a deadlock. */
  @Override
  boolean undoesTransaction(SQLException failure) {
    return failure.getErrorCode() == 40001;
  }

  @Override
  boolean ended(Connection connection) throws SQLException {
    return strings(
            connection,
            "SELECT CONTAINS_UNCOMMITTED FROM INFORMATION_SCHEMA.SESSIONS"
                + " WHERE SESSION_ID = SESSION_ID()")
        .contains("FALSE");
  }
}
