package dev.tidewire.changes;

import dev.tidewire.changes.CapturePlan.Again;
import dev.tidewire.changes.CapturePlan.Before;
import dev.tidewire.changes.CapturePlan.Expects;
import dev.tidewire.changes.CapturePlan.Source;
import dev.tidewire.changes.CapturePlan.Visible;
import dev.tidewire.changes.SqlShape.Dml;
import dev.tidewire.changes.SqlShape.Kind;
import dev.tidewire.channel.Operation;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * How MariaDB and MySQL tell the rows of a statement. MariaDB's INSERT and DELETE have RETURNING.
 * Else the old rows are read and locked first, the statement runs as it is written, and the rows
 * are read again by key. Both reads lock, because a plain SELECT would see the rows as they were
 * when the transaction began. A statement whose condition could be true of other rows the second
 * time is not planned. Immutable, safe for any thread.
 */
final class MariaDbPlans {

  /** What may stand before a parenthesis in a condition that is evaluated twice. */
  private static final Set<String> REPEATABLE =
      Set.of(
          "AND",
          "OR",
          "NOT",
          "XOR",
          "IN",
          "BETWEEN",
          "LIKE",
          "WHERE",
          "THEN",
          "ELSE",
          "WHEN",
          "LOWER",
          "UPPER",
          "TRIM",
          "LTRIM",
          "RTRIM",
          "LENGTH",
          "CHAR_LENGTH",
          "CONCAT",
          "SUBSTR",
          "SUBSTRING",
          "LEFT",
          "RIGHT",
          "REPLACE",
          "COALESCE",
          "IFNULL",
          "NULLIF",
          "IF",
          "ABS",
          "MOD",
          "FLOOR",
          "CEIL",
          "CEILING",
          "ROUND",
          "GREATEST",
          "LEAST",
          "DATE",
          "YEAR",
          "MONTH",
          "DAY",
          "CAST",
          "CONVERT",
          "CHAR",
          "DECIMAL",
          "JSON_VALUE",
          "JSON_EXTRACT");

  private final Lexis lexis;
  private final boolean returning;
  private final boolean foundRows;
  private final boolean strict;

  MariaDbPlans(Lexis lexis, boolean returning, boolean foundRows, boolean strict) {
    this.lexis = lexis;
    this.returning = returning;
    this.foundRows = foundRows;
    this.strict = strict;
  }

  @Nullable CapturePlan plan(String sql, Dml dml, TableMeta meta, KeyRequest keys) {
    List<Token> tokens = SqlLexer.read(sql, lexis);
    return switch (dml.verb()) {
      case INSERT -> insert(sql, tokens, dml, meta, keys);
      case UPDATE -> update(sql, tokens, dml, meta, keys);
      case DELETE -> delete(sql, tokens, dml, meta, keys);
      default -> null;
    };
  }

  private @Nullable CapturePlan insert(
      String sql, List<Token> tokens, Dml dml, TableMeta meta, KeyRequest keys) {
    InsertSource source = InsertSource.of(sql, tokens, dml, meta.allColumns());
    boolean tells = returning && !keys.any();
    return switch (source.conflict()) {
      case FAILS ->
          tells
              ? CapturePlan.returning(sql, dml, meta, Operation.INSERT, null, null)
              : added(sql, dml, meta, keys, source);
      case IGNORED ->
          tells ? CapturePlan.returning(sql, dml, meta, Operation.INSERT, null, null) : null;
      case UPDATES, REPLACES -> upsert(sql, dml, meta, keys, source);
      case OTHER -> null;
    };
  }

  /** New rows, found by the key that they were given or that the table counted up. */
  private static @Nullable CapturePlan added(
      String sql, Dml dml, TableMeta meta, KeyRequest keys, InsertSource source) {
    List<Map<String, Piece>> rows = source.rows();
    if (rows == null || meta.key().isEmpty() || dml.returning() != null) {
      return null;
    }
    List<String> key = meta.keyNames().stream().map(name -> name.toLowerCase(Locale.ROOT)).toList();
    boolean counted =
        key.size() == 1
            && key.get(0).equals(meta.unique().counter())
            && rows.stream().allMatch(row -> isNull(row.get(key.get(0))));
    Piece also;
    if (counted) {
      String column = TableId.quote(key.get(0), '`');
      also =
          Piece.of(
              column
                  + " >= LAST_INSERT_ID() AND "
                  + column
                  + " < LAST_INSERT_ID() + "
                  + rows.size()
                  + " * @@auto_increment_increment");
    } else if (rows.stream().allMatch(row -> row.keySet().containsAll(key))) {
      also = source.conflicting(new UniqueKeys(true, List.of(key), Set.of(), null));
    } else {
      return null;
    }
    return also == null ? null : asWritten(sql, meta, keys, null, again(meta, also, Expects.ADDED));
  }

  private static boolean isNull(@Nullable Piece value) {
    return value == null || value.text().equalsIgnoreCase("NULL");
  }

  private @Nullable CapturePlan upsert(
      String sql, Dml dml, TableMeta meta, KeyRequest keys, InsertSource source) {
    Piece condition = source.conflicting(meta.unique());
    List<Map<String, Piece>> rows = source.rows();
    if (!strict || !foundRows || condition == null || rows == null || meta.key().isEmpty()) {
      return null;
    }
    if (condition.parameters().isEmpty() && condition.text().equals("1 = 0")) {
      return added(sql, dml, meta, keys, source);
    }
    if (rows.size() > 1 && meta.unique().keys().size() > 1) {
      return null;
    }
    List<String> only = meta.unique().keys().get(0);
    boolean primary = meta.unique().keys().size() == 1 && only.size() == meta.key().size();
    Before before =
        new Before(
            select(meta, primary) + " WHERE " + condition.text() + " FOR UPDATE",
            condition.parameters(),
            true,
            null);
    Again again = again(meta, condition, Expects.ANY);
    return dml.returning() == null
        ? asWritten(sql, meta, keys, before, again)
        : returning && !keys.any()
            ? CapturePlan.returning(sql, dml, meta, Operation.INSERT, before, again)
            : null;
  }

  private @Nullable CapturePlan update(
      String sql, List<Token> tokens, Dml dml, TableMeta meta, KeyRequest keys) {
    Before before = before(sql, tokens, dml, meta);
    if (before == null || !foundRows) {
      return null;
    }
    if (!meta.mayChangeKey(dml.assigned())) {
      return asWritten(sql, meta, keys, before, again(meta, null, Expects.SAME));
    }
    Piece key = meta.key().size() == 1 ? assigned(sql, tokens, dml, meta) : null;
    return key == null ? null : asWritten(sql, meta, keys, before, again(meta, key, Expects.MOVED));
  }

  /** The condition that the new key fulfils, if it is set to one value. */
  private static @Nullable Piece assigned(String sql, List<Token> tokens, Dml dml, TableMeta meta) {
    String name = meta.keyNames().get(0);
    int depth = tokens.get(0).depth();
    for (int i = 0; i + 2 < tokens.size() && tokens.get(i).start() < dml.condition(); i++) {
      Token value = tokens.get(i + 2);
      boolean ends =
          i + 3 == tokens.size()
              || tokens.get(i + 3).isSymbol(',')
              || tokens.get(i + 3).start() == dml.condition();
      if (tokens.get(i).isIdentifier()
          && tokens.get(i).depth() == depth
          && tokens.get(i).text().equalsIgnoreCase(name)
          && tokens.get(i + 1).isSymbol('=')) {
        boolean simple = value.type() == Token.Type.LITERAL || value.type() == Token.Type.PARAMETER;
        return simple && ends
            ? Piece.of(TableId.quote(name, '`') + " = ")
                .plus(Piece.of(sql, tokens, value.start(), value.end()))
            : null;
      }
    }
    return null;
  }

  private @Nullable CapturePlan delete(
      String sql, List<Token> tokens, Dml dml, TableMeta meta, KeyRequest keys) {
    if (returning && !keys.any() && !dml.joins() && !dml.upsert()) {
      return CapturePlan.returning(sql, dml, meta, Operation.DELETE, null, null);
    }
    Before before = before(sql, tokens, dml, meta);
    return before == null || dml.returning() != null
        ? null
        : asWritten(sql, meta, keys, before, again(meta, null, Expects.GONE));
  }

  /** The rows that a statement is about to change, if its condition means the same twice. */
  private @Nullable Before before(String sql, List<Token> tokens, Dml dml, TableMeta meta) {
    if (dml.joins()
        || dml.limited()
        || dml.upsert()
        || dml.positioned()
        || meta.key().isEmpty()
        || !isRepeatable(tokens, dml)) {
      return null;
    }
    Piece condition = Piece.of(sql, tokens, dml.condition(), dml.conditionEnd());
    Piece select =
        Piece.of("SELECT " + meta.list("", '`') + " FROM " + dml.targetText() + '\n')
            .plus(condition)
            .plus("\nFOR UPDATE");
    return new Before(select.text(), select.parameters(), true, null);
  }

  /** No subquery, which would read without a lock, no variable, and only harmless functions. */
  private static boolean isRepeatable(List<Token> tokens, Dml dml) {
    for (int i = 0; i < tokens.size(); i++) {
      Token token = tokens.get(i);
      if (token.start() < dml.condition() || token.start() >= dml.conditionEnd()) {
        continue;
      }
      boolean called = i + 1 < tokens.size() && tokens.get(i + 1).isSymbol('(');
      boolean unknown = token.isIdentifier() && called && !REPEATABLE.contains(token.text());
      if (unknown || token.is("SELECT") || token.isSymbol('@')) {
        return false;
      }
    }
    return dml.verb() != Kind.MERGE;
  }

  private static String select(TableMeta meta, boolean byPrimaryKey) {
    return "SELECT "
        + meta.list("", '`')
        + " FROM "
        + meta.id().sql('`')
        // a scan would lock every row
        + (byPrimaryKey ? " FORCE INDEX (PRIMARY)" : "");
  }

  private static Again again(TableMeta meta, @Nullable Piece also, Expects expects) {
    return new Again(select(meta, true), " FOR UPDATE", also, expects);
  }

  private static CapturePlan asWritten(
      String sql, TableMeta meta, KeyRequest keys, @Nullable Before before, Again again) {
    return new CapturePlan(
        meta,
        sql,
        Operation.UPDATE,
        Source.NOWHERE,
        List.of(),
        keys.any() ? Visible.KEYS : Visible.NOTHING,
        false,
        false,
        before,
        false,
        again);
  }
}
