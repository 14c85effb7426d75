package dev.tidewire.benchmarks.fanout;

import static java.nio.charset.StandardCharsets.US_ASCII;

import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.StandardSocketOptions;
import java.nio.ByteBuffer;
import java.nio.channels.SocketChannel;
import java.util.Arrays;
import java.util.concurrent.ThreadLocalRandom;

/**
 * One WebSocket of the load, no more than a measurement needs: it refuses what it does not expect.
 * For one thread.
 */
final class Link implements AutoCloseable {

  /** Told what comes in. */
  interface Listener {

    /** The server has upgraded the connection. */
    void opened(Link link) throws IOException;

    /** A text message, at {@code from} to {@code to}; the bytes change after the call. */
    void message(Link link, byte[] bytes, int from, int to);
  }

  private static final int TEXT = 0x81;
  private static final int PING = 0x89;
  private static final int PONG = 0x8A;
  private static final byte[] END_OF_HEADERS = "\r\n\r\n".getBytes(US_ASCII);

  private final int number;
  private final SocketChannel socket;
  private final Listener listener;
  private byte[] rest = new byte[0];
  private boolean open;

  /** Connects and asks for the upgrade. */
  Link(int number, int port, String path, Listener listener) throws IOException {
    this.number = number;
    this.listener = listener;
    socket = SocketChannel.open(new InetSocketAddress(InetAddress.getLoopbackAddress(), port));
    socket.setOption(StandardSocketOptions.TCP_NODELAY, true);
    socket.configureBlocking(false);
    String request =
        "GET "
            + path
            + " HTTP/1.1\r\nHost: 127.0.0.1:"
            + port
            + "\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\n"
            + "Sec-WebSocket-Key: AAECAwQFBgcICQoLDA0ODw==\r\n\r\n";
    write(ByteBuffer.wrap(request.getBytes(US_ASCII)));
  }

  int number() {
    return number;
  }

  SocketChannel socket() {
    return socket;
  }

  void send(byte[] text) throws IOException {
    send(TEXT, text, text.length);
  }

  private void send(int opcode, byte[] body, int length) throws IOException {
    ByteBuffer frame = ByteBuffer.allocate(length + 8);
    frame.put((byte) opcode);
    if (length < 126) {
      frame.put((byte) (0x80 | length));
    } else {
      frame.put((byte) (0x80 | 126)).putShort((short) length);
    }
    int mask = ThreadLocalRandom.current().nextInt();
    frame.putInt(mask);
    for (int i = 0; i < length; i++) {
      frame.put((byte) (body[i] ^ (mask >>> (24 - 8 * (i & 3)))));
    }
    write(frame.flip());
  }

  /** Frames are small; a server that does not take one would be waited for. */
  private void write(ByteBuffer bytes) throws IOException {
    while (bytes.hasRemaining()) {
      if (socket.write(bytes) == 0) {
        Thread.onSpinWait();
      }
    }
  }

  /**
   * Reads what there is.
   *
   * @param buffer shared by all links, larger than any message
   */
  void read(byte[] buffer) throws IOException {
    ByteBuffer target = ByteBuffer.wrap(buffer);
    boolean full;
    do {
      target.clear().put(rest);
      if (socket.read(target) < 0) {
        throw new IOException("the server closed connection " + number);
      }
      full = !target.hasRemaining();
      int used = consume(buffer, target.position());
      rest = Arrays.copyOfRange(buffer, used, target.position());
    } while (full);
  }

  /** Returns how many bytes are done with. */
  private int consume(byte[] bytes, int limit) throws IOException {
    int at = open ? 0 : upgrade(bytes, limit);
    while (open && limit - at >= 2) {
      int head = 2;
      long length = bytes[at + 1] & 0x7F;
      if (length >= 126) {
        head = length == 126 ? 4 : 10;
        if (limit - at < head) {
          return at;
        }
        length = number(bytes, at + 2, head - 2);
      }
      if (limit - at < head + length) {
        return at;
      }
      int from = at + head;
      at = from + (int) length;
      frame(bytes[from - head] & 0xFF, bytes, from, at);
    }
    return at;
  }

  private static long number(byte[] bytes, int from, int count) {
    long number = 0;
    for (int i = from; i < from + count; i++) {
      number = (number << 8) | (bytes[i] & 0xFF);
    }
    return number;
  }

  private int upgrade(byte[] bytes, int limit) throws IOException {
    for (int end = END_OF_HEADERS.length; end <= limit; end++) {
      if (Arrays.equals(bytes, end - END_OF_HEADERS.length, end, END_OF_HEADERS, 0, 4)) {
        String answer = new String(bytes, 0, end, US_ASCII);
        if (!answer.startsWith("HTTP/1.1 101 ")) {
          throw new IOException("no upgrade: " + answer.lines().findFirst().orElse(""));
        }
        open = true;
        listener.opened(this);
        return end;
      }
    }
    return 0;
  }

  private void frame(int opcode, byte[] bytes, int from, int to) throws IOException {
    switch (opcode) {
      case TEXT -> listener.message(this, bytes, from, to);
      case PING -> send(PONG, Arrays.copyOfRange(bytes, from, to), to - from);
      default ->
          throw new IOException(
              "connection " + number + " got a frame " + opcode(opcode, bytes, from));
    }
  }

  private static String opcode(int opcode, byte[] bytes, int from) {
    String hex = Integer.toHexString(opcode);
    return opcode == 0x88 ? hex + " (close " + number(bytes, from, 2) + ')' : hex;
  }

  @Override
  public void close() throws IOException {
    socket.close();
  }
}
