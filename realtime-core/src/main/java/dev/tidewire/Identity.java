package dev.tidewire;

import java.time.Instant;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * Who is at the other end of a connection; settled once, by the container's login, the HTTP session
 * or a verified token, never by what a frame says. Immutable, safe for any thread.
 *
 * @param userId 1 to 128 characters; connections with the same id are the same user
 * @param roles what the user may be called; the bus itself gives them no meaning
 * @param expiresAt when the proof of identity ends; the connection is closed within a second after
 *     it unless a new token came; null for never
 * @param guest true if nobody vouches for the user
 */
public record Identity(
    String userId, Set<String> roles, @Nullable Instant expiresAt, boolean guest) {

  private static final int MAX_LENGTH = 128;

  public Identity {
    if (userId.isEmpty() || userId.length() > MAX_LENGTH) {
      throw new IllegalArgumentException("userId must be 1 to 128 characters: '" + userId + "'");
    }
    roles = Set.copyOf(roles);
  }

  /** A known user. */
  public static Identity of(String userId) {
    return new Identity(userId, Set.of(), null, false);
  }

  /** Somebody nobody vouches for. */
  public static Identity guest(String userId) {
    return new Identity(userId, Set.of(), null, true);
  }

  /** The same user with these roles. */
  public Identity withRoles(Set<String> newRoles) {
    return new Identity(userId, newRoles, expiresAt, guest);
  }

  /** The same user until {@code instant}. */
  public Identity until(Instant instant) {
    return new Identity(userId, roles, instant, guest);
  }
}
