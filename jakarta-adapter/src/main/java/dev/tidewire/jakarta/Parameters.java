package dev.tidewire.jakarta;

import dev.tidewire.Rejection;
import dev.tidewire.protocol.ErrorCode;
import jakarta.servlet.http.HttpServletRequest;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** The parameters of a URL, each given at most once. Stateless. */
final class Parameters {

  private static final int MAX_DIGITS = 9;

  private Parameters() {}

  /**
   * The value, or null.
   *
   * @throws Rejection if it is given twice, or the URL cannot be decoded
   */
  static @Nullable String optional(HttpServletRequest request, String name) {
    String[] values = values(request, name);
    if (values == null) {
      return null;
    }
    if (values.length > 1) {
      throw new Rejection(ErrorCode.BAD_REQUEST, "'" + name + "' is given more than once");
    }
    return values[0];
  }

  /** All values, in their order; none if the parameter is not there. */
  static List<String> all(HttpServletRequest request, String name) {
    String[] values = values(request, name);
    return values == null ? List.of() : List.of(values);
  }

  private static String @Nullable [] values(HttpServletRequest request, String name) {
    if (request.getQueryString() == null) {
      return null; // what a body has is not the URL's, and the container would look there
    }
    try {
      return request.getParameterValues(name);
    } catch (RuntimeException e) {
      // Every container has an exception of its own for a broken percent-encoding.
      throw new Rejection(ErrorCode.BAD_REQUEST, "the URL's parameters cannot be decoded");
    }
  }

  /** True or false, or null if the parameter is not there. */
  static @Nullable Boolean flag(HttpServletRequest request, String name) {
    String value = optional(request, name);
    if (value == null) {
      return null;
    }
    return switch (value) {
      case "true" -> true;
      case "false" -> false;
      default -> throw new Rejection(ErrorCode.BAD_REQUEST, "'" + name + "' is true or false");
    };
  }

  /** A whole number from 0 to {@code max}; 0 if the parameter is not there. */
  static int number(HttpServletRequest request, String name, int max) {
    String value = optional(request, name);
    if (value == null) {
      return 0;
    }
    boolean digits =
        !value.isEmpty()
            && value.length() <= MAX_DIGITS
            && value.chars().allMatch(c -> c >= '0' && c <= '9');
    int number = digits ? Integer.parseInt(value) : -1;
    if (number < 0 || number > max) {
      throw new Rejection(
          ErrorCode.BAD_REQUEST, "'" + name + "' is a whole number from 0 to " + max);
    }
    return number;
  }
}
