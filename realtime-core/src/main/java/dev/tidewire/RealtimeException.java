package dev.tidewire;

import org.jspecify.annotations.Nullable;

/** Something in the bus failed; the subclass names what. */
public class RealtimeException extends RuntimeException {

  private static final long serialVersionUID = 1L;

  /**
   * @param message what failed, without payloads or secrets
   * @param cause why, or null
   */
  public RealtimeException(String message, @Nullable Throwable cause) {
    super(message, cause);
  }
}
