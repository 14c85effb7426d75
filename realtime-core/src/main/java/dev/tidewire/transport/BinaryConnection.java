package dev.tidewire.transport;

/**
 * A live link that carries binary messages: what {@link Connection} is for text. The same rules
 * hold: {@link #send} is called again only after the completion of the call before it, {@link
 * #close} at any time and from any thread, and no method may block on the client.
 */
public interface BinaryConnection {

  /**
   * Sends one binary message without blocking, then calls {@code completion} exactly once, on any
   * thread, possibly before this method returns. Must not throw, and not change the bytes: others
   * are sent the same.
   */
  void send(byte[] message, Connection.Completion completion);

  /**
   * Closes the link. Later calls have no effect.
   *
   * @param code WebSocket close code
   * @param reason at most 123 bytes of UTF-8, without secrets or payload
   */
  void close(int code, String reason);
}
