package dev.tidewire.protocol;

import org.jspecify.annotations.Nullable;

/** One frame from a client: a command, or something that is none. Immutable. */
public sealed interface Inbound permits Command, Inbound.Refused {

  /** The client's id as raw JSON, or null if there is none or it could not be read. */
  @Nullable String id();

  /**
   * A frame that is no command.
   *
   * @param malformed true if it is not even a frame (no JSON, no object, no type): repeated, that
   *     ends the connection
   */
  record Refused(@Nullable String id, ErrorCode code, String message, boolean malformed)
      implements Inbound {}
}
