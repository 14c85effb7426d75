package dev.tidewire.demo.web;

import java.util.LinkedHashMap;
import java.util.Map;

/**
 * An answer other than success, as RFC 9457 describes it: thrown by a handler, sent as {@code
 * application/problem+json}. Immutable.
 */
public final class Problem extends RuntimeException {
  private final int status;
  private final String code;
  private final String detail;
  private final Map<String, Object> extra;

  public Problem(int status, String code, String detail) {
    this(status, code, detail, Map.of());
  }

  public Problem(int status, String code, String detail, Map<String, Object> extra) {
    super(detail);
    this.status = status;
    this.code = code;
    this.detail = detail;
    this.extra = Map.copyOf(extra);
  }

  public static Problem badRequest(String detail) {
    return new Problem(400, "BAD_REQUEST", detail);
  }

  public static Problem forbidden(String detail) {
    return new Problem(403, "FORBIDDEN", detail);
  }

  public static Problem notFound(String detail) {
    return new Problem(404, "not_found", detail);
  }

  /** Somebody else changed the row first; {@code current} is the row as it is now. */
  public static Problem conflict(String detail, Map<String, Object> current) {
    return new Problem(409, "CONFLICT", detail, Map.of("current", current));
  }

  public String detail() {
    return detail;
  }

  public int status() {
    return status;
  }

  Map<String, Object> body() {
    Map<String, Object> body = new LinkedHashMap<>();
    body.put("type", "about:blank");
    body.put("status", status);
    body.put("title", title());
    body.put("code", code);
    body.put("detail", detail);
    body.putAll(extra);
    return body;
  }

  private String title() {
    return switch (status) {
      case 400 -> "Bad Request";
      case 403 -> "Forbidden";
      case 404 -> "Not Found";
      case 405 -> "Method Not Allowed";
      case 409 -> "Conflict";
      case 413 -> "Content Too Large";
      case 415 -> "Unsupported Media Type";
      case 503 -> "Service Unavailable";
      default -> "Internal Server Error";
    };
  }
}
