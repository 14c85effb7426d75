package dev.tidewire.jakarta;

import dev.tidewire.Rejection;
import dev.tidewire.protocol.ErrorCode;
import jakarta.servlet.http.HttpServletRequest;
import org.jspecify.annotations.Nullable;

/** The parameters of a URL, each given at most once. Stateless. */
final class Parameters {

  private Parameters() {}

  /**
   * The value, or null.
   *
   * @throws Rejection if it is given twice, or the URL cannot be decoded
   */
  static @Nullable String optional(HttpServletRequest request, String name) {
    String[] values;
    try {
      values = request.getParameterValues(name);
    } catch (RuntimeException e) {
      // Every container has an exception of its own for a broken percent-encoding.
      throw new Rejection(ErrorCode.BAD_REQUEST, "the URL's parameters cannot be decoded");
    }
    if (values == null) {
      return null;
    }
    if (values.length > 1) {
      throw new Rejection(ErrorCode.BAD_REQUEST, "'" + name + "' is given more than once");
    }
    return values[0];
  }
}
