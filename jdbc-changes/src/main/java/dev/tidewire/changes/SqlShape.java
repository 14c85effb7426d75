package dev.tidewire.changes;

import java.util.HashSet;
import java.util.List;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * What one SQL text does, as far as its tokens tell. Where they do not tell, the shape says so
 * ({@link Kind#OPAQUE}); it never guesses that nothing is written. Immutable, safe for any thread.
 *
 * @param targets the tables it writes, when they are named; empty for an opaque text: any table
 * @param dml the parts of an INSERT, UPDATE, DELETE or MERGE
 * @param delta the SELECT around {@code dml}, for {@link Kind#DELTA}
 * @param savepoint the name given to SAVEPOINT, ROLLBACK TO or RELEASE
 * @param parts the statements of a text with several
 */
record SqlShape(
    Kind kind,
    List<Name> targets,
    @Nullable Dml dml,
    @Nullable Delta delta,
    Name.@Nullable Part savepoint,
    List<SqlShape> parts) {

  enum Kind {
    /** Reads, or touches nothing that a table holds. */
    QUERY,
    /** Changes a setting of the session, maybe where names are looked up. */
    SETTING,
    INSERT,
    UPDATE,
    DELETE,
    MERGE,
    /** H2's {@code SELECT … FROM FINAL TABLE (<dml>)}. */
    DELTA,
    TRUNCATE,
    /** A definition that leaves rows as they are, such as CREATE INDEX or GRANT. */
    DEFINITION,
    /** A definition that may change or take away rows: ALTER, DROP, CREATE TABLE. */
    RESHAPE,
    /** Writes, but how is not known. */
    OPAQUE,
    BEGIN,
    COMMIT,
    ROLLBACK,
    SAVEPOINT,
    ROLLBACK_TO,
    RELEASE,
    /** Several statements in one text. */
    SEVERAL
  }

  /**
   * The pieces of one writing statement, as offsets into its text.
   *
   * @param start offset of the verb; what stands before is a WITH clause
   * @param end offset after the last token
   * @param targetText the table with ONLY and alias, as written
   * @param reference what columns of the table are qualified with
   * @param joins whether FROM or USING brings in other tables
   * @param upsert whether a conflicting row may be updated instead
   * @param limited whether ORDER BY, LIMIT or FETCH chooses among the rows
   * @param condition offset of WHERE or what follows in its place; {@code end} if nothing does
   * @param conditionEnd offset of RETURNING, else {@code end}
   * @param positioned whether it is {@code WHERE CURRENT OF}
   * @param parametersBefore bind parameters before {@code condition}
   * @param parameters bind parameters up to {@code conditionEnd}
   * @param numbered whether bind parameters carry numbers
   * @param assigned names in the SET clause in lower case, null if it could not be read
   * @param shadowed whether {@code old} or {@code new} is used as a name before RETURNING
   */
  record Dml(
      Kind verb,
      int start,
      int end,
      Name target,
      String targetText,
      String reference,
      boolean joins,
      boolean upsert,
      boolean limited,
      int condition,
      int conditionEnd,
      boolean positioned,
      int parametersBefore,
      int parameters,
      boolean numbered,
      @Nullable Set<String> assigned,
      boolean shadowed,
      @Nullable Returning returning) {}

  /**
   * The application's own RETURNING clause.
   *
   * @param list offset after RETURNING and its WITH
   * @param oldName name of the old row there
   * @param newName name of the new row there
   * @param star offset of a bare {@code *} in the list, -1 if there is none
   */
  record Returning(int list, String oldName, String newName, int star) {}

  /**
   * The SELECT around a data change delta table.
   *
   * @param option FINAL, NEW or OLD
   * @param from offset of FROM
   * @param plain whether it is only columns of that one table, so that more can be added
   */
  record Delta(String option, int from, boolean plain) {}

  /** Reads the shape of {@code sql}. */
  static SqlShape of(String sql, Lexis lexis) {
    List<Token> tokens = SqlLexer.read(sql, lexis);
    return new ShapeReader(sql, tokens, lexis).read();
  }

  /** All identifiers and words of {@code sql} in lower case. */
  static Set<String> identifiers(String sql, Lexis lexis) {
    Set<String> identifiers = new HashSet<>();
    for (Token token : SqlLexer.read(sql, lexis)) {
      if (token.isIdentifier()) {
        identifiers.add(token.folded());
      }
    }
    return identifiers;
  }

  static SqlShape plain(Kind kind) {
    return new SqlShape(kind, List.of(), null, null, null, List.of());
  }

  static SqlShape writing(Kind kind, List<Name> targets) {
    return new SqlShape(kind, targets, null, null, null, List.of());
  }

  /** Whether it may begin or end a transaction, in itself or in one of its parts. */
  boolean controlsTransactions() {
    return switch (kind) {
      case BEGIN, COMMIT, ROLLBACK, SAVEPOINT, ROLLBACK_TO, RELEASE -> true;
      case SEVERAL -> parts.stream().anyMatch(SqlShape::controlsTransactions);
      default -> false;
    };
  }

  /** Whether one of its parts may undo what came before it. */
  boolean undoesTransactions() {
    return kind == Kind.ROLLBACK
        || kind == Kind.ROLLBACK_TO
        || parts.stream().anyMatch(SqlShape::undoesTransactions);
  }
}
