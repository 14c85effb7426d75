package dev.tidewire.protocol;

/**
 * Every WebSocket close code that the bus uses. Clients treat unknown codes from 4000 to 4499 as
 * "retry with backoff" and from 4500 as "stop". An immutable constant, safe for any thread.
 */
public enum CloseCode {
  /** Wanted by the client; no retry. */
  NORMAL(1000, "normal"),
  /** The server stops or redeploys; retry, spread by the advice. */
  GOING_AWAY(1001, "server going away"),
  /** Binary message on the text endpoint. */
  UNSUPPORTED(1003, "text only"),
  /** The message is larger than the welcome's {@code maxFrameBytes}. */
  TOO_BIG(1009, "message too big"),
  /** Yjs: the document cannot be loaded or stored now, or there are too many connections; retry. */
  TRY_AGAIN(1013, "try again later"),
  /** Nothing heard for ping interval and time-out; retry. */
  PING_TIMEOUT(4000, "ping timeout"),
  /** Not authenticated, or no longer; retry only with a new token. */
  UNAUTHORIZED(4001, "unauthorized"),
  /** The client reads too slowly; retry, resumes by cursor. */
  SLOW_CONSUMER(4008, "slow consumer"),
  /** The server lost the session's place; retry. */
  POSITION_LOST(4010, "position lost"),
  /** Too many frames; retry after the advice. */
  RATE_LIMITED(4029, "rate limited"),
  /** Yjs: the message or the update in it is malformed; stock clients do not retry 4400 to 4499. */
  YJS_MALFORMED(4400, "malformed message"),
  /** Yjs: not authenticated, or no longer. */
  YJS_UNAUTHORIZED(4401, "unauthorized"),
  /** Yjs: the room may not be read. */
  YJS_FORBIDDEN(4403, "forbidden"),
  /** Yjs: the message, or the document with it, is too large. */
  YJS_TOO_BIG(4413, "too big"),
  /** The handshake is not allowed; no retry. */
  FORBIDDEN(4503, "forbidden"),
  /** Repeatedly malformed frames; no retry. */
  PROTOCOL_ABUSE(4509, "protocol abuse");

  private final int code;
  private final String reason;

  CloseCode(int code, String reason) {
    this.code = code;
    this.reason = reason;
  }

  /** Whether the server, by closing so, wants the client to come back by itself. */
  public boolean asksBack() {
    return this == GOING_AWAY
        || this == PING_TIMEOUT
        || this == SLOW_CONSUMER
        || this == POSITION_LOST
        || this == RATE_LIMITED;
  }

  /** The number on the wire. */
  public int code() {
    return code;
  }

  /** The close frame's reason. */
  public String reason() {
    return reason;
  }
}
