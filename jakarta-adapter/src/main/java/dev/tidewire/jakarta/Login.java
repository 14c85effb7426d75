package dev.tidewire.jakarta;

import dev.tidewire.Identity;
import org.jspecify.annotations.Nullable;

/** How a request proved who sent it. Two tabs of one user are two logins. Safe for any thread. */
final class Login {

  private final @Nullable Identity identity;
  private final boolean fromAttribute;
  private volatile @Nullable String sessionId;
  private volatile boolean ended;
  private volatile @Nullable Identity now;

  /**
   * @param sessionId the HTTP session whose end ends the login, or null
   * @param fromAttribute whether it also ends with the session's attribute
   */
  private Login(@Nullable Identity identity, @Nullable String sessionId, boolean fromAttribute) {
    this.identity = identity;
    this.now = identity;
    this.sessionId = sessionId;
    this.fromAttribute = fromAttribute;
  }

  /** Nothing said who it is; the bus decides. */
  static Login none() {
    return new Login(null, null, false);
  }

  /** Proved by the request alone. */
  static Login of(Identity identity) {
    return new Login(identity, null, false);
  }

  /** Good until the HTTP session ends and, if so said, while the login attribute is in it. */
  static Login inSession(Identity identity, String sessionId, boolean fromAttribute) {
    // A copy of its own, so that this very login can be told from an equal one.
    Identity own =
        new Identity(identity.userId(), identity.roles(), identity.expiresAt(), identity.guest());
    return new Login(own, sessionId, fromAttribute);
  }

  @Nullable Identity identity() {
    return identity;
  }

  /** The same user, perhaps with other roles; whether it is another identity than before. */
  boolean becomes(Identity other) {
    boolean differs = !other.equals(now);
    now = other;
    return differs;
  }

  boolean isIn(String session) {
    return session.equals(sessionId);
  }

  void moveTo(String session) {
    sessionId = session;
  }

  boolean livesInSession() {
    return sessionId != null;
  }

  boolean fromAttribute() {
    return fromAttribute;
  }

  /** Whether its session said that it is over. */
  boolean ended() {
    return ended;
  }

  void end() {
    ended = true;
  }
}
