package dev.tidewire.changes;

/** A table as the database stores its name. */
record TableId(String schema, String name) {

  /** The name in a statement, quoted, so that nothing folds it. */
  String sql() {
    return sql('"');
  }

  /** The same on a database that quotes names in another way. */
  String sql(char mark) {
    return schema.isEmpty() ? quote(name, mark) : quote(schema, mark) + '.' + quote(name, mark);
  }

  static String quote(String identifier) {
    return quote(identifier, '"');
  }

  static String quote(String identifier, char mark) {
    String text = String.valueOf(mark);
    return text + identifier.replace(text, text + text) + text;
  }
}
