package dev.tidewire.changes;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/**
 * A part of a statement, to stand in another one.
 *
 * @param text its text, every parameter a plain {@code ?}
 * @param parameters which of the statement's parameters those are, from 0
 */
record Piece(String text, List<Integer> parameters) {

  static final Piece EMPTY = new Piece("", List.of());

  static Piece of(String text) {
    return new Piece(text, List.of());
  }

  /**
   * Cuts a part out.
   *
   * @param tokens all tokens of {@code sql}
   */
  static Piece of(String sql, List<Token> tokens, int start, int end) {
    StringBuilder text = new StringBuilder();
    List<Integer> parameters = new ArrayList<>();
    Map<String, Integer> numbers = new HashMap<>();
    int last = 0;
    int copied = start;
    for (Token token : tokens) {
      if (token.type() == Token.Type.PARAMETER && token.start() < end) {
        int number = number(token, numbers, last);
        last = Math.max(last, number);
        if (token.start() >= start) {
          text.append(sql, copied, token.start()).append('?');
          copied = token.end();
          parameters.add(number - 1);
        }
      }
    }
    return new Piece(text.append(sql, copied, end).toString(), List.copyOf(parameters));
  }

  /** SQLite's rule: a number stands for itself, a name for the number it first got. */
  private static int number(Token token, Map<String, Integer> numbers, int last) {
    String text = token.text();
    if (text.equals("?")) {
      return last + 1;
    }
    return text.startsWith("?")
        ? Integer.parseInt(text.substring(1))
        : numbers.computeIfAbsent(text, name -> last + 1);
  }

  Piece plus(String more) {
    return new Piece(text + more, parameters);
  }

  Piece plus(Piece more) {
    List<Integer> all = new ArrayList<>(parameters);
    all.addAll(more.parameters());
    return new Piece(text + more.text(), List.copyOf(all));
  }
}
