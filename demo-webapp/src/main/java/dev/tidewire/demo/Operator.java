package dev.tidewire.demo;

import dev.tidewire.Identity;
import jakarta.servlet.http.HttpServletRequest;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * Who may look into the demo's bus: there are no accounts, so it is whoever sits at the server's
 * own machine, and did not come through a proxy there. Stateless, safe for any thread.
 */
final class Operator {
  private static final String ROLE = "operator";
  private static final Set<String> LOCAL = Set.of("127.0.0.1", "::1", "0:0:0:0:0:0:0:1");

  private Operator() {}

  static boolean is(Identity who) {
    return who.roles().contains(ROLE);
  }

  /**
   * The visitor, with the operator's role if it is one; the inspector lets even strangers be it.
   */
  static @Nullable Identity of(@Nullable Identity visitor, HttpServletRequest request) {
    if (!isLocal(request)) {
      return visitor;
    }
    boolean inspects = String.valueOf(request.getPathInfo()).startsWith("/inspector");
    Identity who = visitor == null && inspects ? Identity.of(ROLE) : visitor;
    return who == null ? null : who.withRoles(Set.of(ROLE));
  }

  private static boolean isLocal(HttpServletRequest request) {
    return LOCAL.contains(request.getRemoteAddr())
        && request.getHeader("Forwarded") == null
        && request.getHeader("X-Forwarded-For") == null;
  }
}
