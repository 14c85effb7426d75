package dev.tidewire.jakarta;

import jakarta.servlet.http.HttpServletRequest;
import jakarta.servlet.http.HttpServletResponse;
import java.io.IOException;
import java.io.InputStream;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * Files served out of the class path, such as the browser client's modules: they are there too
 * where the container does not serve {@code META-INF/resources}. Read once, then kept. Safe for any
 * thread.
 */
final class ClientFiles {

  /** One or more plain names; none begins with a dot, so none leads upwards. */
  private static final Pattern PATH =
      Pattern.compile("(/[A-Za-z0-9_-]+)*/[A-Za-z0-9_-]+(\\.[A-Za-z0-9_-]+)*\\.([a-z]+)");

  private static final Map<String, String> TYPES =
      Map.of(
          "js", "text/javascript; charset=utf-8",
          "mjs", "text/javascript; charset=utf-8",
          "ts", "application/typescript; charset=utf-8",
          "map", "application/json",
          "json", "application/json",
          "css", "text/css; charset=utf-8",
          "html", "text/html; charset=utf-8",
          "svg", "image/svg+xml");

  private final @Nullable ClassLoader applications;
  private final String root;
  private final Map<String, Content> known = new ConcurrentHashMap<>();

  /**
   * @param applications the application's loader, which has the client where the adapter is in a
   *     folder that applications share; null if the container gave it none
   * @param root the folder in the class path
   */
  ClientFiles(@Nullable ClassLoader applications, String root) {
    this.applications = applications;
    this.root = root;
  }

  @SuppressWarnings("ArrayRecordComponent") // never handed out
  private record Content(byte[] bytes, String type, String etag) {}

  /**
   * Answers a GET or HEAD.
   *
   * @param path what follows the base path, such as {@code /client.js}
   * @return false if there is no such file; then nothing has been written
   */
  boolean serve(String path, HttpServletRequest request, HttpServletResponse response)
      throws IOException {
    Content content = content(path);
    if (content == null) {
      return false;
    }
    response.setHeader("ETag", content.etag());
    response.setHeader("Cache-Control", "no-cache");
    response.setHeader("X-Content-Type-Options", "nosniff");
    if (matches(request.getHeader("If-None-Match"), content.etag())) {
      response.setStatus(HttpServletResponse.SC_NOT_MODIFIED);
      return true;
    }
    response.setContentType(content.type());
    response.setContentLength(content.bytes().length);
    if (!request.getMethod().equals("HEAD")) {
      response.getOutputStream().write(content.bytes());
    }
    return true;
  }

  private static boolean matches(@Nullable String asked, String etag) {
    if (asked == null) {
      return false;
    }
    return Arrays.stream(asked.split(","))
        .map(String::trim)
        .anyMatch(one -> one.equals("*") || one.equals(etag) || one.equals("W/" + etag));
  }

  private @Nullable Content content(String path) throws IOException {
    Content content = known.get(path);
    if (content == null) {
      content = read(path);
      if (content != null) { // misses are not kept: there is no end to them
        known.put(path, content);
      }
    }
    return content;
  }

  private @Nullable Content read(String path) throws IOException {
    var match = PATH.matcher(path);
    String type = match.matches() ? TYPES.get(match.group(3)) : null;
    if (type == null) {
      return null;
    }
    try (InputStream in = open(root + path)) {
      if (in == null) {
        return null;
      }
      byte[] bytes = in.readAllBytes();
      return new Content(bytes, type, '"' + digest(bytes) + '"');
    }
  }

  private @Nullable InputStream open(String resource) {
    InputStream in = applications == null ? null : applications.getResourceAsStream(resource);
    return in != null ? in : ClientFiles.class.getClassLoader().getResourceAsStream(resource);
  }

  private static String digest(byte[] bytes) {
    try {
      byte[] hash = MessageDigest.getInstance("SHA-256").digest(bytes);
      return HexFormat.of().formatHex(hash, 0, 10);
    } catch (NoSuchAlgorithmException e) {
      throw new IllegalStateException("every Java platform has SHA-256", e);
    }
  }
}
