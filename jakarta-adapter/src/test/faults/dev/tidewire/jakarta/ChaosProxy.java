package dev.tidewire.jakarta;

import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.util.Random;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.locks.LockSupport;

/**
 * A network between clients and a server that misbehaves at random: it delays, cuts (in order, or
 * with a reset, also in the middle of a message), falls silent in one direction or both without
 * closing, writes byte by byte, gathers what was written apart, and delivers what a client had sent
 * over a connection only after that client came back over another.
 *
 * <p>What a connection suffers depends on the seed, on its number, and on how the bytes come. Safe
 * for any thread.
 */
public final class ChaosProxy implements AutoCloseable {

  /** A direction that fell silent is cut after this long at the latest. */
  private static final long SILENCE_NANOS = TimeUnit.SECONDS.toNanos(3);

  private static final int BUFFER = 16 * 1024;

  private final ServerSocket entrance = new ServerSocket(0, 200, InetAddress.getLoopbackAddress());
  private final Set<Path> paths = ConcurrentHashMap.newKeySet();
  private final int target;
  private final long seed;
  private volatile boolean storm;
  private volatile boolean isolated;

  private final AtomicInteger connections = new AtomicInteger();
  private final AtomicInteger cuts = new AtomicInteger();
  private final AtomicInteger silences = new AtomicInteger();
  private final AtomicInteger splits = new AtomicInteger();
  private final AtomicInteger gathered = new AtomicInteger();
  private final AtomicInteger delays = new AtomicInteger();
  private final AtomicInteger swaps = new AtomicInteger();

  public ChaosProxy(int target, long seed) throws IOException {
    this.target = target;
    this.seed = seed;
    start("accept", this::accept);
  }

  public int port() {
    return entrance.getLocalPort();
  }

  /** From now on connections suffer, or do not. */
  ChaosProxy storm(boolean on) {
    storm = on;
    return this;
  }

  /** What is open now falls silent in both directions, until the proxy is closed. */
  void silence() {
    paths.forEach(path -> path.silent = true);
  }

  /**
   * From now on nothing gets through and nobody is told, over new connections neither; or new ones
   * work again, while those that had fallen silent stay so.
   */
  public void isolate(boolean on) {
    isolated = on;
    if (on) {
      silence();
    }
  }

  /** What is open now is cut. */
  void cut() {
    paths.forEach(Path::close);
  }

  int connections() {
    return connections.get();
  }

  /** Number of connections that were made useless. */
  int broken() {
    return cuts.get() + silences.get() + swaps.get();
  }

  @Override
  public String toString() {
    return "%d connections, %d cut, %d silent, %d swapped, %d delays, %d splits, %d gathered"
        .formatted(
            connections.get(),
            cuts.get(),
            silences.get(),
            swaps.get(),
            delays.get(),
            splits.get(),
            gathered.get());
  }

  @Override
  public void close() throws IOException {
    entrance.close();
    cut();
  }

  private void accept() throws IOException {
    while (!entrance.isClosed()) {
      Socket near = entrance.accept();
      long number = connections.incrementAndGet();
      start("up-" + number, () -> open(near, number));
    }
  }

  private void open(Socket near, long number) throws IOException {
    Socket far;
    try {
      far = new Socket(InetAddress.getLoopbackAddress(), target);
    } catch (IOException e) {
      near.close();
      throw e;
    }
    near.setTcpNoDelay(true);
    far.setTcpNoDelay(true);
    Path path = new Path(near, far);
    paths.add(path);
    start("down-" + number, () -> path.pump(far, near, new Random(seed * 31 + number * 2), false));
    path.pump(near, far, new Random(seed * 31 + number * 2 + 1), true);
  }

  /** One connection through the proxy. */
  private final class Path {
    private final Socket near;
    private final Socket far;

    /** Nothing gets through any more, and nobody is told. */
    volatile boolean silent;

    Path(Socket near, Socket far) {
      this.near = near;
      this.far = far;
      this.silent = isolated;
    }

    void pump(Socket from, Socket to, Random random, boolean up) throws IOException {
      byte[] buffer = new byte[BUFFER];
      try {
        InputStream in = from.getInputStream();
        OutputStream out = to.getOutputStream();
        for (int count = in.read(buffer); count >= 0; count = in.read(buffer)) {
          if (silent) {
            continue;
          }
          if (!storm) {
            out.write(buffer, 0, count);
          } else if (!suffer(in, out, buffer, count, random, up)) {
            return;
          }
        }
      } finally {
        close();
      }
    }

    /** Passes the bytes on, somehow; false if that was the last of this direction. */
    private boolean suffer(
        InputStream in, OutputStream out, byte[] buffer, int count, Random random, boolean up)
        throws IOException {
      int fate = random.nextInt(400);
      if (fate < 5) {
        cuts.incrementAndGet();
        out.write(buffer, 0, random.nextInt(count + 1));
        if (random.nextBoolean()) {
          near.setSoLinger(true, 0);
          far.setSoLinger(true, 0);
        }
        return false;
      }
      if (fate < 8) {
        silences.incrementAndGet();
        silent = random.nextBoolean(); // else this direction alone
        out.write(buffer, 0, random.nextInt(count + 1));
        pause(SILENCE_NANOS);
        return false;
      }
      if (fate < 14 && up) {
        swaps.incrementAndGet();
        near.close(); // the client will be back over another connection before this one is through
        pause(TimeUnit.MILLISECONDS.toNanos(20 + random.nextInt(300)));
        out.write(buffer, 0, count);
        pause(TimeUnit.MILLISECONDS.toNanos(50));
        return false;
      }
      if (fate < 45) {
        delays.incrementAndGet();
        pause(TimeUnit.MICROSECONDS.toNanos(random.nextInt(20_000)));
        out.write(buffer, 0, count);
      } else if (fate < 85) {
        splits.incrementAndGet();
        int at = 0;
        for (int pieces = 0; pieces < 40 && at < count; pieces++) {
          int size = Math.min(count - at, 1 + random.nextInt(7));
          out.write(buffer, at, size);
          at += size;
        }
        out.write(buffer, at, count - at);
      } else if (fate < 125) {
        gathered.incrementAndGet();
        pause(TimeUnit.MICROSECONDS.toNanos(random.nextInt(10_000)));
        int more = Math.min(in.available(), buffer.length - count);
        int got = more > 0 ? Math.max(0, in.read(buffer, count, more)) : 0;
        out.write(buffer, 0, count + got);
      } else {
        out.write(buffer, 0, count);
      }
      return true;
    }

    private void pause(long nanos) {
      long until = System.nanoTime() + nanos;
      while (System.nanoTime() < until && !(near.isClosed() && far.isClosed())) {
        LockSupport.parkNanos(Math.min(until - System.nanoTime(), 5_000_000));
      }
    }

    void close() {
      paths.remove(this);
      for (Socket socket : new Socket[] {near, far}) {
        try {
          socket.close();
        } catch (IOException e) {
          // closed already
        }
      }
    }
  }

  private interface Task {
    void run() throws IOException;
  }

  private static void start(String name, Task task) {
    Thread thread =
        new Thread(
            () -> {
              try {
                task.run();
              } catch (IOException e) {
                // a cut, or the end of the test
              }
            },
            "chaos-" + name);
    thread.setDaemon(true);
    thread.start();
  }
}
