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
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** The WebSocket under a session or a Yjs client. Safe for any thread. */
final class WebSocketConnection implements Connection, BinaryConnection {

  private static final Logger log = LoggerFactory.getLogger(WebSocketConnection.class);

  private static final long NO_TIMEOUT = -1;

  /** Time for the closing handshake; a client that does not read is then cut off. */
  private static final long CLOSE_TIMEOUT_MS = 5_000;

  private final Session socket;
  private final RemoteEndpoint.Async remote;
  private final TextSender text;
  private final String address;
  private final Executor closing;
  private final AtomicBoolean closed = new AtomicBoolean();

  /**
   * @param closing closes sockets: some containers wait for the client when they do
   */
  WebSocketConnection(Session socket, String address, Executor closing) {
    this.socket = socket;
    this.address = address;
    this.closing = closing;
    this.remote = socket.getAsyncRemote();
    remote.setSendTimeout(NO_TIMEOUT); // the core watches all sends by one timer
    TextSender jetty = jetty(socket);
    this.text =
        jetty != null
            ? jetty
            : (frame, completion) -> remote.sendText(frame.text(), tell(completion));
  }

  /** The sender for Jetty, where it is the container and the application can see its classes. */
  private static @Nullable TextSender jetty(Session socket) {
    if (!socket.getClass().getName().startsWith("org.eclipse.jetty.")) {
      return null;
    }
    try {
      return JettySender.of(socket);
    } catch (LinkageError e) { // a deployed application, from which its container hides them
      return null;
    }
  }

  /** How text is sent. */
  TextSender text() {
    return text;
  }

  @Override
  public void send(Frame frame, Completion completion) {
    try {
      text.send(frame, completion);
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
      log.debug("WebSocket {} did not close in order: {}", socket.getId(), e.toString());
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
