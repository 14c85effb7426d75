package dev.tidewire.jakarta;

import dev.tidewire.protocol.CloseCode;
import dev.tidewire.transport.Connection;
import dev.tidewire.transport.Session;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Hands what comes in over a WebSocket to its session. Parts of a message are joined here rather
 * than by the container, so that the bound is the session's in every container.
 *
 * <p>Parts come from one thread at a time; {@link #closed} may be called by any.
 */
final class WebSocketReceiver {

  private static final Logger log = LoggerFactory.getLogger(WebSocketReceiver.class);

  private final Session session;
  private final Connection connection;
  private final int maxBytes;
  private final StringBuilder message = new StringBuilder(0);
  private volatile boolean deaf;

  /**
   * @param maxBytes bytes of a message, 0 for unlimited
   */
  WebSocketReceiver(Session session, Connection connection, int maxBytes) {
    this.session = session;
    this.connection = connection;
    this.maxBytes = maxBytes;
  }

  void text(String part, boolean last) {
    if (deaf) {
      return;
    }
    if (last && message.isEmpty()) {
      receive(part);
      return;
    }
    message.append(part);
    boolean tooBig = maxBytes > 0 && message.length() > maxBytes;
    if (last || tooBig) {
      receive(message.toString()); // the session closes what is too big
      message.setLength(0);
      deaf = tooBig;
    }
  }

  private void receive(String text) {
    try {
      session.receive(text);
    } catch (RuntimeException e) {
      log.atError()
          .addKeyValue("session", session.id())
          .setCause(e)
          .log("Session {} failed; its client is told to come back", session.id());
      close(CloseCode.GOING_AWAY);
    }
  }

  void binary() {
    close(CloseCode.UNSUPPORTED);
  }

  void pong() {
    session.touch();
  }

  private void close(CloseCode code) {
    connection.close(code.code(), code.reason());
    closed(code.code());
  }

  void closed(int code) {
    deaf = true;
    session.closed(code);
  }
}
