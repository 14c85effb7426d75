package dev.tidewire.jakarta;

import java.net.URI;
import java.net.URISyntaxException;
import java.util.Locale;
import org.jspecify.annotations.Nullable;

/**
 * What a browser calls an origin: scheme, host and port, compared exactly. Immutable, safe for any
 * thread.
 */
record Site(String scheme, String host, int port) {

  private static final int HTTP_PORT = 80;
  private static final int HTTPS_PORT = 443;
  private static final int MAX_PORT = 65_535;

  Site {
    scheme = web(scheme.toLowerCase(Locale.ROOT));
    host = host.toLowerCase(Locale.ROOT);
    if (host.startsWith("[") && host.endsWith("]")) {
      host = host.substring(1, host.length() - 1); // some containers name IPv6 hosts without them
    }
    if (port <= 0) {
      port = scheme.equals("https") ? HTTPS_PORT : HTTP_PORT;
    }
  }

  boolean hasUsualPort() {
    return port == (scheme.equals("https") ? HTTPS_PORT : HTTP_PORT);
  }

  private static String web(String scheme) {
    return switch (scheme) {
      case "ws" -> "http";
      case "wss" -> "https";
      default -> scheme;
    };
  }

  /** Reads an {@code Origin} header (RFC 6454); null if it names no site, as {@code null} does. */
  static @Nullable Site parse(String origin) {
    URI uri;
    try {
      uri = new URI(origin);
    } catch (URISyntaxException e) {
      return null;
    }
    if (uri.isOpaque()) {
      return null;
    }
    String scheme = uri.getScheme();
    String host = uri.getHost();
    boolean more =
        uri.getRawUserInfo() != null
            || uri.getRawQuery() != null
            || uri.getRawFragment() != null
            || !uri.getRawPath().isEmpty();
    if (scheme == null || host == null || more || uri.getPort() > MAX_PORT) {
      return null;
    }
    return new Site(scheme, host, uri.getPort());
  }

  /** As a browser writes it. */
  @Override
  public String toString() {
    String name = host.indexOf(':') < 0 ? host : '[' + host + ']';
    return scheme + "://" + name + (hasUsualPort() ? "" : ":" + port);
  }
}
