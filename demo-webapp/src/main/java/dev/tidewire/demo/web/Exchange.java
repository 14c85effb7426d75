package dev.tidewire.demo.web;

import dev.tidewire.changes.Written;
import dev.tidewire.channel.Position;
import jakarta.servlet.http.Cookie;
import jakarta.servlet.http.HttpServletRequest;
import jakarta.servlet.http.HttpServletResponse;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.Locale;
import java.util.Map;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import org.jspecify.annotations.Nullable;

/** One request on its way through a {@link Handler}. Not thread-safe. */
public final class Exchange {
  private static final int MAX_BODY_BYTES = 16 * 1024;

  private static final long POSITION_MS = 2_000;

  private final HttpServletRequest request;
  private final HttpServletResponse response;
  private final Map<String, String> parameters;

  Exchange(
      HttpServletRequest request, HttpServletResponse response, Map<String, String> parameters) {
    this.request = request;
    this.response = response;
    this.parameters = parameters;
  }

  public HttpServletRequest request() {
    return request;
  }

  /** Says in the answer where its changes stand; without a word if that takes too long. */
  public void wrote(CompletionStage<Map<String, Position>> positions) {
    try {
      String header =
          Written.header(positions.toCompletableFuture().get(POSITION_MS, TimeUnit.MILLISECONDS));
      if (!header.isEmpty()) {
        response.setHeader(Written.HEADER, header);
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    } catch (ExecutionException | TimeoutException e) {
      // the page sees its write when the event comes
    }
  }

  /** Has the browser keep a value for this application; scripts do not see it. */
  public void cookie(String name, String value, Duration keep) {
    Cookie cookie = new Cookie(name, value);
    String path = request.getContextPath();
    cookie.setPath(path.isEmpty() ? "/" : path);
    cookie.setMaxAge((int) keep.toSeconds());
    cookie.setHttpOnly(true);
    cookie.setSecure(request.isSecure());
    cookie.setAttribute("SameSite", "Lax");
    response.addCookie(cookie);
  }

  /** The whole number in the path; anything else names no row that could exist. */
  public long id(String parameter) {
    try {
      return Long.parseLong(parameters.getOrDefault(parameter, ""));
    } catch (NumberFormatException e) {
      throw Problem.notFound("`" + parameters.get(parameter) + "` is not an id.");
    }
  }

  public int query(String name, int fallback, int min, int max) {
    String value = request.getParameter(name);
    if (value == null) {
      return fallback;
    }
    try {
      int number = Integer.parseInt(value);
      if (number >= min && number <= max) {
        return number;
      }
    } catch (NumberFormatException e) {
      // told below
    }
    throw Problem.badRequest(
        "`" + name + "` must be a whole number from " + min + " to " + max + ".");
  }

  public Body body() {
    require("application/json");
    return new Body(Json.parse(bytes()));
  }

  /** The body of a request that may come without one. */
  public @Nullable Body optionalBody() {
    byte[] bytes = bytes();
    if (bytes.length == 0) {
      return null;
    }
    require("application/json");
    return new Body(Json.parse(bytes));
  }

  public String text() {
    require("text/plain");
    try {
      return StandardCharsets.UTF_8.newDecoder().decode(ByteBuffer.wrap(bytes())).toString();
    } catch (CharacterCodingException e) {
      throw Problem.badRequest("The body is not valid UTF-8.");
    }
  }

  private void require(String type) {
    String actual = request.getContentType();
    String bare = actual == null ? "" : actual.split(";", 2)[0].strip().toLowerCase(Locale.ROOT);
    if (!bare.equals(type)) {
      throw new Problem(415, "BAD_REQUEST", "Send this with Content-Type: " + type + ".");
    }
  }

  private byte[] bytes() {
    try {
      byte[] bytes = request.getInputStream().readNBytes(MAX_BODY_BYTES + 1);
      if (bytes.length > MAX_BODY_BYTES) {
        throw new Problem(
            413, "TOO_LARGE", "The body may have at most " + MAX_BODY_BYTES + " bytes.");
      }
      return bytes;
    } catch (IOException e) {
      throw Problem.badRequest("The body could not be read.");
    }
  }
}
