package dev.tidewire.protocol;

/**
 * Every error code of the bus itself. Application handlers may reject with codes of their own in
 * lower case. An immutable constant, safe for any thread.
 */
public enum ErrorCode {
  /** Nobody is known to be at the other end, or the token is not valid. */
  UNAUTHORIZED(401, false),
  /** The access policy says no, or only the server may do this. */
  FORBIDDEN(403, false),
  /** The frame cannot be read, or a field has a value that cannot be. */
  BAD_REQUEST(400, false),
  /** No such frame type. */
  UNKNOWN_TYPE(400, false),
  /** No such channel, or no such call method. */
  UNKNOWN_TOPIC(404, false),
  /** The command needs a subscription that this session does not have. */
  NOT_SUBSCRIBED(409, false),
  /** A payload is larger than allowed. */
  TOO_LARGE(413, false),
  /** Too many frames in too short a time. */
  RATE_LIMITED(429, true),
  /** A count is at its limit. */
  LIMIT_EXCEEDED(422, false),
  /** The command contradicts the present state. */
  CONFLICT(409, false),
  /** What was asked for is gone for good. */
  UNRECOVERABLE(410, false),
  /** A backend does not answer; nothing was accepted. */
  UNAVAILABLE(503, true),
  /** The server failed; its log has the cause under the correlation id of the message. */
  INTERNAL(500, true);

  private final int httpStatus;
  private final boolean temporary;

  ErrorCode(int httpStatus, boolean temporary) {
    this.httpStatus = httpStatus;
    this.temporary = temporary;
  }

  /** The status of an HTTP answer with this code. */
  public int httpStatus() {
    return httpStatus;
  }

  /** Whether the same request may succeed later. */
  public boolean temporary() {
    return temporary;
  }
}
