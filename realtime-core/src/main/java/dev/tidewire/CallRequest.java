package dev.tidewire;

import dev.tidewire.protocol.FrameCodec;

/** A client's request to a handler of the application. Immutable, safe for any thread. */
public final class CallRequest {

  private final FrameCodec codec;
  private final Identity identity;
  private final String method;
  private final String json;

  CallRequest(FrameCodec codec, Identity identity, String method, String json) {
    this.codec = codec;
    this.identity = identity;
    this.method = method;
    this.json = json;
  }

  /** Who asks. */
  public Identity identity() {
    return identity;
  }

  /** The method's name. */
  public String method() {
    return method;
  }

  /** The argument as JSON text, {@code null} if there is none. */
  public String json() {
    return json;
  }

  /**
   * The argument as a Java value: a map, a record, a bean.
   *
   * @throws Rejection telling the client {@code BAD_REQUEST} if it has another shape or is missing
   */
  public <T> T as(Class<T> type) {
    return Rejection.unlessRead(codec, json, type);
  }
}
