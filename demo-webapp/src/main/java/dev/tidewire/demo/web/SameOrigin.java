package dev.tidewire.demo.web;

import jakarta.servlet.http.HttpServletRequest;
import java.net.InetAddress;
import java.net.URI;
import java.net.UnknownHostException;
import java.util.Locale;
import java.util.Set;

/** Where a request came from: our own pages or tools, another site, this machine. Stateless. */
public final class SameOrigin {
  private static final Set<String> LOOPBACK_NAMES =
      Set.of("localhost", "127.0.0.1", "[::1]", "::1");

  private SameOrigin() {}

  /**
   * Refuses what a page of another site sent; a request without {@code Origin} is no browser's
   * cross-site write.
   */
  public static void require(HttpServletRequest request) {
    String origin = request.getHeader("Origin");
    String site = request.getHeader("Sec-Fetch-Site");
    boolean foreignSite = site != null && !site.equals("same-origin") && !site.equals("none");
    if (foreignSite || (origin != null && !origin.equalsIgnoreCase(own(request)))) {
      throw Problem.forbidden("Only this application's own pages may do that.");
    }
  }

  /**
   * Refuses what does not come from this machine under one of its own names; the name matters
   * because a foreign name may have been pointed at the loopback address (DNS rebinding).
   */
  public static void requireLoopback(HttpServletRequest request) {
    if (!LOOPBACK_NAMES.contains(request.getServerName().toLowerCase(Locale.ROOT))
        || !isLoopback(request.getRemoteAddr())) {
      throw Problem.forbidden("This works from the machine that runs the demo only.");
    }
  }

  private static boolean isLoopback(String address) {
    try {
      return InetAddress.getByName(address).isLoopbackAddress();
    } catch (UnknownHostException e) {
      return false;
    }
  }

  private static String own(HttpServletRequest request) {
    URI url = URI.create(request.getRequestURL().toString());
    return url.getScheme() + "://" + url.getRawAuthority();
  }
}
