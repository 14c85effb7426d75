package dev.tidewire.jakarta;

import dev.tidewire.Admission;
import dev.tidewire.protocol.CloseCode;
import dev.tidewire.protocol.Reply;
import dev.tidewire.transport.Connection;
import dev.tidewire.transport.Frame;
import jakarta.websocket.CloseReason;
import jakarta.websocket.Endpoint;
import jakarta.websocket.EndpointConfig;
import jakarta.websocket.MessageHandler;
import jakarta.websocket.PongMessage;
import jakarta.websocket.Session;
import java.nio.ByteBuffer;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * One client's WebSocket, as the container sees it. Public only because containers demand it; made
 * for one connection. Safe for any thread.
 */
public final class WebSocketEndpoint extends Endpoint {

  private static final Logger log = LoggerFactory.getLogger(WebSocketEndpoint.class);
  private static final int FORBIDDEN = 403;
  private static final int OPEN = -1;

  private final Installation installation;
  private final Login login;
  private final Reply.@Nullable Failure refusal;
  private final String address;
  private final Admission.Place place;
  private volatile @Nullable WebSocketConnection connection;
  private volatile @Nullable WebSocketReceiver receiver;
  private volatile int closedWith = OPEN;

  /**
   * @param refusal what the client is told before it is closed, or null to let it in
   * @param place its place among the connections, given back when it is closed
   */
  WebSocketEndpoint(
      Installation installation,
      Login login,
      Reply.@Nullable Failure refusal,
      String address,
      Admission.Place place) {
    this.installation = installation;
    this.login = login;
    this.refusal = refusal;
    this.address = address;
    this.place = place;
  }

  @Override
  public void onOpen(Session socket, EndpointConfig config) {
    socket.setMaxIdleTimeout(0); // the session has a heartbeat
    WebSocketConnection opened = WebSocketConnection.of(socket, address, installation.closing());
    connection = opened;
    installation.opened(opened, login);
    if (!place.open()) { // the handshake took too long
      opened.close(CloseCode.GOING_AWAY.code(), CloseCode.GOING_AWAY.reason());
    } else if (refusal == null) {
      admit(socket, opened);
    } else {
      refuse(opened, refusal);
    }
    if (closedWith != OPEN) {
      closed(closedWith); // the client went while this was under way
    }
  }

  private void admit(Session socket, WebSocketConnection opened) {
    WebSocketReceiver to =
        new WebSocketReceiver(
            installation.realtime().connect(opened, login.identity()),
            opened,
            installation.realtime().maxFrameBytes());
    receiver = to;
    socket.addMessageHandler(String.class, (MessageHandler.Partial<String>) to::text);
    socket.addMessageHandler(
        ByteBuffer.class, (MessageHandler.Partial<ByteBuffer>) (part, last) -> to.binary());
    socket.addMessageHandler(
        PongMessage.class, (MessageHandler.Whole<PongMessage>) pong -> to.pong());
    if (login.ended()) { // since the handshake
      opened.close(CloseCode.UNAUTHORIZED.code(), CloseCode.UNAUTHORIZED.reason());
    }
  }

  /** After the upgrade, because a browser cannot see why a handshake was refused. */
  private void refuse(WebSocketConnection opened, Reply.Failure failure) {
    CloseCode code = failure.status() == FORBIDDEN ? CloseCode.FORBIDDEN : CloseCode.UNAUTHORIZED;
    long now = System.currentTimeMillis();
    opened.send(
        Frame.of(installation.realtime().codec().encode(failure, null, now)),
        new Connection.Completion() {
          @Override
          public void sent() {
            opened.close(code.code(), code.reason());
          }

          @Override
          public void failed(Throwable cause) {
            sent();
          }
        });
  }

  @Override
  public void onClose(Session socket, CloseReason reason) {
    closed(reason.getCloseCode().getCode());
  }

  /** What breaks a socket is the network's or the client's doing, and worth no stack trace. */
  @Override
  public void onError(Session socket, Throwable failure) {
    log.atDebug()
        .addKeyValue("address", address)
        .addKeyValue("socket", socket.getId())
        .log("WebSocket {}: {}", socket.getId(), failure.toString());
    if (!socket.isOpen()) {
      closed(CloseReason.CloseCodes.CLOSED_ABNORMALLY.getCode());
    }
  }

  private void closed(int code) {
    closedWith = code;
    place.close();
    WebSocketConnection gone = connection;
    if (gone != null) {
      installation.closed(gone, login);
    }
    WebSocketReceiver to = receiver;
    if (to != null) {
      to.closed(code);
    }
  }
}
