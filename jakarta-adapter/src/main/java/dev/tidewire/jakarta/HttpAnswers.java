package dev.tidewire.jakarta;

import static java.nio.charset.StandardCharsets.UTF_8;

import dev.tidewire.Health;
import dev.tidewire.protocol.ErrorCode;
import dev.tidewire.protocol.FrameCodec;
import dev.tidewire.protocol.Reply;
import jakarta.servlet.http.HttpServletResponse;
import java.io.IOException;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;

/**
 * Writes replies as HTTP answers; failures as problems (RFC 9457). Immutable, safe for any thread.
 */
final class HttpAnswers {

  private static final Map<Integer, String> TITLES =
      Map.ofEntries(
          Map.entry(400, "Bad Request"),
          Map.entry(401, "Unauthorized"),
          Map.entry(403, "Forbidden"),
          Map.entry(404, "Not Found"),
          Map.entry(405, "Method Not Allowed"),
          Map.entry(409, "Conflict"),
          Map.entry(410, "Gone"),
          Map.entry(413, "Content Too Large"),
          Map.entry(415, "Unsupported Media Type"),
          Map.entry(422, "Unprocessable Content"),
          Map.entry(426, "Upgrade Required"),
          Map.entry(429, "Too Many Requests"),
          Map.entry(500, "Internal Server Error"),
          Map.entry(503, "Service Unavailable"));
  private static final long MILLIS_PER_SECOND = 1_000;

  private final FrameCodec codec;

  HttpAnswers(FrameCodec codec) {
    this.codec = codec;
  }

  void write(Reply reply, HttpServletResponse response) throws IOException {
    if (reply instanceof Reply.Failure failure) {
      problem(failure, response);
    } else {
      write(200, "application/json", codec.encodePayload((Reply.Ack) reply), response);
    }
  }

  /** JSON as it is. */
  void writeJson(String json, HttpServletResponse response) throws IOException {
    write(200, "application/json", json, response);
  }

  /** For load balancers, whoever they are: no more than whether to send clients here. */
  void health(Health health, HttpServletResponse response) throws IOException {
    String status = health.status().name().toLowerCase(Locale.ROOT);
    write(
        health.letsIn() ? 200 : 503,
        "application/json",
        codec.toJson(Map.of("status", status)),
        response);
  }

  /** Frames as a JSON array. */
  void writeFrames(List<String> frames, HttpServletResponse response) throws IOException {
    write(200, "application/json", '[' + String.join(",", frames) + ']', response);
  }

  /** A failure of the request's form, with a status that no frame has. */
  void problem(int status, String message, HttpServletResponse response) throws IOException {
    problem(
        new Reply.Failure(ErrorCode.BAD_REQUEST.name(), status, message, false, null), response);
  }

  void problem(Reply.Failure failure, HttpServletResponse response) throws IOException {
    Map<String, Object> problem = new LinkedHashMap<>();
    problem.put("type", "about:blank");
    problem.put("title", TITLES.getOrDefault(failure.status(), "Error"));
    problem.put("status", failure.status());
    problem.put("detail", failure.message());
    problem.put("code", failure.code());
    problem.put("temporary", failure.temporary());
    Long retryAfterMs = failure.retryAfterMs();
    if (retryAfterMs != null) {
      problem.put("retryAfterMs", retryAfterMs);
      long seconds = (retryAfterMs + MILLIS_PER_SECOND - 1) / MILLIS_PER_SECOND;
      response.setHeader("Retry-After", Long.toString(seconds));
    }
    if (failure.status() == HttpServletResponse.SC_UNAUTHORIZED) {
      response.setHeader("WWW-Authenticate", "Bearer");
    }
    write(failure.status(), "application/problem+json", codec.toJson(problem), response);
  }

  private static void write(int status, String type, String json, HttpServletResponse response)
      throws IOException {
    byte[] body = json.getBytes(UTF_8);
    response.setStatus(status);
    response.setContentType(type);
    response.setHeader("Cache-Control", "no-store");
    response.setHeader("X-Content-Type-Options", "nosniff");
    response.setContentLength(body.length);
    response.getOutputStream().write(body);
  }
}
