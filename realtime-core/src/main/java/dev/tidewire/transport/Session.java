package dev.tidewire.transport;

/**
 * The server's side of one client, as its adapter sees it. Returned by {@code Realtime.connect}.
 *
 * <p>Safe for any thread; frames given to {@link #receive} one after another are processed in that
 * order.
 */
public interface Session {

  /** Names the session in logs; not a secret. */
  String id();

  /**
   * Processes a text message: one or more JSON frames separated by line breaks. Answers go through
   * the connection. Application code (access policy, interceptors, call handlers) runs on the
   * calling thread, so a handler that blocks slows this client alone.
   */
  void receive(String text);

  /** Counts as a sign of life without carrying a frame (a WebSocket pong, a poll request). */
  void touch();

  /** The link is gone. Later calls have no effect. */
  void closed(int code);
}
