package dev.tidewire.demo;

import static java.nio.charset.StandardCharsets.US_ASCII;

import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.io.PushbackInputStream;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.net.URI;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;

/**
 * A network between browser and server that can be cut: what is open breaks off, nothing new gets
 * through. It may treat WebSockets worse than the rest.
 */
final class Proxy implements AutoCloseable {
  private static final int PEEKED = 20;
  private static final String REFUSAL =
      "HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\nConnection: close\r\n\r\n";

  private final ServerSocket entrance = new ServerSocket(0, 50, InetAddress.getLoopbackAddress());
  private final Set<Socket> open = ConcurrentHashMap.newKeySet();
  private final int target;
  private volatile boolean isCut;
  private volatile Upgrade upgrade = Upgrade.OPEN;

  /** What becomes of the wish for a WebSocket. */
  enum Upgrade {
    OPEN,
    REFUSED,
    SILENT
  }

  Proxy(int target) throws IOException {
    this.target = target;
    start(this::accept);
  }

  URI url() {
    return URI.create("http://localhost:" + entrance.getLocalPort() + "/");
  }

  void cut() throws IOException {
    isCut = true;
    for (Socket socket : open) {
      socket.close();
    }
  }

  /** For those to come. */
  void webSockets(Upgrade next) {
    upgrade = next;
  }

  void mend() {
    isCut = false;
  }

  @Override
  public void close() throws IOException {
    entrance.close();
    cut();
  }

  private void accept() throws IOException {
    while (!entrance.isClosed()) {
      Socket near = entrance.accept();
      open.add(near);
      start(() -> connect(near));
    }
  }

  private void connect(Socket near) throws IOException {
    if (isCut) {
      near.close();
      return;
    }
    PushbackInputStream in = new PushbackInputStream(near.getInputStream(), PEEKED);
    byte[] head = in.readNBytes(PEEKED); // browsers open a connection of its own for each
    in.unread(head);
    if (upgrade != Upgrade.OPEN && new String(head, US_ASCII).contains(" /realtime/ws")) {
      if (upgrade == Upgrade.REFUSED) {
        near.getOutputStream().write(REFUSAL.getBytes(US_ASCII));
        near.close();
      }
      return;
    }
    Socket far = new Socket(InetAddress.getLoopbackAddress(), target);
    open.add(far);
    start(() -> copy(in, near, far));
    copy(far.getInputStream(), far, near);
  }

  private void copy(InputStream in, Socket from, Socket to) throws IOException {
    try (from;
        to;
        in;
        OutputStream out = to.getOutputStream()) {
      in.transferTo(out);
    } finally {
      open.remove(from);
    }
  }

  private interface Task {
    void run() throws IOException;
  }

  private static void start(Task task) {
    Thread thread =
        new Thread(
            () -> {
              try {
                task.run();
              } catch (IOException e) {
                // a cut, or an end of the test
              }
            },
            "proxy");
    thread.setDaemon(true);
    thread.start();
  }
}
