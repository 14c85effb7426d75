package dev.tidewire.changes;

import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.File;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.ServerSocket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.UUID;
import java.util.stream.Stream;
import javax.sql.DataSource;
import org.awaitility.Awaitility;
import org.mariadb.jdbc.MariaDbDataSource;

/**
 * A MariaDB of the machine, started on first use with a data folder of its own; without one its
 * tests are skipped, or fail where {@code -Dmariadb.required} is given.
 */
final class MariaDbServer {

  private static final String MISSING =
      "No mariadbd here: install it (Debian: apt-get install mariadb-server-core) to run these";

  private final String url;

  private MariaDbServer(String url) {
    this.url = url;
  }

  /** One server per JVM. */
  private static final class Holder {
    static final MariaDbServer SERVER = start();
  }

  static DataSource fresh() throws SQLException {
    boolean there = program("mariadbd").isPresent();
    assumeTrue(there || System.getProperty("mariadb.required") != null, MISSING);
    String name = "t" + UUID.randomUUID().toString().replace("-", "");
    try (Connection connection = DriverManager.getConnection(Holder.SERVER.url + "?user=root");
        Statement statement = connection.createStatement()) {
      statement.execute("create database " + name + " character set utf8mb4");
    }
    return new MariaDbDataSource(Holder.SERVER.url + name + "?user=root&allowMultiQueries=true");
  }

  private static Optional<Path> program(String name) {
    String path = System.getenv("PATH") + File.pathSeparator + "/usr/sbin";
    return Stream.of(path.split(File.pathSeparator))
        .map(folder -> Path.of(folder, name))
        .filter(Files::isExecutable)
        .findFirst();
  }

  private static MariaDbServer start() {
    try {
      Path folder = Files.createTempDirectory("tidewire-mariadb");
      Path data = Files.createDirectory(folder.resolve("data"));
      Path log = folder.resolve("log");
      String server = program("mariadbd").orElseThrow(() -> new AssertionError(MISSING)).toString();
      int port;
      try (ServerSocket socket = new ServerSocket(0)) {
        port = socket.getLocalPort();
      }
      Process process =
          run(
              log,
              List.of(
                  server,
                  "--no-defaults",
                  "--datadir=" + data,
                  "--user=" + System.getProperty("user.name"),
                  // an empty folder will do then
                  "--skip-grant-tables",
                  "--bind-address=127.0.0.1",
                  "--port=" + port,
                  "--socket=" + folder.resolve("socket"),
                  "--max-connections=300",
                  "--innodb-flush-log-at-trx-commit=0",
                  "--innodb-lock-wait-timeout=20"));
      Runtime.getRuntime().addShutdownHook(new Thread(() -> stop(process, folder)));
      String url = "jdbc:mariadb://127.0.0.1:" + port + "/";
      Awaitility.await()
          .atMost(Duration.ofMinutes(2))
          .ignoreExceptions()
          .until(
              () -> {
                DriverManager.getConnection(url + "?user=root").close();
                return true;
              });
      return new MariaDbServer(url);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private static Process run(Path log, List<String> command) throws IOException {
    return new ProcessBuilder(command)
        .redirectErrorStream(true)
        .redirectOutput(log.toFile())
        .start();
  }

  private static void stop(Process process, Path folder) {
    process.destroy();
    try (Stream<Path> files = process.onExit().thenApply(ended -> walk(folder)).join()) {
      files.sorted(java.util.Comparator.reverseOrder()).forEach(path -> path.toFile().delete());
    }
  }

  private static Stream<Path> walk(Path folder) {
    try {
      return Files.walk(folder);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }
}
