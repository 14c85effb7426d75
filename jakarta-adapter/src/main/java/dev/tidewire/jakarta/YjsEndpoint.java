package dev.tidewire.jakarta;

import dev.tidewire.Admission;
import dev.tidewire.protocol.CloseCode;
import dev.tidewire.protocol.Reply;
import dev.tidewire.sync.yjs.YjsClient;
import dev.tidewire.sync.yjs.YjsRooms;
import jakarta.websocket.CloseReason;
import jakarta.websocket.Endpoint;
import jakarta.websocket.EndpointConfig;
import jakarta.websocket.MessageHandler;
import jakarta.websocket.PongMessage;
import jakarta.websocket.Session;
import java.io.ByteArrayOutputStream;
import java.nio.ByteBuffer;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The WebSocket of one stock {@code y-websocket} client. Public only because containers demand it;
 * made for one connection. Safe for any thread.
 */
public final class YjsEndpoint extends Endpoint {

  /** Under the base; the rest of the path is the room. */
  static final String PATH = "/yjs/";

  private static final Logger log = LoggerFactory.getLogger(YjsEndpoint.class);
  private static final int FORBIDDEN = 403;

  private final Installation installation;
  private final YjsRooms rooms;
  private final String room;
  private final Login login;
  private final Reply.@Nullable Failure refusal;
  private final String address;
  private final Admission.Place place;
  private volatile @Nullable WebSocketConnection connection;
  private volatile @Nullable Receiver receiver;

  /**
   * @param refusal what the client is told before it is closed, or null to let it in
   * @param place its place among the connections, given back when it is closed
   */
  YjsEndpoint(
      Installation installation,
      YjsRooms rooms,
      String room,
      Login login,
      Reply.@Nullable Failure refusal,
      String address,
      Admission.Place place) {
    this.installation = installation;
    this.rooms = rooms;
    this.room = room;
    this.login = login;
    this.refusal = refusal;
    this.address = address;
    this.place = place;
  }

  @Override
  public void onOpen(Session socket, EndpointConfig config) {
    socket.setMaxIdleTimeout(0); // the protocol has its own signs of life
    WebSocketConnection opened = WebSocketConnection.of(socket, address, installation.closing());
    connection = opened;
    installation.opened(opened, login);
    if (!place.open()) { // the handshake took too long
      opened.close(CloseCode.GOING_AWAY.code(), CloseCode.GOING_AWAY.reason());
      return;
    }
    if (refusal != null) {
      rooms.refuse(opened, refusal.message(), refusal.status() == FORBIDDEN);
      return;
    }
    YjsClient client = rooms.connect(room, opened, login.identity());
    if (client == null) {
      return;
    }
    Receiver to = new Receiver(client, rooms.maxMessageBytes());
    receiver = to;
    socket.addMessageHandler(ByteBuffer.class, (MessageHandler.Partial<ByteBuffer>) to::binary);
    socket.addMessageHandler(
        String.class, (MessageHandler.Partial<String>) (part, last) -> client.text());
    socket.addMessageHandler(
        PongMessage.class, (MessageHandler.Whole<PongMessage>) pong -> client.pong());
    if (login.ended()) { // since the handshake
      client.revoked();
    }
  }

  @Override
  public void onClose(Session socket, CloseReason reason) {
    closed();
  }

  /** What breaks a socket is the network's or the client's doing, and worth no stack trace. */
  @Override
  public void onError(Session socket, Throwable failure) {
    log.atDebug()
        .addKeyValue("address", address)
        .addKeyValue("socket", socket.getId())
        .log("Yjs WebSocket {}: {}", socket.getId(), failure.toString());
    if (!socket.isOpen()) {
      closed();
    }
  }

  private void closed() {
    place.close();
    WebSocketConnection gone = connection;
    if (gone != null) {
      installation.closed(gone, login);
    }
    Receiver to = receiver;
    if (to != null) {
      to.client.closed();
    }
  }

  /** Joins the parts of a message, so that the bound is the same in every container. */
  private static final class Receiver {

    private final YjsClient client;
    private final int maxBytes;
    private final ByteArrayOutputStream message = new ByteArrayOutputStream(0);
    private boolean deaf;

    /**
     * @param maxBytes bytes of a message, 0 for unlimited
     */
    Receiver(YjsClient client, int maxBytes) {
      this.client = client;
      this.maxBytes = maxBytes;
    }

    void binary(ByteBuffer part, boolean last) {
      if (deaf) {
        return;
      }
      byte[] bytes = new byte[part.remaining()];
      part.get(bytes); // the container goes on using its buffer
      if (maxBytes > 0 && message.size() + bytes.length > maxBytes) {
        deaf = true;
        message.reset();
        client.tooBig();
      } else if (last && message.size() == 0) {
        client.receive(bytes);
      } else {
        message.writeBytes(bytes);
        if (last) {
          client.receive(message.toByteArray());
          message.reset();
        }
      }
    }
  }
}
