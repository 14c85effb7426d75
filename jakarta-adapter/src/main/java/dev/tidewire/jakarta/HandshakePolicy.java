package dev.tidewire.jakarta;

import dev.tidewire.Identity;
import jakarta.servlet.http.HttpServletRequest;
import java.util.HashSet;
import java.util.Set;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/**
 * Who gets in: from which web sites, and as whom. The same policy judges WebSocket handshakes and
 * HTTP requests.
 *
 * <p>An identity is looked for in this order, and the first one found counts: the application's own
 * function, the container's login ({@code Principal}), the HTTP session, a token ({@code
 * Authorization: Bearer}, or in the URL if that is allowed). Where none is found the bus decides: a
 * guest, or whoever the first frame of the connection proves to be.
 *
 * <p>Immutable; every method returns a changed copy. Safe for any thread.
 */
public final class HandshakePolicy {

  /** Where an identity is looked for in the HTTP session if nothing else is said. */
  public static final String SESSION_ATTRIBUTE = "tidewire.identity";

  private static final HandshakePolicy SAME_ORIGIN =
      new HandshakePolicy(Set.of(), false, false, SESSION_ATTRIBUTE, Set.of(), request -> null);

  private final Set<Site> allowed;
  private final boolean forwarded;
  private final boolean tokenInUrl;
  private final String sessionAttribute;
  private final Set<String> roles;
  private final Function<HttpServletRequest, @Nullable Identity> first;

  private HandshakePolicy(
      Set<Site> allowed,
      boolean forwarded,
      boolean tokenInUrl,
      String sessionAttribute,
      Set<String> roles,
      Function<HttpServletRequest, @Nullable Identity> first) {
    this.allowed = allowed;
    this.forwarded = forwarded;
    this.tokenInUrl = tokenInUrl;
    this.sessionAttribute = sessionAttribute;
    this.roles = roles;
    this.first = first;
  }

  /**
   * Browsers get in from the application's own pages only: scheme, host and port of the {@code
   * Origin} header must be those of the request. Requests without that header come from programs,
   * not from pages, and are let in. Tokens in the URL and forwarded headers do not count.
   */
  public static HandshakePolicy sameOrigin() {
    return SAME_ORIGIN;
  }

  /**
   * Lets in pages of these sites too, cookies included, and answers them with CORS headers.
   *
   * @param origins such as {@code https://shop.example} or {@code http://localhost:5173}
   * @throws IllegalArgumentException for anything that is not scheme, host and at most a port
   */
  public HandshakePolicy allowOrigins(String... origins) {
    Set<Site> more = new HashSet<>(allowed);
    for (String origin : origins) {
      Site site = Site.parse(origin);
      if (site == null) {
        throw new IllegalArgumentException(
            "not an origin like 'https://shop.example': '" + origin + "'");
      }
      more.add(site);
    }
    return new HandshakePolicy(
        Set.copyOf(more), forwarded, tokenInUrl, sessionAttribute, roles, first);
  }

  /**
   * Believes {@code Forwarded} or {@code X-Forwarded-Proto, -Host, -Port} and {@code -For} about
   * the address the browser used and where it is. Only for an application that can be reached
   * through its own proxy alone, and only if the container does not do it already.
   */
  public HandshakePolicy trustForwardedHeaders() {
    return new HandshakePolicy(allowed, true, tokenInUrl, sessionAttribute, roles, first);
  }

  /**
   * Takes a token from the parameter {@code token} of the URL. URLs end up in access logs and
   * browser histories: tokens should then be short-lived, and the connection encrypted.
   */
  public HandshakePolicy tokenInUrl() {
    return new HandshakePolicy(allowed, forwarded, true, sessionAttribute, roles, first);
  }

  /**
   * The attribute of the HTTP session that tells who is logged in: an {@link Identity}, a {@code
   * Principal}, or the user id as a string. Default {@value #SESSION_ATTRIBUTE}. When the attribute
   * goes, or the session ends, the connections that it let in are closed with 4001.
   */
  public HandshakePolicy sessionAttribute(String name) {
    return new HandshakePolicy(allowed, forwarded, tokenInUrl, name, roles, first);
  }

  /**
   * Roles that the container is asked about; those the user has are in the {@link Identity} that
   * its login gives. Default none, because a container cannot list them.
   */
  public HandshakePolicy roles(String... names) {
    return new HandshakePolicy(
        allowed, forwarded, tokenInUrl, sessionAttribute, Set.of(names), first);
  }

  /**
   * Asks the application first who sends a request. The function runs on the container's thread and
   * may block. It returns null to leave it to the other ways, and throws a {@link
   * dev.tidewire.Rejection} with {@code UNAUTHORIZED} or {@code FORBIDDEN} to refuse; any other
   * exception means "cannot tell now".
   */
  public HandshakePolicy identity(Function<HttpServletRequest, @Nullable Identity> function) {
    return new HandshakePolicy(allowed, forwarded, tokenInUrl, sessionAttribute, roles, function);
  }

  boolean allows(Site site) {
    return allowed.contains(site);
  }

  boolean trustsForwarded() {
    return forwarded;
  }

  boolean takesTokenInUrl() {
    return tokenInUrl;
  }

  String sessionAttribute() {
    return sessionAttribute;
  }

  Set<String> roles() {
    return roles;
  }

  Function<HttpServletRequest, @Nullable Identity> first() {
    return first;
  }
}
