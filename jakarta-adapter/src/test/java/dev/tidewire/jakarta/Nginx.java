package dev.tidewire.jakarta;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.File;
import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;

/**
 * The nginx of the machine with the configuration that {@code docs/operations.md} shows; without an
 * nginx its tests are skipped, or fail where {@code -Dnginx.required} is given.
 */
final class Nginx implements AutoCloseable {

  private static final String MISSING =
      "No nginx here: install it (Debian: apt-get install nginx-light) to run these";
  private static final Pattern BLOCK = Pattern.compile("```nginx\n(.*?)```", Pattern.DOTALL);

  private final Path folder;
  private final Path configuration;
  private final Process process;
  private final int port;

  private Nginx(Path folder, int upstream) throws Exception {
    this.folder = folder;
    port = freePort();
    configuration = folder.resolve("nginx.conf");
    Files.writeString(configuration, configuration(upstream));
    process = command().redirectErrorStream(true).redirectOutput(log()).start();
    WireClient.soon("nginx").until(this::answers);
  }

  /** In front of the server at this port of the machine. */
  static Nginx before(int upstream, Path folder) throws Exception {
    assumeTrue(program().isPresent() || System.getProperty("nginx.required") != null, MISSING);
    return new Nginx(folder, upstream);
  }

  private static Optional<Path> program() {
    String path = System.getenv("PATH") + File.pathSeparator + "/usr/sbin";
    return Stream.of(path.split(File.pathSeparator))
        .map(place -> Path.of(place, "nginx"))
        .filter(Files::isExecutable)
        .findFirst();
  }

  private static int freePort() throws IOException {
    try (ServerSocket socket = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
      return socket.getLocalPort();
    }
  }

  /** What the page shows, but for both addresses and the time a reload leaves to connections. */
  private String configuration(int upstream) throws IOException {
    Matcher shown = BLOCK.matcher(Files.readString(Path.of("..", "docs", "operations.md")));
    assertThat(shown.find()).isTrue();
    String main =
        replaced(shown.group(1), "worker_shutdown_timeout 10s;", "worker_shutdown_timeout 1s;");
    assertThat(shown.find()).isTrue();
    String site = replaced(shown.group(1), "listen 80;", "listen 127.0.0.1:" + port + ";");
    site = replaced(site, "server 127.0.0.1:8080;", "server 127.0.0.1:" + upstream + ";");
    String user = System.getProperty("user.name").equals("root") ? "user root;" : "";
    return """
    daemon off;
    %s
    pid nginx.pid;
    error_log errors.txt;
    %s
    events {}
    http {
      access_log off;
      client_body_temp_path body;
      proxy_temp_path proxy;
      fastcgi_temp_path fastcgi;
      uwsgi_temp_path uwsgi;
      scgi_temp_path scgi;
      %s
    }
    """
        .formatted(user, main, site);
  }

  private static String replaced(String text, String old, String by) {
    assertThat(text).containsOnlyOnce(old);
    return text.replace(old, by);
  }

  private ProcessBuilder command(String... more) {
    return new ProcessBuilder(
        Stream.concat(
                Stream.of(
                    program().orElseThrow(() -> new AssertionError(MISSING)).toString(),
                    "-p",
                    folder.toString(),
                    "-e",
                    folder.resolve("errors.txt").toString(),
                    "-c",
                    configuration.toString()),
                Stream.of(more))
            .toList());
  }

  private File log() {
    return folder.resolve("output.txt").toFile();
  }

  private boolean answers() throws IOException {
    assertThat(process.isAlive()).as(Files.readString(log().toPath())).isTrue();
    try (Socket socket = new Socket(InetAddress.getLoopbackAddress(), port)) {
      return true;
    } catch (IOException e) {
      return false;
    }
  }

  /** As {@code systemctl reload nginx} does: new workers; the old ones end with their clients. */
  void reload() throws Exception {
    Process reload = command("-s", "reload").redirectErrorStream(true).start();
    assertThat(reload.waitFor(30, TimeUnit.SECONDS)).isTrue();
    assertThat(reload.exitValue()).isZero();
  }

  /** What it complained about. */
  List<String> errors() throws IOException {
    try (Stream<String> lines = Files.lines(folder.resolve("errors.txt"))) {
      return lines.filter(line -> line.matches(".*\\[(error|crit|alert|emerg)].*")).toList();
    }
  }

  String authority() {
    return "127.0.0.1:" + port;
  }

  @Override
  public void close() throws Exception {
    process.destroy();
    if (!process.waitFor(10, TimeUnit.SECONDS)) {
      process.destroyForcibly();
    }
  }
}
