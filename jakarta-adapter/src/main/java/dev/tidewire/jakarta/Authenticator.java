package dev.tidewire.jakarta;

import dev.tidewire.Identity;
import dev.tidewire.Realtime;
import dev.tidewire.RealtimeException;
import dev.tidewire.Rejection;
import dev.tidewire.protocol.ErrorCode;
import jakarta.servlet.http.HttpServletRequest;
import jakarta.servlet.http.HttpSession;
import java.security.Principal;
import java.util.HashSet;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/** Settles who sends a request, the same way for every endpoint. Safe for any thread. */
final class Authenticator {

  private static final String BEARER = "Bearer ";

  private final Realtime realtime;
  private final HandshakePolicy policy;

  Authenticator(Realtime realtime, HandshakePolicy policy) {
    this.realtime = realtime;
    this.policy = policy;
  }

  /**
   * The sender, or {@link Login#none} if nothing in the request tells.
   *
   * @throws Rejection if it proves a wrong identity
   * @throws RealtimeException if that cannot be told now
   */
  Login login(HttpServletRequest request) {
    Identity own = askApplication(request);
    if (own != null) {
      return Login.of(own);
    }
    HttpSession session = request.getSession(false);
    Principal principal = request.getUserPrincipal();
    if (principal != null) {
      Identity identity = withRoles(Identity.of(principal.getName()), request);
      return session != null && livesInSession(request)
          ? Login.inSession(identity, session.getId(), false)
          : Login.of(identity);
    }
    Identity kept = session == null ? null : kept(session);
    if (session != null && kept != null) {
      return Login.inSession(kept, session.getId(), true);
    }
    String token = token(request);
    if (token == null) {
      return Login.none();
    }
    Identity verified = realtime.verify(token);
    if (verified == null) {
      throw new Rejection(ErrorCode.UNAUTHORIZED, "the token is not valid");
    }
    return Login.of(verified);
  }

  private @Nullable Identity askApplication(HttpServletRequest request) {
    try {
      return policy.first().apply(request);
    } catch (Rejection e) {
      throw e;
    } catch (RuntimeException e) {
      throw new RealtimeException("the identity function of the HandshakePolicy failed", e);
    }
  }

  /** Credentials that come with every request outlive the HTTP session; others end with it. */
  private static boolean livesInSession(HttpServletRequest request) {
    String how = request.getAuthType();
    return !HttpServletRequest.BASIC_AUTH.equals(how)
        && !HttpServletRequest.DIGEST_AUTH.equals(how)
        && !HttpServletRequest.CLIENT_CERT_AUTH.equals(how);
  }

  private Identity withRoles(Identity identity, HttpServletRequest request) {
    Set<String> has = new HashSet<>(policy.roles());
    has.removeIf(role -> !request.isUserInRole(role));
    return has.isEmpty() ? identity : identity.withRoles(has);
  }

  private @Nullable Identity kept(HttpSession session) {
    try {
      return identityOf(session.getAttribute(policy.sessionAttribute()));
    } catch (IllegalStateException e) {
      return null; // it ended just now
    }
  }

  /**
   * What the session's attribute says.
   *
   * @throws ClassCastException if it is something else, which only the application can put right
   */
  @Nullable Identity identityOf(@Nullable Object attribute) {
    if (attribute == null) {
      return null;
    }
    if (attribute instanceof Identity identity) {
      return identity;
    }
    if (attribute instanceof Principal principal) {
      return Identity.of(principal.getName());
    }
    if (attribute instanceof String userId) {
      return Identity.of(userId);
    }
    throw new ClassCastException(
        "session attribute '"
            + policy.sessionAttribute()
            + "' holds a "
            + attribute.getClass().getName()
            + "; an Identity, a Principal or a user id (String) is needed");
  }

  private @Nullable String token(HttpServletRequest request) {
    String header = request.getHeader("Authorization");
    if (header != null && header.regionMatches(true, 0, BEARER, 0, BEARER.length())) {
      return header.substring(BEARER.length()).trim();
    }
    String inUrl = Parameters.optional(request, "token");
    if (inUrl != null && !policy.takesTokenInUrl()) {
      throw new Rejection(
          ErrorCode.UNAUTHORIZED,
          "tokens in the URL are not taken: send an auth frame, or allow them with"
              + " HandshakePolicy.tokenInUrl()");
    }
    return inUrl;
  }
}
