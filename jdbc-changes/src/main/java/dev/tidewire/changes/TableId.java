package dev.tidewire.changes;

/** A table as the database stores its name. */
record TableId(String schema, String name) {

  /** The name in a statement, quoted, so that nothing folds it. */
  String sql() {
    return schema.isEmpty() ? quote(name) : quote(schema) + '.' + quote(name);
  }

  static String quote(String identifier) {
    return quote(identifier, '"');
  }

  static String quote(String identifier, char mark) {
    String text = String.valueOf(mark);
    return text + identifier.replace(text, text + text) + text;
  }
}
