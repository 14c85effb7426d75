package dev.tidewire.changes;

import java.util.Locale;

/**
 * One token of a SQL text.
 *
 * @param text upper case for a word, without quotes for a quoted identifier, empty for a literal,
 *     as written otherwise
 * @param start offset of its first character in the text
 * @param end offset after its last character
 * @param depth how many parentheses or brackets are open around it; both ends of a pair count as
 *     outside
 */
record Token(Type type, String text, int start, int end, int depth) {

  enum Type {
    WORD,
    QUOTED,
    PARAMETER,
    LITERAL,
    SYMBOL
  }

  boolean is(String word) {
    return type == Type.WORD && text.equals(word);
  }

  boolean isSymbol(char symbol) {
    return type == Type.SYMBOL && text.length() == 1 && text.charAt(0) == symbol;
  }

  boolean isIdentifier() {
    return type == Type.WORD || type == Type.QUOTED;
  }

  /** The identifier without regard to case, for a cautious comparison. */
  String folded() {
    return text.toLowerCase(Locale.ROOT);
  }
}
