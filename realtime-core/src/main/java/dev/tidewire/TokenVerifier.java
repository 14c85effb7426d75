package dev.tidewire;

import org.jspecify.annotations.Nullable;

/**
 * Turns a token into an identity: the one place where tokens are checked, whichever way they come
 * in. Runs on the thread that delivered the token and may block. Must be safe for any thread.
 */
@FunctionalInterface
public interface TokenVerifier {

  /**
   * Checks the token.
   *
   * @return who it belongs to, or null if it is not valid; an exception means "cannot tell now",
   *     and the client may try again
   */
  @Nullable Identity verify(String token);
}
