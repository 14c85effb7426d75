package dev.tidewire.benchmarks.capture;

import io.zonky.test.db.postgres.embedded.EmbeddedPostgres;
import java.io.IOException;
import java.util.Locale;
import javax.sql.DataSource;
import org.h2.jdbcx.JdbcDataSource;
import org.jspecify.annotations.Nullable;

/** An empty database that lives until it is closed. For one thread. */
final class BenchDatabase implements AutoCloseable {

  private final DataSource dataSource;
  private final @Nullable EmbeddedPostgres server;

  /**
   * @param kind {@code h2} or {@code postgres}
   */
  BenchDatabase(String kind) throws IOException {
    switch (kind.toLowerCase(Locale.ROOT)) {
      case "h2" -> {
        JdbcDataSource h2 = new JdbcDataSource();
        h2.setURL("jdbc:h2:mem:bench");
        dataSource = h2;
        server = null;
      }
      case "postgres" -> {
        server = EmbeddedPostgres.start();
        dataSource = server.getPostgresDatabase();
      }
      default -> throw new IllegalArgumentException("no such database: " + kind);
    }
  }

  DataSource dataSource() {
    return dataSource;
  }

  @Override
  public void close() throws IOException {
    if (server != null) {
      server.close();
    }
  }
}
