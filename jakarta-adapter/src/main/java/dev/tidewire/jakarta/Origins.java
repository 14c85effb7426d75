package dev.tidewire.jakarta;

import jakarta.servlet.http.HttpServletRequest;
import java.util.HashMap;
import java.util.Locale;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** Where requests come from, as far as the policy believes them. Immutable, safe for any thread. */
final class Origins {

  private final HandshakePolicy policy;

  Origins(HandshakePolicy policy) {
    this.policy = policy;
  }

  /** How the sender of a request stands to the application. */
  enum Standing {
    /** No page: a program, or a plain navigation. */
    NONE,
    /** A page of the application itself. */
    OWN,
    /** A page of a site on the list. */
    LISTED,
    /** A page of some other site. */
    FOREIGN
  }

  Standing standing(HttpServletRequest request) {
    String origin = request.getHeader("Origin");
    if (origin == null) {
      return Standing.NONE;
    }
    Site site = Site.parse(origin);
    if (site == null) {
      return Standing.FOREIGN;
    }
    if (site.equals(own(request))) {
      return Standing.OWN;
    }
    return policy.allows(site) ? Standing.LISTED : Standing.FOREIGN;
  }

  /** The application's own site, as the sender of the request addressed it. */
  Site own(HttpServletRequest request) {
    Site direct = new Site(request.getScheme(), request.getServerName(), request.getServerPort());
    if (!policy.trustsForwarded()) {
      return direct;
    }
    Map<String, String> forwarded = forwarded(request);
    String scheme = forwarded.getOrDefault("proto", direct.scheme());
    String host = forwarded.get("host");
    Site told = host == null ? null : Site.parse(scheme + "://" + host);
    if (told == null) {
      told = new Site(scheme, direct.host(), direct.hasUsualPort() ? -1 : direct.port());
    }
    return new Site(told.scheme(), told.host(), port(forwarded.get("port"), told.port()));
  }

  /** The sender's network address. */
  String address(HttpServletRequest request) {
    String direct = request.getRemoteAddr();
    String told = policy.trustsForwarded() ? forwarded(request).get("for") : null;
    return told != null ? told : direct == null ? "" : direct;
  }

  private static int port(@Nullable String text, int otherwise) {
    try {
      return text == null ? otherwise : Integer.parseInt(text);
    } catch (NumberFormatException e) {
      return otherwise;
    }
  }

  /**
   * What proxies said: the address the browser used is what the first one saw, the address of the
   * browser is what the last one (the only one known to be ours) saw.
   */
  private static Map<String, String> forwarded(HttpServletRequest request) {
    Map<String, String> said = new HashMap<>();
    String standard = joined(request, "Forwarded");
    if (standard != null) { // RFC 7239
      for (String hop : standard.split(",")) {
        for (String pair : hop.split(";")) {
          int equals = pair.indexOf('=');
          if (equals > 0) {
            put(
                said,
                pair.substring(0, equals).trim().toLowerCase(Locale.ROOT),
                pair.substring(equals + 1));
          }
        }
      }
      return said;
    }
    for (String name : new String[] {"Proto", "Host", "Port", "For"}) {
      String values = joined(request, "X-Forwarded-" + name);
      if (values != null) {
        for (String value : values.split(",")) {
          put(said, name.toLowerCase(Locale.ROOT), value);
        }
      }
    }
    return said;
  }

  private static @Nullable String joined(HttpServletRequest request, String header) {
    var values = request.getHeaders(header);
    if (values == null || !values.hasMoreElements()) {
      return null;
    }
    StringBuilder all = new StringBuilder(values.nextElement());
    while (values.hasMoreElements()) {
      all.append(',').append(values.nextElement());
    }
    return all.toString();
  }

  private static void put(Map<String, String> said, String name, String quoted) {
    String value = quoted.trim().replace("\"", "");
    if (value.isEmpty()) {
      return;
    }
    if (name.equals("for")) {
      said.put(name, withoutPort(value));
    } else {
      said.putIfAbsent(name, value);
    }
  }

  private static String withoutPort(String address) {
    if (address.startsWith("[")) {
      int end = address.indexOf(']');
      return end < 0 ? address : address.substring(1, end);
    }
    int colon = address.indexOf(':');
    return colon >= 0 && colon == address.lastIndexOf(':') ? address.substring(0, colon) : address;
  }
}
