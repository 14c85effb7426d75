package dev.tidewire.changes;

import dev.tidewire.changes.SqlShape.Delta;
import dev.tidewire.changes.SqlShape.Dml;
import dev.tidewire.changes.SqlShape.Kind;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/** Finds out what kind of statement a text is. Used by one thread. */
final class ShapeReader {

  /** First words after which no row of a table can have changed. */
  private static final Set<String> HARMLESS =
      Set.of(
          "SELECT",
          "VALUES",
          "TABLE",
          "SHOW",
          "HELP",
          "FETCH",
          "MOVE",
          "DECLARE",
          "CLOSE",
          "LISTEN",
          "UNLISTEN",
          "NOTIFY",
          "LOCK",
          "VACUUM",
          "CLUSTER",
          "REINDEX",
          "CHECKPOINT",
          "DEALLOCATE",
          "PREPARE");

  private static final Set<String> DEFINITIONS =
      Set.of(
          "CREATE",
          "ALTER",
          "DROP",
          "COMMENT",
          "GRANT",
          "REVOKE",
          "ANALYZE",
          "RENAME",
          "REFRESH",
          "REASSIGN",
          "SECURITY",
          "IMPORT",
          "SCRIPT",
          "BACKUP");

  private static final Set<String> READING_CALLS =
      Set.of("NEXT", "CURRENT", "IDENTITY", "SCOPE_IDENTITY", "SCHEMA", "NOW", "CURRENT_TIMESTAMP");

  private static final Set<String> WRITES = Set.of("INSERT", "UPDATE", "DELETE", "MERGE");

  private final String sql;
  private final List<Token> tokens;
  private final Lexis lexis;

  ShapeReader(String sql, List<Token> tokens, Lexis lexis) {
    this.sql = sql;
    this.tokens = tokens;
    this.lexis = lexis;
  }

  SqlShape read() {
    List<List<Token>> statements = new ArrayList<>();
    int from = 0;
    for (int i = 0; i <= tokens.size(); i++) {
      if (i == tokens.size() || tokens.get(i).isSymbol(';')) {
        if (i > from) {
          statements.add(tokens.subList(from, i));
        }
        from = i + 1;
      }
    }
    if (statements.isEmpty()) {
      return SqlShape.plain(Kind.QUERY);
    }
    if (statements.size() == 1) {
      return statement(statements.get(0));
    }
    List<SqlShape> parts = statements.stream().map(this::statement).toList();
    if (parts.stream().allMatch(part -> part.kind() == Kind.QUERY)) {
      return SqlShape.plain(Kind.QUERY);
    }
    return new SqlShape(Kind.SEVERAL, List.of(), null, null, null, parts);
  }

  private SqlShape statement(List<Token> tokens) {
    int first = 0;
    while (first < tokens.size() - 1 && tokens.get(first).isSymbol('(')) {
      first++;
    }
    Token head = tokens.get(first);
    if (head.type() != Token.Type.WORD) {
      return SqlShape.plain(Kind.OPAQUE);
    }
    String second = first + 1 < tokens.size() ? tokens.get(first + 1).text() : "";
    SqlShape special = lexis.mysql() ? mysql(tokens, head, second) : null;
    if (special != null) {
      return special;
    }
    return switch (head.text()) {
      case "WITH" -> with(tokens, first);
      case "INSERT", "UPDATE", "DELETE", "MERGE" -> write(tokens, first);
      case "REPLACE" ->
          lexis.hasModifiers()
              ? write(tokens, first)
              : SqlShape.writing(Kind.OPAQUE, named(tokens));
      case "PRAGMA" -> SqlShape.plain(Kind.SETTING);
      case "ATTACH", "DETACH" -> SqlShape.plain(Kind.DEFINITION);
      case "CALL" -> call(tokens, first);
      case "TRUNCATE" -> truncate(tokens);
      case "COPY" -> copy(tokens);
      case "EXPLAIN" -> explain(tokens);
      case "SET", "RESET", "DISCARD", "USE" -> SqlShape.plain(Kind.SETTING);
      case "BEGIN", "START" -> SqlShape.plain(Kind.BEGIN);
      case "COMMIT", "END" -> end(second, Kind.COMMIT);
      case "ROLLBACK", "ABORT" -> rollback(tokens, first);
      case "SAVEPOINT" -> savepoint(Kind.SAVEPOINT, tokens);
      case "RELEASE" -> savepoint(Kind.RELEASE, tokens);
      default -> other(tokens, head, second);
    };
  }

  /** What MySQL and MariaDB mean differently; null for everything else. */
  private @Nullable SqlShape mysql(List<Token> tokens, Token head, String second) {
    boolean runsComments = tokens.stream().anyMatch(token -> token.text().startsWith("/*"));
    boolean analyzes = head.is("ANALYZE") && tokens.stream().anyMatch(this::isWrite);
    if (analyzes || (runsComments && !head.is("SELECT"))) {
      return SqlShape.plain(Kind.OPAQUE);
    }
    return switch (head.text()) {
      case "DESCRIBE", "DESC", "HANDLER" -> SqlShape.plain(Kind.QUERY);
      // they commit
      case "LOCK", "UNLOCK" -> SqlShape.plain(Kind.DEFINITION);
      case "BEGIN" -> second.equals("NOT") ? SqlShape.plain(Kind.OPAQUE) : null;
      case "START" -> second.equals("TRANSACTION") ? null : SqlShape.plain(Kind.OPAQUE);
      default -> null;
    };
  }

  private boolean isWrite(Token token) {
    return WRITES.contains(token.text()) || (lexis.hasModifiers() && token.is("REPLACE"));
  }

  private SqlShape other(List<Token> tokens, Token head, String second) {
    if (head.is("PREPARE") && second.equals("TRANSACTION")) {
      return SqlShape.plain(Kind.OPAQUE);
    }
    if (DEFINITIONS.contains(head.text())) {
      boolean table = tokens.stream().limit(6).anyMatch(token -> token.is("TABLE"));
      boolean reshapes = head.is("ALTER") || head.is("DROP") || (head.is("CREATE") && table);
      return SqlShape.plain(reshapes ? Kind.RESHAPE : Kind.DEFINITION);
    }
    return HARMLESS.contains(head.text()) ? query(tokens) : SqlShape.plain(Kind.OPAQUE);
  }

  /** H2 calls expressions, too: those that read a sequence or a constant write no row. */
  private static SqlShape call(List<Token> tokens, int first) {
    Token called = tokens.get(Math.min(first + 1, tokens.size() - 1));
    boolean reads = called.type() == Token.Type.LITERAL || READING_CALLS.contains(called.text());
    return SqlShape.plain(reads ? Kind.QUERY : Kind.OPAQUE);
  }

  /** A query, unless it hides a write: a data change delta table, or a common table expression. */
  private SqlShape query(List<Token> tokens) {
    for (int i = 0; i + 3 < tokens.size(); i++) {
      Token option = tokens.get(i);
      if ((option.is("FINAL") || option.is("NEW") || option.is("OLD"))
          && tokens.get(i + 1).is("TABLE")
          && tokens.get(i + 2).isSymbol('(')
          && WRITES.contains(tokens.get(i + 3).text())) {
        return delta(tokens, i);
      }
    }
    boolean sets = tokens.stream().anyMatch(token -> token.is("SET_CONFIG"));
    return SqlShape.plain(sets ? Kind.SETTING : Kind.QUERY);
  }

  private SqlShape delta(List<Token> tokens, int option) {
    int close = option + 3;
    while (close < tokens.size() && tokens.get(close).depth() > tokens.get(option).depth()) {
      close++;
    }
    Dml dml = new DmlReader(sql, tokens.subList(option + 3, close), 0, lexis).read();
    if (dml == null) {
      return SqlShape.writing(Kind.OPAQUE, named(tokens));
    }
    Token from = tokens.get(Math.max(option - 1, 0));
    boolean plain = from.is("FROM") && columnsOnly(tokens, option - 1) && endsAfter(tokens, close);
    Delta delta = new Delta(tokens.get(option).text(), from.start(), plain);
    return new SqlShape(Kind.DELTA, List.of(dml.target()), dml, delta, null, List.of());
  }

  private static boolean columnsOnly(List<Token> tokens, int from) {
    boolean columns = from > 1 && tokens.get(0).is("SELECT") && !tokens.get(1).is("DISTINCT");
    for (Token token : tokens.subList(1, Math.max(from, 1))) {
      columns &=
          token.isIdentifier() || token.isSymbol('.') || token.isSymbol(',') || token.isSymbol('*');
    }
    return columns && !tokens.get(1).is("TOP");
  }

  /** Whether nothing but an alias follows the closing parenthesis. */
  private static boolean endsAfter(List<Token> tokens, int close) {
    int after = tokens.size() - close - 1;
    return after == 0
        || (after == 1 && tokens.get(close + 1).isIdentifier())
        || (after == 2 && tokens.get(close + 1).is("AS"));
  }

  /** WITH: names, bodies in parentheses, then the main verb. */
  private SqlShape with(List<Token> tokens, int first) {
    int depth = tokens.get(first).depth();
    for (int i = first + 1; i + 1 < tokens.size(); i++) {
      if (tokens.get(i).isSymbol('(') && WRITES.contains(tokens.get(i + 1).text())) {
        return SqlShape.writing(Kind.OPAQUE, named(tokens));
      }
    }
    for (int i = first + 2; i < tokens.size(); i++) {
      Token token = tokens.get(i);
      boolean afterBody = tokens.get(i - 1).isSymbol(')');
      if (token.depth() == depth && afterBody && token.type() == Token.Type.WORD) {
        if (isWrite(token)) {
          return write(tokens, i);
        }
        if (!token.is("AS") && !token.is("SEARCH") && !token.is("CYCLE")) {
          return query(tokens);
        }
      }
    }
    return SqlShape.writing(Kind.OPAQUE, named(tokens));
  }

  private SqlShape write(List<Token> tokens, int verb) {
    Dml dml = new DmlReader(sql, tokens, verb, lexis).read();
    boolean several = lexis.mysql() && dml != null && dml.verb() == Kind.DELETE && dml.joins();
    if (dml == null || several) {
      return SqlShape.writing(Kind.OPAQUE, lexis.mysql() ? joined(tokens) : named(tokens));
    }
    return new SqlShape(dml.verb(), List.of(dml.target()), dml, null, null, List.of());
  }

  private SqlShape truncate(List<Token> tokens) {
    if (tokens.stream().anyMatch(token -> token.is("CASCADE"))) {
      return SqlShape.writing(Kind.TRUNCATE, List.of());
    }
    List<Name> targets = new ArrayList<>();
    for (int i = 1; i < tokens.size(); i++) {
      Token token = tokens.get(i);
      Token before = tokens.get(i - 1);
      boolean place = i == 1 || before.is("TABLE") || before.is("ONLY") || before.isSymbol(',');
      if (place && token.isIdentifier() && !token.is("TABLE") && !token.is("ONLY")) {
        targets.add(DmlReader.name(sql, tokens, i));
      }
    }
    return SqlShape.writing(Kind.TRUNCATE, targets);
  }

  private SqlShape copy(List<Token> tokens) {
    boolean table = tokens.size() > 1 && tokens.get(1).isIdentifier();
    boolean in = tokens.stream().anyMatch(token -> token.depth() == 0 && token.is("FROM"));
    if (!in) {
      return SqlShape.plain(Kind.QUERY);
    }
    return SqlShape.writing(
        Kind.OPAQUE, table ? List.of(DmlReader.name(sql, tokens, 1)) : List.of());
  }

  private SqlShape explain(List<Token> tokens) {
    boolean runs = tokens.stream().anyMatch(token -> token.is("ANALYZE") || token.is("ANALYSE"));
    boolean writes = tokens.stream().anyMatch(token -> WRITES.contains(token.text()));
    boolean unknown = tokens.stream().anyMatch(token -> token.is("EXECUTE"));
    if (!runs || !(writes || unknown)) {
      return SqlShape.plain(Kind.QUERY);
    }
    return SqlShape.writing(Kind.OPAQUE, unknown ? List.of() : named(tokens));
  }

  private static SqlShape end(String second, Kind kind) {
    return SqlShape.plain(second.equals("PREPARED") ? Kind.OPAQUE : kind);
  }

  private SqlShape rollback(List<Token> tokens, int first) {
    if (tokens.stream().anyMatch(token -> token.is("TO"))) {
      return savepoint(Kind.ROLLBACK_TO, tokens);
    }
    return end(first + 1 < tokens.size() ? tokens.get(first + 1).text() : "", Kind.ROLLBACK);
  }

  private SqlShape savepoint(Kind kind, List<Token> tokens) {
    Token last = tokens.get(tokens.size() - 1);
    boolean quoted = last.type() == Token.Type.QUOTED;
    String text = quoted ? last.text() : sql.substring(last.start(), last.end());
    return new SqlShape(kind, List.of(), null, null, new Name.Part(text, quoted), List.of());
  }

  /** Every table that an UPDATE or DELETE of several, in the manner of MySQL, may mean. */
  private List<Name> joined(List<Token> tokens) {
    List<Name> names = new ArrayList<>();
    for (int i = 1; i < tokens.size(); i++) {
      Token before = tokens.get(i - 1);
      boolean continues = before.isSymbol('.') || before.is("AS");
      if (tokens.get(i).isIdentifier() && !continues) {
        names.add(DmlReader.name(sql, tokens, i));
      }
    }
    return names;
  }

  /** Every table that a nested INSERT INTO, UPDATE, DELETE FROM or MERGE INTO names. */
  private List<Name> named(List<Token> tokens) {
    List<Name> names = new ArrayList<>();
    for (int i = 0; i + 1 < tokens.size(); i++) {
      Token token = tokens.get(i);
      Token before = i > 0 ? tokens.get(i - 1) : token;
      boolean into = token.is("INTO") || (token.is("FROM") && before.is("DELETE"));
      boolean update = token.is("UPDATE") && !before.is("DO") && !before.is("FOR");
      int at = i + 1 < tokens.size() && tokens.get(i + 1).is("ONLY") ? i + 2 : i + 1;
      if ((into || update) && at < tokens.size() && tokens.get(at).isIdentifier()) {
        names.add(DmlReader.name(sql, tokens, at));
      }
    }
    return names;
  }
}
