package dev.tidewire.changes;

import java.util.ArrayList;
import java.util.List;
import java.util.Locale;

/**
 * Cuts a SQL text into tokens: knows strings, dollar quotes, quoted identifiers and comments, and
 * nothing of grammar. Used by one thread.
 */
final class SqlLexer {

  private final String sql;
  private final Lexis lexis;
  private final List<Token> tokens = new ArrayList<>();
  private int at;
  private int depth;

  private SqlLexer(String sql, Lexis lexis) {
    this.sql = sql;
    this.lexis = lexis;
  }

  /** Reads all tokens. An unfinished string or comment ends with the text. */
  static List<Token> read(String sql, Lexis lexis) {
    SqlLexer lexer = new SqlLexer(sql, lexis);
    while (lexer.at < sql.length()) {
      lexer.next();
    }
    return lexer.tokens;
  }

  private void next() {
    int start = at;
    char c = sql.charAt(at);
    if (Character.isWhitespace(c)) {
      at++;
    } else if (lineComment(c)) {
      skipLine();
    } else if (c == '/' && peek(1) == '*') {
      blockComment(start);
    } else if (c == '\'' || (c == '"' && lexis == Lexis.MYSQL)) {
      skipQuoted(c, lexis.mysql());
      add(Token.Type.LITERAL, start);
    } else if (c == '"' || (lexis.backTicks() && c == '`')) {
      skipQuoted(c, false);
      addQuoted(start, c);
    } else if (c == '[' && lexis == Lexis.SQLITE) {
      skipQuoted(']', false);
      tokens.add(
          new Token(
              Token.Type.QUOTED, sql.substring(start + 1, at).replace("]", ""), start, at, depth));
    } else if (lexis.dollarQuotes() && c == '$' && skipDollarQuoted()) {
      add(Token.Type.LITERAL, start);
    } else if (lexis == Lexis.SQLITE && (c == ':' || c == '@' || c == '$') && namesAt(1)) {
      at++;
      skipWord();
      add(Token.Type.PARAMETER, start);
    } else if (Character.isDigit(c)) {
      skipWord();
      add(Token.Type.LITERAL, start);
    } else if (Character.isLetter(c) || c == '_') {
      word(start);
    } else if (c == '?') {
      parameter(start);
    } else {
      symbol(start, c);
    }
  }

  private boolean lineComment(char c) {
    if (c == '-' && peek(1) == '-') {
      // MySQL's 5--3 is a subtraction
      return !lexis.mysql() || Character.isWhitespace(peek(2)) || at + 2 == sql.length();
    }
    return (lexis == Lexis.H2 && c == '/' && peek(1) == '/') || (lexis.mysql() && c == '#');
  }

  /** MySQL runs what stands in some comments: a symbol then tells that there is such a thing. */
  private void blockComment(int start) {
    boolean runs = lexis.mysql() && (peek(2) == '!' || (peek(2) == 'M' && peek(3) == '!'));
    skipBlockComment();
    if (runs) {
      add(Token.Type.SYMBOL, start);
    }
  }

  private boolean namesAt(int ahead) {
    return Character.isLetterOrDigit(peek(ahead)) || peek(ahead) == '_';
  }

  private void word(int start) {
    skipWord();
    boolean escapes =
        lexis.dollarQuotes()
            && at - start == 1
            && (sql.charAt(start) == 'E' || sql.charAt(start) == 'e');
    if (escapes && at < sql.length() && sql.charAt(at) == '\'') {
      skipQuoted('\'', true);
      add(Token.Type.LITERAL, start);
    } else {
      String text = sql.substring(start, at).toUpperCase(Locale.ROOT);
      tokens.add(new Token(Token.Type.WORD, text, start, at, depth));
    }
  }

  /** {@code ??} is how a JDBC driver is told of an operator that contains a question mark. */
  private void parameter(int start) {
    at++;
    if (at < sql.length() && sql.charAt(at) == '?') {
      at++;
      add(Token.Type.SYMBOL, start);
      return;
    }
    while (at < sql.length() && Character.isDigit(sql.charAt(at))) {
      at++;
    }
    add(Token.Type.PARAMETER, start);
  }

  private void symbol(int start, char c) {
    at++;
    if (c == ')' || c == ']') {
      depth--;
    }
    add(Token.Type.SYMBOL, start);
    if (c == '(' || c == '[') {
      depth++;
    }
  }

  private void skipWord() {
    while (at < sql.length()) {
      char c = sql.charAt(at);
      if (!Character.isLetterOrDigit(c) && c != '_' && c != '$') {
        return;
      }
      at++;
    }
  }

  private void skipLine() {
    int end = sql.indexOf('\n', at);
    at = end < 0 ? sql.length() : end + 1;
  }

  private void skipBlockComment() {
    int open = 0;
    while (at < sql.length()) {
      if (sql.startsWith("/*", at) && (open == 0 || lexis.nestsComments())) {
        open++;
        at += 2;
      } else if (sql.startsWith("*/", at)) {
        open--;
        at += 2;
        if (open == 0) {
          return;
        }
      } else {
        at++;
      }
    }
  }

  private void skipQuoted(char quote, boolean backslashEscapes) {
    at++;
    while (at < sql.length()) {
      char c = sql.charAt(at++);
      if (c == '\\' && backslashEscapes) {
        at = Math.min(at + 1, sql.length());
      } else if (c == quote) {
        if (quote == ']' || at >= sql.length() || sql.charAt(at) != quote) {
          return;
        }
        at++;
      }
    }
  }

  private boolean skipDollarQuoted() {
    int tagEnd = at + 1;
    while (tagEnd < sql.length()
        && (Character.isLetterOrDigit(sql.charAt(tagEnd)) || sql.charAt(tagEnd) == '_')) {
      tagEnd++;
    }
    boolean tagged = tagEnd > at + 1;
    if (tagEnd >= sql.length()
        || sql.charAt(tagEnd) != '$'
        || (tagged && Character.isDigit(sql.charAt(at + 1)))) {
      return false;
    }
    String tag = sql.substring(at, tagEnd + 1);
    int close = sql.indexOf(tag, tagEnd + 1);
    at = close < 0 ? sql.length() : close + tag.length();
    return true;
  }

  private void addQuoted(int start, char quote) {
    int end = at > start + 1 && sql.charAt(at - 1) == quote ? at - 1 : at;
    String doubled = String.valueOf(quote) + quote;
    String text = sql.substring(start + 1, end).replace(doubled, String.valueOf(quote));
    tokens.add(new Token(Token.Type.QUOTED, text, start, at, depth));
  }

  /** The value of a literal is nobody's business, and may be large. */
  private void add(Token.Type type, int start) {
    String text = type == Token.Type.LITERAL ? "" : sql.substring(start, at);
    tokens.add(new Token(type, text, start, at, depth));
  }

  private char peek(int ahead) {
    return at + ahead < sql.length() ? sql.charAt(at + ahead) : '\0';
  }
}
