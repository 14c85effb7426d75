package dev.tidewire.jakarta;

import dev.tidewire.transport.Frame;
import jakarta.websocket.Session;
import java.nio.ByteBuffer;
import java.util.concurrent.Executor;
import org.eclipse.jetty.util.Callback;
import org.eclipse.jetty.websocket.core.ExtensionStack;
import org.eclipse.jetty.websocket.core.OpCode;
import org.eclipse.jetty.websocket.core.OutgoingFrames;
import org.eclipse.jetty.websocket.core.WebSocketCoreSession;
import org.jspecify.annotations.Nullable;

/**
 * Hands a frame's bytes, which all its readers share, to the WebSocket under Jetty's Jakarta
 * session. The portable interface takes a string, of which the container makes bytes again for
 * every reader.
 *
 * <p>A frame that fits into one of the protocol's is given to the queue that writes: the queue
 * before it, which divides frames and asks extensions, would only hand it on. Both keep the order
 * of what comes from the bus, which sends one frame at a time; the queue that writes keeps it
 * between frames, pings and closes, too, and takes nothing after a close.
 *
 * <p>This class can be loaded only where the application sees Jetty's own classes, as an embedding
 * one does and a deployed one does not. It is its own callback, for one send at a time.
 */
final class JettyConnection extends WebSocketConnection implements Callback {

  private final WebSocketCoreSession session;
  private final OutgoingFrames writing;
  private final int maxFrameBytes;
  private @Nullable Completion completion;

  private JettyConnection(
      Session socket, String address, Executor closing, WebSocketCoreSession session) {
    super(socket, address, closing);
    this.session = session;
    ExtensionStack extensions = session.getExtensionStack();
    boolean isAlone = !extensions.hasNegotiatedExtensions();
    this.writing = isAlone ? extensions.getNextOutgoing() : session;
    long max = session.getMaxFrameSize();
    this.maxFrameBytes = max <= 0 ? Integer.MAX_VALUE : (int) Math.min(max, Integer.MAX_VALUE);
  }

  /**
   * Null if Jetty cannot be reached through this session. Fails to link where it cannot be seen.
   */
  static @Nullable WebSocketConnection of(Session socket, String address, Executor closing) {
    try {
      // The session's class is another one in each edition of Jakarta EE.
      Object core = socket.getClass().getMethod("getCoreSession").invoke(socket);
      OutgoingFrames.class.getMethod(
          "sendFrame", org.eclipse.jetty.websocket.core.Frame.class, Callback.class, boolean.class);
      // Not ours if the application has brought a Jetty of its own, for a client perhaps.
      return core instanceof WebSocketCoreSession session
          ? new JettyConnection(socket, address, closing, session)
          : null;
    } catch (ReflectiveOperationException e) {
      return null;
    }
  }

  @Override
  public void send(Frame frame, Completion told) {
    completion = told;
    ByteBuffer bytes = frame.bytes();
    OutgoingFrames to = frame.size() <= maxFrameBytes ? writing : session;
    try {
      to.sendFrame(new org.eclipse.jetty.websocket.core.Frame(OpCode.TEXT, bytes), this, false);
    } catch (RuntimeException e) { // closed meanwhile
      told.failed(e);
    }
  }

  @Override
  public void succeeded() {
    taken().sent();
  }

  @Override
  public void failed(Throwable cause) {
    taken().failed(cause);
  }

  private Completion taken() {
    Completion told = completion;
    if (told == null) {
      throw new IllegalStateException("nothing was sent");
    }
    return told;
  }
}
