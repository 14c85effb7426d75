package dev.tidewire.sync;

import static java.nio.charset.StandardCharsets.UTF_8;

import org.jspecify.annotations.Nullable;

/**
 * One write of one field of a document.
 *
 * <p>Immutable, safe for any thread.
 *
 * @param field its name, 1 to 128 characters without control characters
 * @param at when and by whom
 * @param json the value as JSON text on one line; null if the field was removed
 */
public record FieldWrite(String field, Stamp at, @Nullable String json) {

  private static final int MAX_NAME = 128;

  public FieldWrite {
    requireField(field);
  }

  /** Returns {@code field}; throws {@link IllegalArgumentException} if it is no field's name. */
  public static String requireField(String field) {
    if (!isName(field)) {
      throw new IllegalArgumentException(
          "not the name of a field (1 to 128 characters, no control characters): '" + field + "'");
    }
    return field;
  }

  private static boolean isName(String field) {
    return !field.isEmpty()
        && field.length() <= MAX_NAME
        && field.codePoints().noneMatch(c -> c < 0x20 || c == 0x7f || isSurrogate(c));
  }

  /** Unpaired: {@link String#codePoints()} joins the paired ones. */
  private static boolean isSurrogate(int codePoint) {
    return codePoint >= 0xd800 && codePoint <= 0xdfff;
  }

  /** Whether the field has no value any more. */
  public boolean isRemoval() {
    return json == null;
  }

  /** Bytes of name and value; 0 for a removal. */
  int bytes() {
    return json == null ? 0 : field.getBytes(UTF_8).length + json.getBytes(UTF_8).length;
  }
}
