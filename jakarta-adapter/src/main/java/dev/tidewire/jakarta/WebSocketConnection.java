package dev.tidewire.jakarta;

import dev.tidewire.transport.BinaryConnection;
import dev.tidewire.transport.Connection;
import dev.tidewire.transport.Frame;
import dev.tidewire.transport.Transport;
import jakarta.websocket.CloseReason;
import jakarta.websocket.RemoteEndpoint;
import jakarta.websocket.SendHandler;
import jakarta.websocket.Session;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.concurrent.Executor;
import java.util.concurrent.atomic.AtomicBoolean;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** The WebSocket under a session or a Yjs client. Safe for any thread. */
class WebSocketConnection implements Connection, BinaryConnection {

  private static final Logger log = LoggerFactory.getLogger(WebSocketConnection.class);

  private static final long NO_TIMEOUT = -1;

  /** Time for the closing handshake; a client that does not read is then cut off. */
  private static final long CLOSE_TIMEOUT_MS = 5_000;

  private final Session socket;
  private final RemoteEndpoint.Async remote;
  private final String address;
  private final Executor closing;
  private final AtomicBoolean closed = new AtomicBoolean();

  /** See {@link #of}. */
  WebSocketConnection(Session socket, String address, Executor closing) {
    this.socket = socket;
    this.address = address;
    this.closing = closing;
    this.remote = socket.getAsyncRemote();
    remote.setSendTimeout(NO_TIMEOUT); // the core watches all sends by one timer
  }

  /**
   * The connection of its container: Jetty's, where it is the container and the application can see
   * its classes, or the portable one.
   *
   * @param closing closes sockets: some containers wait for the client when they do
   */
  static WebSocketConnection of(Session socket, String address, Executor closing) {
    WebSocketConnection jetty = null;
    if (socket.getClass().getName().startsWith("org.eclipse.jetty.")) {
      try {
        jetty = JettyConnection.of(socket, address, closing);
      } catch (LinkageError e) { // a deployed application, from which its container hides them
      }
    }
    return jetty != null ? jetty : new WebSocketConnection(socket, address, closing);
  }

  @Override
  public void send(Frame frame, Completion completion) {
    try {
      remote.sendText(frame.text(), tell(completion));
    } catch (RuntimeException e) { // closed meanwhile
      completion.failed(e);
    }
  }

  @Override
  public void send(byte[] message, Completion completion) {
    try {
      remote.sendBinary(ByteBuffer.wrap(message), tell(completion));
    } catch (RuntimeException e) { // closed meanwhile
      completion.failed(e);
    }
  }

  private static SendHandler tell(Completion completion) {
    return result -> {
      if (result.isOK()) {
        completion.sent();
      } else {
        completion.failed(result.getException());
      }
    };
  }

  @Override
  public void close(int code, String reason) {
    if (closed.compareAndSet(false, true)) {
      closing.execute(() -> closeNow(code, reason));
    }
  }

  private void closeNow(int code, String reason) {
    try {
      socket.close(new CloseReason(CloseReason.CloseCodes.getCloseCode(code), reason));
      if (socket.isOpen()) { // only now: a silent client would be cut off before it hears why
        socket.setMaxIdleTimeout(CLOSE_TIMEOUT_MS);
      }
    } catch (IOException | RuntimeException e) {
      log.atDebug()
          .addKeyValue("address", address)
          .addKeyValue("socket", socket.getId())
          .log("WebSocket {} did not close in order: {}", socket.getId(), e.toString());
    }
  }

  @Override
  public String remoteAddress() {
    return address;
  }

  @Override
  public Transport transport() {
    return Transport.WEBSOCKET;
  }
}
