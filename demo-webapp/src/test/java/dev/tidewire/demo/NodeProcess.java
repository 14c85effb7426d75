package dev.tidewire.demo;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.URI;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;

/** A demo in a JVM of its own, at the same address after each start. Driven by one thread. */
final class NodeProcess implements AutoCloseable {
  private static final Duration PATIENCE = Duration.ofSeconds(60);

  private final int port = freePort();
  private final List<String> properties;
  private final List<String> output = new CopyOnWriteArrayList<>();
  private Process process;

  NodeProcess(String... properties) {
    this.properties = Stream.concat(Stream.of("-Dport=" + port), Stream.of(properties)).toList();
  }

  private static int freePort() {
    try (ServerSocket free = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
      return free.getLocalPort();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /** Starts it; {@link #awaitStart} waits for it. */
  void start() {
    output.clear();
    try {
      process = LauncherIT.command(properties.toArray(new String[0])).start();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
    var lines = process.inputReader();
    Thread reader =
        new Thread(
            () -> {
              try {
                lines.lines().forEach(output::add);
              } catch (UncheckedIOException e) {
                // killed in the middle of a line
              }
            },
            "node-" + port);
    reader.setDaemon(true);
    reader.start();
  }

  void awaitStart() {
    await("start of " + url())
        .atMost(PATIENCE)
        .untilAsserted(
            () ->
                assertThat(output)
                    .as(toString())
                    .anyMatch(line -> LauncherIT.URL.matcher(line).find()));
  }

  URI url() {
    return URI.create("http://localhost:" + port + "/");
  }

  String name() {
    return "127.0.0.1:" + port;
  }

  Api api() {
    return new Api(url());
  }

  /** SIGKILL. */
  void kill() throws InterruptedException {
    process.destroyForcibly().waitFor();
  }

  /** SIGTERM, as a service manager stops it. */
  void stop() throws InterruptedException {
    process.toHandle().destroy();
    assertThat(process.waitFor(PATIENCE.toSeconds(), TimeUnit.SECONDS)).as(toString()).isTrue();
  }

  /** What it has written. */
  List<String> output() {
    return output;
  }

  @Override
  public String toString() {
    return url() + "\n" + String.join("\n", output);
  }

  @Override
  public void close() throws InterruptedException {
    if (process != null) {
      kill();
    }
  }
}
