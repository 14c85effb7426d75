package dev.tidewire.changes;

import dev.tidewire.changes.SqlShape.Dml;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * What an INSERT or REPLACE says of the rows that it brings, and of conflicts. Immutable.
 *
 * @param rows the value given to each column (in lower case) of each row; a value that is not a
 *     literal or a parameter is {@link #COMPUTED}; null if the rows come from elsewhere
 */
record InsertSource(@Nullable List<Map<String, Piece>> rows, Conflict conflict) {

  /** What happens to a row that conflicts with one that is there. */
  enum Conflict {
    FAILS,
    IGNORED,
    UPDATES,
    REPLACES,
    /** What cannot be followed, such as keeping half of a failed statement. */
    OTHER
  }

  /** Stands for a value that only the database knows. */
  static final Piece COMPUTED = new Piece("", List.of(-1));

  private static final Set<String> WORDS = Set.of("NULL", "TRUE", "FALSE");

  /** More rows than that make too long a condition. */
  private static final int MAX_ROWS = 500;

  /**
   * Reads an INSERT.
   *
   * @param tokens all tokens of {@code sql}
   * @param columns all columns of the table, for an INSERT that names none
   */
  static InsertSource of(String sql, List<Token> tokens, Dml dml, List<String> columns) {
    return new Reader(sql, tokens, dml).read(columns);
  }

  /** A condition that all rows fulfil which one of these would conflict with, or becomes. */
  @Nullable Piece conflicting(UniqueKeys unique) {
    if (rows == null || !unique.known() || rows.size() > MAX_ROWS) {
      return null;
    }
    Piece condition = null;
    for (List<String> key : unique.keys()) {
      Piece one = key.size() == 1 ? among(rows, key.get(0), unique) : equal(rows, key, unique);
      if (one == null) {
        return null;
      }
      if (!one.text().isEmpty()) {
        condition = condition == null ? one : condition.plus(" OR ").plus(one);
      }
    }
    return condition == null ? Piece.of("1 = 0") : condition;
  }

  private @Nullable Piece among(List<Map<String, Piece>> rows, String column, UniqueKeys unique) {
    Piece list = null;
    for (Map<String, Piece> row : rows) {
      Piece value = row.get(column);
      if (value == null && unique.implicit().contains(column)) {
        return null;
      }
      if (value != null && value.equals(COMPUTED)) {
        return null;
      }
      if (value != null) {
        list = list == null ? value : list.plus(", ").plus(value);
      }
    }
    return list == null
        ? Piece.EMPTY
        : Piece.of(TableId.quote(column, '`') + " IN (").plus(list).plus(")");
  }

  private @Nullable Piece equal(
      List<Map<String, Piece>> rows, List<String> key, UniqueKeys unique) {
    Piece all = null;
    for (Map<String, Piece> row : rows) {
      Piece one = null;
      boolean present = true;
      for (String column : key) {
        Piece value = row.get(column);
        if (value == null && unique.implicit().contains(column)) {
          return null;
        }
        if (value != null && value.equals(COMPUTED)) {
          return null;
        }
        present &= value != null;
        if (value != null) {
          Piece part = Piece.of(TableId.quote(column, '`') + " = ").plus(value);
          one = one == null ? part : one.plus(" AND ").plus(part);
        }
      }
      // a column left out is NULL, which conflicts with nothing
      if (present && one != null) {
        Piece whole = Piece.of("(").plus(one).plus(")");
        all = all == null ? whole : all.plus(" OR ").plus(whole);
      }
    }
    return all == null ? Piece.EMPTY : all;
  }

  /** Finds the pieces. */
  private static final class Reader {
    private final String sql;
    private final List<Token> all;
    private final List<Token> tokens;
    private final int depth;
    private int at;

    Reader(String sql, List<Token> all, Dml dml) {
      this.sql = sql;
      this.all = all;
      tokens =
          all.stream()
              .filter(t -> t.start() >= dml.start() && t.end() <= dml.conditionEnd())
              .toList();
      depth = tokens.get(0).depth();
    }

    InsertSource read(List<String> columns) {
      Conflict conflict = head();
      List<String> names = columns;
      if (symbol(at, '(') && at + 1 < tokens.size() && !word(at + 1, "SELECT")) {
        names = new ArrayList<>();
        for (at++; at < tokens.size() && !symbol(at, ')'); at++) {
          if (tokens.get(at).isIdentifier()) {
            names.add(tokens.get(at).folded());
          }
        }
        at++;
      }
      List<Map<String, Piece>> rows = null;
      if (word(at, "VALUES") || word(at, "VALUE")) {
        rows = rows(names);
      } else if (word(at, "DEFAULT")) {
        rows = List.of(Map.of());
      } else if (word(at, "SET")) {
        rows = assignments();
      }
      return new InsertSource(rows, conflict == Conflict.FAILS ? clause() : conflict);
    }

    /** Reads up to the end of the target. */
    private Conflict head() {
      Conflict conflict = word(0, "REPLACE") ? Conflict.REPLACES : Conflict.FAILS;
      boolean ignore = false;
      int i = 1;
      if (word(i, "OR")) {
        conflict =
            switch (tokens.get(i + 1).text()) {
              case "ABORT" -> Conflict.FAILS;
              case "IGNORE" -> Conflict.IGNORED;
              case "REPLACE" -> Conflict.REPLACES;
              default -> Conflict.OTHER;
            };
        i += 2;
      }
      while (!word(i, "INTO") && i + 1 < tokens.size() && plainWord(i) && plainWord(i + 1)) {
        ignore |= word(i, "IGNORE");
        i++;
      }
      i += word(i, "INTO") ? 1 : 0;
      i += DmlReader.name(sql, tokens, i).parts().size() * 2 - 1;
      i += word(i, "AS") ? 2 : 0;
      at = i;
      if (ignore) {
        return word(0, "REPLACE") || clause() != Conflict.FAILS ? Conflict.OTHER : Conflict.IGNORED;
      }
      return conflict;
    }

    private boolean plainWord(int i) {
      boolean begins = word(i, "VALUES") || word(i, "VALUE") || word(i, "SET") || word(i, "SELECT");
      return tokens.get(i).type() == Token.Type.WORD && !begins;
    }

    private Conflict clause() {
      Conflict conflict = Conflict.FAILS;
      for (int i = at; i + 1 < tokens.size(); i++) {
        if (tokens.get(i).depth() != depth || !word(i, "ON")) {
          continue;
        }
        if (word(i + 1, "DUPLICATE")) {
          return Conflict.UPDATES;
        }
        if (word(i + 1, "CONFLICT")) {
          int action = i + 2;
          while (action < tokens.size() && !word(action, "DO")) {
            action++;
          }
          boolean nothing = word(action + 1, "NOTHING");
          conflict = nothing && conflict == Conflict.FAILS ? Conflict.IGNORED : Conflict.UPDATES;
          if (!nothing) {
            return Conflict.UPDATES;
          }
        }
      }
      return conflict;
    }

    private @Nullable List<Map<String, Piece>> rows(List<String> names) {
      List<Map<String, Piece>> rows = new ArrayList<>();
      do {
        at++;
        if (!symbol(at, '(')) {
          return null;
        }
        List<Piece> values = new ArrayList<>();
        int start = ++at;
        for (; at < tokens.size(); at++) {
          boolean outer = tokens.get(at).depth() == depth + 1;
          boolean ends = symbol(at, ')') && tokens.get(at).depth() == depth;
          if (ends || (outer && symbol(at, ','))) {
            values.add(value(start, at));
            start = at + 1;
          }
          if (ends) {
            break;
          }
        }
        at++;
        boolean empty = values.size() == 1 && values.get(0).equals(DEFAULTED);
        if (!empty && values.size() != names.size()) {
          return null;
        }
        Map<String, Piece> row = new HashMap<>();
        for (int i = 0; i < values.size() && !empty; i++) {
          put(row, names.get(i), values.get(i));
        }
        rows.add(row);
      } while (symbol(at, ','));
      return rows;
    }

    private static final Piece DEFAULTED = new Piece("", List.of(-2));

    private static void put(Map<String, Piece> row, String column, Piece value) {
      if (!value.equals(DEFAULTED)) {
        row.put(column.toLowerCase(Locale.ROOT), value);
      }
    }

    /** MySQL's {@code INSERT … SET}. */
    private @Nullable List<Map<String, Piece>> assignments() {
      Map<String, Piece> row = new HashMap<>();
      do {
        at++;
        int equals = at;
        while (equals < tokens.size() && !symbol(equals, '=')) {
          equals++;
        }
        int end = equals + 1;
        while (end < tokens.size()
            && !(tokens.get(end).depth() == depth && (symbol(end, ',') || word(end, "ON")))) {
          end++;
        }
        if (equals >= tokens.size()) {
          return null;
        }
        put(row, tokens.get(equals - 1).folded(), value(equals + 1, end));
        at = end;
      } while (symbol(at, ','));
      return List.of(row);
    }

    private Piece value(int from, int to) {
      if (from == to) {
        return DEFAULTED;
      }
      Token first = tokens.get(from);
      Token last = tokens.get(to - 1);
      boolean signed =
          to - from == 2
              && (first.isSymbol('-') || first.isSymbol('+'))
              && last.type() == Token.Type.LITERAL;
      boolean one =
          to - from == 1
              && (first.type() == Token.Type.LITERAL
                  || first.type() == Token.Type.PARAMETER
                  || (first.type() == Token.Type.WORD && WORDS.contains(first.text())));
      if (to - from == 1 && first.is("DEFAULT")) {
        return DEFAULTED;
      }
      return signed || one ? Piece.of(sql, all, first.start(), last.end()) : COMPUTED;
    }

    private boolean word(int i, String word) {
      return i < tokens.size() && tokens.get(i).is(word);
    }

    private boolean symbol(int i, char symbol) {
      return i < tokens.size() && tokens.get(i).isSymbol(symbol);
    }
  }
}
