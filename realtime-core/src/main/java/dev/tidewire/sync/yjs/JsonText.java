package dev.tidewire.sync.yjs;

/**
 * Tells whether bytes are JSON as {@code JSON.parse} takes it (RFC 8259), without making anything
 * of them. A scanner of its own because a client's {@code JSON.parse} throws where a lenient parser
 * would not, and an update that throws would harm every other client. Not thread-safe.
 */
final class JsonText {

  private static final int MAX_DEPTH = 200;

  private final byte[] text;
  private final int end;
  private int at;

  private JsonText(byte[] text, int from, int to) {
    this.text = text;
    this.at = from;
    this.end = to;
  }

  /**
   * Checks valid UTF-8.
   *
   * @throws BadUpdate if it is no JSON, or nested deeper than 200
   */
  static void check(byte[] text, int from, int to) {
    JsonText json = new JsonText(text, from, to);
    json.value(0);
    if (json.at != to) {
      throw json.bad();
    }
  }

  private BadUpdate bad() {
    return new BadUpdate("text that is no JSON");
  }

  private int peek() {
    return at < end ? text[at] : -1;
  }

  private void expect(String word) {
    for (int i = 0; i < word.length(); i++) {
      if (peek() != word.charAt(i)) {
        throw bad();
      }
      at++;
    }
  }

  private void space() {
    while (peek() == ' ' || peek() == '\t' || peek() == '\n' || peek() == '\r') {
      at++;
    }
  }

  private void value(int depth) {
    if (depth > MAX_DEPTH) {
      throw new BadUpdate("JSON nested deeper than " + MAX_DEPTH);
    }
    space();
    switch (peek()) {
      case '{' -> members('}', depth, true);
      case '[' -> members(']', depth, false);
      case '"' -> string();
      case 't' -> expect("true");
      case 'f' -> expect("false");
      case 'n' -> expect("null");
      default -> number();
    }
    space();
  }

  private void members(char close, int depth, boolean named) {
    at++;
    space();
    if (peek() == close) {
      at++;
      return;
    }
    while (true) {
      if (named) {
        space();
        string();
        space();
        expect(":");
      }
      value(depth + 1);
      if (peek() == close) {
        at++;
        return;
      }
      expect(",");
    }
  }

  private void string() {
    expect("\"");
    while (peek() != '"') {
      if (at >= end || (peek() >= 0 && peek() < ' ')) {
        throw bad();
      }
      if (peek() == '\\') {
        at++;
        escape();
      } else {
        at++;
      }
    }
    at++;
  }

  private void escape() {
    if (peek() == 'u') {
      at++;
      for (int i = 0; i < 4; i++, at++) {
        if (peek() < 0 || Character.digit(peek(), 16) < 0) {
          throw bad();
        }
      }
    } else if (peek() < 0 || "\"\\/bfnrt".indexOf(peek()) < 0) {
      throw bad();
    } else {
      at++;
    }
  }

  private void number() {
    if (peek() == '-') {
      at++;
    }
    if (peek() == '0') {
      at++;
    } else {
      digits();
    }
    if (peek() == '.') {
      at++;
      digits();
    }
    if (peek() == 'e' || peek() == 'E') {
      at++;
      if (peek() == '+' || peek() == '-') {
        at++;
      }
      digits();
    }
  }

  private void digits() {
    if (peek() < '0' || peek() > '9') {
      throw bad();
    }
    while (peek() >= '0' && peek() <= '9') {
      at++;
    }
  }
}
