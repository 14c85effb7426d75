package dev.tidewire.changes.postgres;

import io.zonky.test.db.postgres.embedded.EmbeddedPostgres;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import javax.sql.DataSource;
import org.postgresql.ds.PGSimpleDataSource;

/** A server of its own that tests may kill: what it has answered, it has in its log. */
final class PostgresServer implements AutoCloseable {

  private final Path data;
  private final EmbeddedPostgres server;
  private final List<String> command = new ArrayList<>();

  PostgresServer() throws IOException {
    data = Files.createTempDirectory("tidewire-postgres");
    server =
        EmbeddedPostgres.builder()
            .setDataDirectory(data)
            .setServerConfig("synchronous_commit", "on")
            .setServerConfig("max_connections", "100")
            .start();
  }

  /** As after a crash: the server ends at once, and recovers when it is started. */
  void kill() throws Exception {
    long pid = Long.parseLong(Files.readAllLines(data.resolve("postmaster.pid")).get(0).strip());
    ProcessHandle process = ProcessHandle.of(pid).orElseThrow();
    command.clear();
    if (System.getProperty("user.name").equals("root")) {
      command.addAll(List.of("unshare", "-U")); // the server refuses to be root
    }
    command.add(process.info().command().orElseThrow());
    command.addAll(List.of(process.info().arguments().orElseThrow()));
    new ProcessBuilder("kill", "-QUIT", Long.toString(pid)).start().waitFor();
    process.onExit().get(30, TimeUnit.SECONDS);
  }

  /** Starts what was killed, as it was. */
  void start() throws IOException {
    new ProcessBuilder(command)
        .redirectErrorStream(true)
        .redirectOutput(ProcessBuilder.Redirect.DISCARD)
        .start();
  }

  String url() {
    return server.getJdbcUrl("postgres", "postgres");
  }

  /** Connections with this name. */
  DataSource dataSource(String name) {
    return dataSource(url(), name);
  }

  static DataSource dataSource(String url, String name) {
    PGSimpleDataSource dataSource = new PGSimpleDataSource();
    dataSource.setUrl(url);
    dataSource.setApplicationName(name);
    return dataSource;
  }

  /** Runs a statement; its first number, or 0. */
  long run(String sql) throws SQLException {
    try (Connection connection = dataSource("test").getConnection();
        Statement statement = connection.createStatement()) {
      if (!statement.execute(sql)) {
        return 0;
      }
      try (ResultSet rows = statement.getResultSet()) {
        return rows.next() ? rows.getLong(1) : 0;
      }
    }
  }

  @Override
  public void close() throws IOException {
    server.close(); // and its files with it
  }
}
