package dev.tidewire.changes;

import dev.tidewire.changes.SqlShape.Dml;
import dev.tidewire.changes.SqlShape.Kind;
import dev.tidewire.changes.SqlShape.Returning;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/** Finds the pieces of one INSERT, UPDATE, DELETE or MERGE. Used by one thread. */
final class DmlReader {

  private static final Set<String> CHOOSING = Set.of("ORDER", "LIMIT", "FETCH", "OFFSET");
  private static final Set<String> NO_ALIAS =
      Set.of(
          "SET",
          "WHERE",
          "FROM",
          "USING",
          "RETURNING",
          "ORDER",
          "LIMIT",
          "FETCH",
          "OFFSET",
          "KEY",
          "VALUES",
          "SELECT",
          "DEFAULT",
          "WITH",
          "ON",
          "OVERRIDING",
          "TABLE",
          "DIRECT",
          "SORTED");

  /** Words of MySQL before the target. */
  private static final Set<String> MODIFIERS =
      Set.of("LOW_PRIORITY", "HIGH_PRIORITY", "DELAYED", "QUICK", "IGNORE");

  private final String sql;
  private final List<Token> tokens;
  private final int verb;
  private final Lexis lexis;
  private final int depth;

  /** Whether a conflict may do something else than fail. */
  private boolean yields;

  /**
   * @param tokens the statement, nothing after it
   * @param verb index of the verb
   */
  DmlReader(String sql, List<Token> tokens, int verb, Lexis lexis) {
    this.sql = sql;
    this.tokens = tokens;
    this.verb = verb;
    this.lexis = lexis;
    this.depth = tokens.get(verb).depth();
  }

  /** Returns the pieces, or null if they cannot be told. */
  @Nullable Dml read() {
    yields = is(verb, "REPLACE");
    Kind kind = yields ? Kind.INSERT : Kind.valueOf(tokens.get(verb).text());
    int at = afterModifiers(verb + 1);
    if (kind != Kind.UPDATE) {
      boolean present = is(at, kind == Kind.DELETE ? "FROM" : "INTO");
      if (!present && !(lexis.mysql() && kind == Kind.INSERT)) {
        return null;
      }
      at += present ? 1 : 0;
    }
    int targetStart = at;
    at = is(at, "ONLY") ? at + 1 : at;
    if (at >= tokens.size() || !tokens.get(at).isIdentifier()) {
      return null;
    }
    Name target = name(sql, tokens, at);
    int alias = at + target.parts().size() * 2 - 1;
    String reference = sql.substring(tokens.get(alias - 1).start(), tokens.get(alias - 1).end());
    alias = isSymbol(alias, '*') ? alias + 1 : alias;
    int rest = alias;
    if (is(alias, "AS")) {
      rest = alias + 2;
    } else if (kind != Kind.INSERT && alias < tokens.size() && mayBeAlias(tokens.get(alias))) {
      rest = alias + 1;
    }
    if (rest > tokens.size() || (kind == Kind.UPDATE && !is(rest, "SET"))) {
      return null;
    }
    if (rest > alias) {
      Token name = tokens.get(rest - 1);
      reference = sql.substring(name.start(), name.end());
    }
    String targetText = sql.substring(tokens.get(targetStart).start(), tokens.get(rest - 1).end());
    return clauses(kind, target, targetText, reference, rest);
  }

  private int afterModifiers(int from) {
    int at = from;
    if (lexis == Lexis.SQLITE && is(at, "OR") && !is(at + 1, "SET")) {
      yields = true;
      return at + 2;
    }
    while (lexis.mysql()
        && at < tokens.size()
        && MODIFIERS.contains(tokens.get(at).text())
        && !isQuoted(tokens.get(at))
        && !is(at + 1, "SET")) {
      yields |= is(at, "IGNORE");
      at++;
    }
    return at;
  }

  private Dml clauses(Kind kind, Name target, String targetText, String reference, int rest) {
    boolean joins = false;
    boolean upsert = yields;
    boolean limited = false;
    boolean positioned = false;
    int assignedEnd = tokens.size();
    int condition = tokens.size();
    int returning = tokens.size();
    for (int i = rest; i < tokens.size(); i++) {
      Token token = tokens.get(i);
      if (token.depth() != depth || token.type() != Token.Type.WORD) {
        continue;
      }
      boolean changing = kind == Kind.UPDATE || kind == Kind.DELETE;
      if (token.is("RETURNING")) {
        returning = i;
        condition = Math.min(condition, i);
        break;
      } else if (token.is("USING") || (token.is("FROM") && changing && !is(i - 1, "DISTINCT"))) {
        joins = true;
        assignedEnd = Math.min(assignedEnd, i);
      } else if (token.is("WHERE")) {
        condition = Math.min(condition, i);
        positioned |= is(i + 1, "CURRENT") && is(i + 2, "OF");
      } else if (changing && CHOOSING.contains(token.text())) {
        condition = Math.min(condition, i);
        limited = true;
      } else if (token.is("ON") && kind == Kind.INSERT) {
        upsert |= is(i + 1, "CONFLICT") || is(i + 1, "DUPLICATE");
      }
    }
    assignedEnd = Math.min(assignedEnd, condition);
    return new Dml(
        kind,
        tokens.get(verb).start(),
        tokens.get(tokens.size() - 1).end(),
        target,
        targetText,
        reference,
        joins,
        upsert,
        limited,
        offset(condition),
        offset(returning),
        positioned,
        parameters(verb, condition),
        parameters(verb, returning),
        numbered(),
        kind == Kind.UPDATE ? assigned(rest + 1, assignedEnd) : null,
        shadowed(returning),
        returning < tokens.size() ? returning(returning) : null);
  }

  /** The names before each {@code =} of a SET clause; null if one is not a plain name or list. */
  private @Nullable Set<String> assigned(int from, int to) {
    Set<String> names = new HashSet<>();
    boolean left = true;
    for (int i = from; i < to; i++) {
      Token token = tokens.get(i);
      boolean outside = token.depth() == depth;
      if (left) {
        if (outside && token.isSymbol('=')) {
          left = false;
        } else if (token.isIdentifier()) {
          names.add(token.folded());
        } else if (token.type() != Token.Type.SYMBOL && outside) {
          return null;
        }
      } else if (outside && token.isSymbol(',')) {
        left = true;
      }
    }
    return left ? null : names;
  }

  private Returning returning(int at) {
    String oldName = "old";
    String newName = "new";
    int list = at + 1;
    if (is(list, "WITH") && isSymbol(list + 1, '(')) {
      int i = list + 2;
      while (i < tokens.size() && tokens.get(i).depth() > depth) {
        if (is(i, "OLD") && is(i + 1, "AS")) {
          oldName = text(i + 2);
        } else if (is(i, "NEW") && is(i + 1, "AS")) {
          newName = text(i + 2);
        }
        i += 1;
      }
      list = i + 1;
    }
    int star = -1;
    for (int i = list; i < tokens.size(); i++) {
      boolean starts = i == list || tokens.get(i - 1).isSymbol(',');
      if (starts && tokens.get(i).depth() == depth && isSymbol(i, '*')) {
        star = tokens.get(i).start();
      }
    }
    return new Returning(offset(list), oldName, newName, star);
  }

  private boolean shadowed(int end) {
    for (Token token : tokens.subList(verb, Math.min(end, tokens.size()))) {
      if (token.isIdentifier() && (token.folded().equals("old") || token.folded().equals("new"))) {
        return true;
      }
    }
    return false;
  }

  private int parameters(int from, int to) {
    int count = 0;
    for (Token token : tokens.subList(from, to)) {
      count += token.type() == Token.Type.PARAMETER ? 1 : 0;
    }
    return count;
  }

  private boolean numbered() {
    return tokens.stream().anyMatch(t -> t.type() == Token.Type.PARAMETER && t.text().length() > 1);
  }

  private int offset(int token) {
    return token < tokens.size() ? tokens.get(token).start() : tokens.get(tokens.size() - 1).end();
  }

  private String text(int at) {
    return at < tokens.size() ? sql.substring(tokens.get(at).start(), tokens.get(at).end()) : "";
  }

  private static boolean mayBeAlias(Token token) {
    return token.isIdentifier() && !(NO_ALIAS.contains(token.text()) && !isQuoted(token));
  }

  private static boolean isQuoted(Token token) {
    return token.type() == Token.Type.QUOTED;
  }

  private boolean is(int at, String word) {
    return at >= 0 && at < tokens.size() && tokens.get(at).is(word);
  }

  private boolean isSymbol(int at, char symbol) {
    return at < tokens.size() && tokens.get(at).isSymbol(symbol);
  }

  /** Reads the name that begins at {@code at}: identifiers joined by dots. */
  static Name name(String sql, List<Token> tokens, int at) {
    List<Name.Part> parts = new ArrayList<>();
    int i = at;
    while (true) {
      Token token = tokens.get(i);
      boolean quoted = isQuoted(token);
      String text = quoted ? token.text() : sql.substring(token.start(), token.end());
      parts.add(new Name.Part(text, quoted));
      boolean dot =
          i + 2 < tokens.size()
              && tokens.get(i + 1).isSymbol('.')
              && tokens.get(i + 2).isIdentifier();
      if (!dot) {
        return new Name(sql.substring(tokens.get(at).start(), token.end()), List.copyOf(parts));
      }
      i += 2;
    }
  }
}
