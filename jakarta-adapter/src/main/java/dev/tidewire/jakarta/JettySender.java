package dev.tidewire.jakarta;

import dev.tidewire.transport.Connection;
import dev.tidewire.transport.Frame;
import jakarta.websocket.Session;
import java.nio.ByteBuffer;
import org.eclipse.jetty.util.Callback;
import org.eclipse.jetty.websocket.core.CoreSession;
import org.eclipse.jetty.websocket.core.OpCode;
import org.jspecify.annotations.Nullable;

/**
 * Hands a frame's bytes, which all its readers share, to the WebSocket under Jetty's Jakarta
 * session. The portable interface takes a string, of which the container makes bytes again for
 * every reader.
 *
 * <p>This class can be loaded only where the application sees Jetty's own classes, as an embedding
 * one does and a deployed one does not. Not thread-safe: one send at a time.
 */
final class JettySender implements TextSender, Callback {

  private final CoreSession session;
  private Connection.@Nullable Completion completion;

  private JettySender(CoreSession session) {
    this.session = session;
  }

  /**
   * Null if Jetty cannot be reached through this session. Fails to link where it cannot be seen.
   */
  static @Nullable TextSender of(Session socket) {
    try {
      // The session's class is another one in each edition of Jakarta EE.
      Object core = socket.getClass().getMethod("getCoreSession").invoke(socket);
      CoreSession.class.getMethod(
          "sendFrame", org.eclipse.jetty.websocket.core.Frame.class, Callback.class, boolean.class);
      // Not ours if the application has brought a Jetty of its own, for a client perhaps.
      return core instanceof CoreSession session ? new JettySender(session) : null;
    } catch (ReflectiveOperationException e) {
      return null;
    }
  }

  @Override
  public void send(Frame frame, Connection.Completion told) {
    completion = told;
    ByteBuffer bytes = frame.bytes();
    session.sendFrame(new org.eclipse.jetty.websocket.core.Frame(OpCode.TEXT, bytes), this, false);
  }

  @Override
  public void succeeded() {
    taken().sent();
  }

  @Override
  public void failed(Throwable cause) {
    taken().failed(cause);
  }

  private Connection.Completion taken() {
    Connection.Completion told = completion;
    if (told == null) {
      throw new IllegalStateException("nothing was sent");
    }
    return told;
  }
}
