package dev.tidewire.jakarta;

import static java.nio.charset.StandardCharsets.ISO_8859_1;
import static java.nio.charset.StandardCharsets.UTF_8;

import java.io.ByteArrayOutputStream;
import java.io.DataInputStream;
import java.io.IOException;
import java.net.Socket;

/** A WebSocket byte by byte (RFC 6455), for what a well-behaved client cannot do. */
final class RawWebSocket implements AutoCloseable {

  static final int CONTINUATION = 0x0;
  static final int TEXT = 0x1;
  static final int CLOSE = 0x8;
  static final int PING = 0x9;
  static final int PONG = 0xa;
  private static final int FIN = 0x80;
  private static final int MASKED = 0x80;
  private static final String HANDSHAKE =
      "Upgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\n"
          + "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n";

  private final Socket socket;
  private final DataInputStream in;
  private final String answer;

  /** The same to another path than that of the {@code TestServer}. */
  static RawWebSocket handshake(int port, String path) throws IOException {
    return new RawWebSocket(
        port, "GET " + path + " HTTP/1.1\r\nHost: 127.0.0.1:" + port + "\r\n" + HANDSHAKE + "\r\n");
  }

  private RawWebSocket(int port, String request) throws IOException {
    socket = new Socket();
    socket.setReceiveBufferSize(4_096); // so that a client that does not read is noticed early
    socket.connect(new java.net.InetSocketAddress("127.0.0.1", port));
    socket.setSoTimeout((int) WireClient.PATIENCE.toMillis());
    in = new DataInputStream(socket.getInputStream());
    socket.getOutputStream().write(request.getBytes(ISO_8859_1));
    answer = readAnswer();
  }

  static RawWebSocket connect(TestServer server) throws IOException {
    return handshake(server, HANDSHAKE);
  }

  /** Sends a GET with these header lines, each ended by CR LF. */
  static RawWebSocket handshake(TestServer server, String headers) throws IOException {
    return new RawWebSocket(
        server.port(),
        "GET /app/realtime/ws HTTP/1.1\r\nHost: 127.0.0.1:"
            + server.port()
            + "\r\n"
            + headers
            + "\r\n");
  }

  private String readAnswer() throws IOException {
    ByteArrayOutputStream head = new ByteArrayOutputStream();
    while (!head.toString(ISO_8859_1).endsWith("\r\n\r\n")) {
      head.write(in.readUnsignedByte());
    }
    return head.toString(ISO_8859_1);
  }

  int status() {
    return Integer.parseInt(answer.split(" ")[1]);
  }

  String answer() {
    return answer;
  }

  void send(int opcode, boolean last, byte[] payload) throws IOException {
    ByteArrayOutputStream frame = new ByteArrayOutputStream();
    frame.write(opcode | (last ? FIN : 0));
    if (payload.length < 126) {
      frame.write(MASKED | payload.length);
    } else {
      frame.write(MASKED | 126);
      frame.write(payload.length >> 8);
      frame.write(payload.length);
    }
    frame.writeBytes(new byte[4]); // a mask of zeros changes nothing
    frame.writeBytes(payload);
    socket.getOutputStream().write(frame.toByteArray());
  }

  void send(int opcode, boolean last, String payload) throws IOException {
    send(opcode, last, payload.getBytes(UTF_8));
  }

  private record Message(int opcode, byte[] payload) {}

  private Message read() throws IOException {
    int opcode = in.readUnsignedByte() & 0xf;
    int length = in.readUnsignedByte();
    if (length == 126) {
      length = in.readUnsignedShort();
    } else if (length == 127) {
      length = (int) in.readLong();
    }
    byte[] payload = new byte[length];
    in.readFully(payload);
    return new Message(opcode, payload);
  }

  /** The text of the next message that contains this. */
  String awaitText(String part) throws IOException {
    while (true) {
      Message message = read();
      String text = new String(message.payload(), UTF_8);
      if (message.opcode() == TEXT && text.contains(part)) {
        return text;
      }
      if (message.opcode() == CLOSE) {
        throw new AssertionError("closed before '" + part + "' came");
      }
    }
  }

  /** Reads until the close frame and returns its code. */
  int awaitClose() throws IOException {
    while (true) {
      Message message = read();
      if (message.opcode() == CLOSE) {
        return (message.payload()[0] & 0xff) << 8 | (message.payload()[1] & 0xff);
      }
    }
  }

  @Override
  public void close() throws IOException {
    socket.close();
  }
}
