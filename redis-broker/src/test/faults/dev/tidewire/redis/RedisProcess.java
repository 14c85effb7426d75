package dev.tidewire.redis;

import java.io.File;
import java.io.IOException;
import java.io.InputStream;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.Assumptions;

/** A Redis of the tests' own, which can be killed, stopped, continued and started again. */
public final class RedisProcess implements AutoCloseable {

  /** Members of a cluster need the port that is higher by 10,000 as well. */
  private static final int MAX_PORT = 55_535;

  private static final String SHIPPED = "/redis-server-6.2.6-v5-linux-amd64";

  private final Path program;
  private final Path directory;
  private final int port;
  private final List<String> settings;
  private Process process;

  private RedisProcess(Path program, String... settings) throws IOException {
    this.program = program;
    this.directory = Files.createTempDirectory("tidewire-redis-test");
    this.port = freePort();
    this.settings = List.of(settings);
  }

  private static int freePort() throws IOException {
    int port;
    do {
      try (ServerSocket free = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
        port = free.getLocalPort();
      }
    } while (port > MAX_PORT);
    return port;
  }

  /** The Redis 6.2 that a test library ships, or the server that {@code -Dredis.server} names. */
  public static RedisProcess create(String... settings) {
    try {
      String other = System.getProperty("redis.server");
      if (other != null) {
        return new RedisProcess(Path.of(other), settings).start();
      }
      try (InputStream in = RedisProcess.class.getResourceAsStream(SHIPPED)) {
        return new RedisProcess(executable(in), settings).start();
      }
    } catch (IOException e) {
      throw new IllegalStateException(e);
    }
  }

  /** The same, or that which this machine has; where it has none, the test is skipped. */
  public static RedisProcess installed(String... settings) {
    if (System.getProperty("redis.server") != null) {
      return create(settings);
    }
    List<Path> known =
        Stream.of("valkey-server", "valkey-check-rdb", "redis-server", "redis-check-rdb")
            .map(name -> Path.of("/usr/bin", name))
            .filter(Files::isExecutable)
            .toList();
    Assumptions.assumeFalse(known.isEmpty(), "no Redis here: apt-get install redis-tools");
    try (InputStream in = Files.newInputStream(known.get(0))) {
      // Debian has but one program for all, which goes by its name.
      return new RedisProcess(executable(in), settings).start();
    } catch (IOException e) {
      throw new IllegalStateException(e);
    }
  }

  private static Path executable(InputStream in) throws IOException {
    Path program = Files.createTempFile("tidewire-redis-server", "");
    program.toFile().deleteOnExit();
    Files.copy(in, program, StandardCopyOption.REPLACE_EXISTING);
    program.toFile().setExecutable(true);
    return program;
  }

  /** A Sentinel that watches over a master of the name {@code main}, alone. */
  public static RedisProcess sentinel(RedisProcess master) {
    try {
      RedisProcess made = new RedisProcess(master.program);
      Path configuration = made.directory.resolve("sentinel.conf");
      Files.write(
          configuration,
          List.of(
              "port " + made.port,
              "bind 127.0.0.1",
              "dir " + made.directory,
              "sentinel monitor main 127.0.0.1 " + master.port + " 1",
              "sentinel down-after-milliseconds main 1000",
              "sentinel failover-timeout main 5000"));
      return made.run(List.of(made.program.toString(), configuration.toString(), "--sentinel"));
    } catch (IOException e) {
      throw new IllegalStateException(e);
    }
  }

  public int port() {
    return port;
  }

  public String uri() {
    return "redis://127.0.0.1:" + port;
  }

  public RedisProcess start() {
    List<String> command =
        new ArrayList<>(
            Arrays.asList(
                program.toString(),
                "--port",
                "" + port,
                "--bind",
                "127.0.0.1",
                "--save",
                "",
                "--dir",
                directory.toString()));
    command.addAll(settings);
    return run(command);
  }

  private RedisProcess run(List<String> command) {
    try {
      process =
          new ProcessBuilder(command)
              .redirectErrorStream(true)
              .redirectOutput(directory.resolve("log").toFile())
              .start();
    } catch (IOException e) {
      throw new IllegalStateException(e);
    }
    Awaitility.await()
        .atMost(60, TimeUnit.SECONDS)
        .until(() -> answers() || !process.isAlive());
    if (!process.isAlive()) {
      throw new IllegalStateException(program + " ends at once: " + command);
    }
    return this;
  }

  private boolean answers() {
    try (Socket socket = new Socket()) {
      socket.connect(new InetSocketAddress(InetAddress.getLoopbackAddress(), port), 1_000);
      socket.setSoTimeout(1_000);
      socket.getOutputStream().write("PING\r\n".getBytes());
      return new String(socket.getInputStream().readNBytes(5)).equals("+PONG");
    } catch (IOException e) {
      return false;
    }
  }

  /** Sends a command as text and returns the beginning of the answer. */
  public String say(String command) {
    try (Socket socket = new Socket(InetAddress.getLoopbackAddress(), port)) {
      socket.getOutputStream().write((command + "\r\n").getBytes());
      byte[] answer = new byte[64 * 1024];
      int length = socket.getInputStream().read(answer);
      return new String(answer, 0, length);
    } catch (IOException e) {
      throw new IllegalStateException(e);
    }
  }

  public void kill() {
    process.destroyForcibly();
    try {
      process.waitFor();
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  public void stop() {
    signal("STOP");
  }

  public void proceed() {
    signal("CONT");
  }

  private void signal(String name) {
    try {
      new ProcessBuilder("kill", "-" + name, "" + process.pid()).start().waitFor();
    } catch (IOException | InterruptedException e) {
      throw new IllegalStateException(e);
    }
  }

  @Override
  public void close() {
    kill();
    for (File file : directory.toFile().listFiles()) {
      file.delete();
    }
    directory.toFile().delete();
  }
}
