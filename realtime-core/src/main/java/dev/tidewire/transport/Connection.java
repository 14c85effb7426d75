package dev.tidewire.transport;

/**
 * The live link under a session: the one interface a container adapter implements.
 *
 * <p>The core calls {@link #send} again only after the completion of the call before it, so an
 * implementation never sees two sends at once; {@link #close} may come at any time and from any
 * thread, also during a send. No method may block on the client.
 */
public interface Connection {

  /**
   * Sends one text message to the client without blocking, then calls {@code completion} exactly
   * once, on any thread, possibly before this method returns. Must not throw: a failure goes to the
   * completion.
   */
  void send(Frame frame, Completion completion);

  /**
   * Closes the link. Later calls have no effect. The adapter calls {@link Session#closed} when the
   * link is gone, whoever closed it.
   *
   * @param code WebSocket close code
   * @param reason at most 123 bytes of UTF-8, without secrets or payload
   */
  void close(int code, String reason);

  /** The client's network address for limits and logs, without a port, or an empty string. */
  String remoteAddress();

  /** What kind of link it is, for statistics. */
  default Transport transport() {
    return Transport.OTHER;
  }

  /**
   * Called about once a second while the session lives, for what a transport does by time:
   * heartbeats, the end of a long poll. By default does nothing.
   */
  default void tick() {}

  /** How a send ended. */
  interface Completion {

    /** The message was handed to the network. */
    void sent();

    /** The link is broken; the core closes the session. */
    void failed(Throwable cause);
  }
}
