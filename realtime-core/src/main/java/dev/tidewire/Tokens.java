package dev.tidewire;

import dev.tidewire.protocol.ErrorCode;
import java.time.Clock;
import java.time.Instant;
import org.jspecify.annotations.Nullable;

/**
 * What the application makes of tokens. Immutable, safe for any thread.
 *
 * @param verifier null if tokens are not taken
 */
record Tokens(@Nullable TokenVerifier verifier, Clock clock) {

  /** Whose token it is; null if it is not valid, or no longer. */
  @Nullable Identity verify(String token) {
    if (verifier == null) {
      throw new Rejection(
          ErrorCode.UNAUTHORIZED,
          "this server takes no tokens: set Realtime.builder().tokens(...)");
    }
    Identity verified;
    try {
      verified = verifier.verify(token);
    } catch (Rejection e) {
      throw e;
    } catch (RuntimeException e) {
      throw new RealtimeException("the token verifier failed", e);
    }
    Instant expiry = verified == null ? null : verified.expiresAt();
    return expiry != null && expiry.toEpochMilli() <= clock.millis() ? null : verified;
  }
}
