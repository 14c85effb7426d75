package dev.tidewire.changes;

/** How a database writes its SQL, as far as its words and quotes go. */
enum Lexis {
  /** PostgreSQL: dollar quotes, escapes in {@code E'…'}, nested comments. */
  STANDARD,
  /** {@code //} comments and back ticks besides. */
  H2,
  /** Brackets and back ticks quote names, parameters may have names, comments do not nest. */
  SQLITE,
  /** Back ticks quote names, double quotes strings; backslashes escape; {@code #} comments. */
  MYSQL,
  /** The same with double quotes around names: {@code ANSI_QUOTES}. */
  MYSQL_ANSI;

  boolean mysql() {
    return this == MYSQL || this == MYSQL_ANSI;
  }

  /** Whether a statement may say what to do about conflicts before its INTO. */
  boolean hasModifiers() {
    return this == SQLITE || mysql();
  }

  boolean backTicks() {
    return this != STANDARD;
  }

  boolean dollarQuotes() {
    return this == STANDARD || this == H2;
  }

  boolean nestsComments() {
    return this == STANDARD || this == H2;
  }
}
