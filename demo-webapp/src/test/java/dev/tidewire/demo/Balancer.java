package dev.tidewire.demo;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.File;
import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;

/**
 * The nginx of the machine in front of two nodes, with the upstreams that {@code
 * docs/operations.md} shows for them; without an nginx its tests are skipped, or fail where {@code
 * -Dnginx.required} is given.
 */
final class Balancer implements AutoCloseable {
  private static final String MISSING =
      "No nginx here: install it (Debian: apt-get install nginx-light) to run these";
  private static final Pattern BLOCK = Pattern.compile("```nginx\n(.*?)```", Pattern.DOTALL);

  private final Process process;
  private final int port;

  Balancer(List<NodeProcess> nodes, Path folder) throws IOException {
    Optional<Path> program = program();
    assumeTrue(program.isPresent() || System.getProperty("nginx.required") != null, MISSING);
    try (ServerSocket free = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
      port = free.getLocalPort();
    }
    Path configuration = folder.resolve("nginx.conf");
    Files.writeString(configuration, configuration(nodes));
    File log = folder.resolve("output.txt").toFile();
    process =
        new ProcessBuilder(
                program.orElseThrow(() -> new AssertionError(MISSING)).toString(),
                "-p",
                folder.toString(),
                "-e",
                folder.resolve("errors.txt").toString(),
                "-c",
                configuration.toString())
            .redirectErrorStream(true)
            .redirectOutput(log)
            .start();
    await("nginx")
        .atMost(Duration.ofSeconds(60))
        .until(
            () -> {
              assertThat(process.isAlive()).as(Files.readString(log.toPath())).isTrue();
              return answers();
            });
  }

  private static Optional<Path> program() {
    String path = System.getenv("PATH") + File.pathSeparator + "/usr/sbin";
    return Stream.of(path.split(File.pathSeparator))
        .map(place -> Path.of(place, "nginx"))
        .filter(Files::isExecutable)
        .findFirst();
  }

  /** The upstreams as they are shown but for the ports; the demo is at the root. */
  private String configuration(List<NodeProcess> nodes) throws IOException {
    String upstreams =
        BLOCK
            .matcher(Files.readString(Path.of("..", "docs", "operations.md")))
            .results()
            .map(block -> block.group(1))
            .filter(block -> block.contains("upstream app_realtime"))
            .findFirst()
            .orElseThrow();
    for (int i = 0; i < 2; i++) {
      String shown = "127.0.0.1:808" + (i + 1);
      assertThat(upstreams).contains(shown);
      upstreams = upstreams.replace(shown, nodes.get(i).name());
    }
    Matcher cookie = Pattern.compile("\\$cookie_JSESSIONID").matcher(upstreams);
    return """
        daemon off;
        %s
        pid nginx.pid;
        events {}
        http {
          access_log off;
          client_body_temp_path body;
          proxy_temp_path proxy;
          fastcgi_temp_path fastcgi;
          uwsgi_temp_path uwsgi;
          scgi_temp_path scgi;
          map $http_upgrade $websocket { default ""; "~*^websocket" websocket; }
          map $websocket $connection_upgrade { default upgrade; "" ""; }
          %s
          server {
            listen 127.0.0.1:%d;
            proxy_http_version 1.1;
            proxy_set_header Host $http_host;
            proxy_set_header Upgrade $websocket;
            proxy_set_header Connection $connection_upgrade;
            location / { proxy_pass http://app; }
            location /realtime/ { proxy_pass http://app_realtime; proxy_buffering off; }
          }
        }
        """
        .formatted(
            System.getProperty("user.name").equals("root") ? "user root;" : "",
            cookie.replaceAll(Matcher.quoteReplacement("$cookie_tidewire_visitor")),
            port);
  }

  private boolean answers() {
    try (Socket socket = new Socket(InetAddress.getLoopbackAddress(), port)) {
      return true;
    } catch (IOException e) {
      return false;
    }
  }

  URI url() {
    return URI.create("http://localhost:" + port + "/");
  }

  @Override
  public void close() throws InterruptedException {
    process.destroy();
    if (!process.waitFor(10, TimeUnit.SECONDS)) {
      process.destroyForcibly();
    }
  }
}
