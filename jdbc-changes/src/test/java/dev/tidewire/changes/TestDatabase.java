package dev.tidewire.changes;

import io.zonky.test.db.postgres.embedded.EmbeddedPostgres;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.EnumMap;
import java.util.Map;
import java.util.UUID;
import java.util.jar.JarFile;
import javax.sql.DataSource;
import org.h2.jdbcx.JdbcDataSource;
import org.jooq.SQLDialect;

/** The databases that the tests run on; one server of each per JVM. */
public enum TestDatabase {
  H2,
  POSTGRES_18,
  POSTGRES_17;

  private static final Map<TestDatabase, EmbeddedPostgres> SERVERS =
      new EnumMap<>(TestDatabase.class);

  public SQLDialect dialect() {
    return this == H2 ? SQLDialect.H2 : SQLDialect.POSTGRES;
  }

  boolean isPostgres() {
    return this != H2;
  }

  /** An empty database, not observed. */
  public DataSource fresh() throws SQLException {
    if (this == H2) {
      JdbcDataSource dataSource = new JdbcDataSource();
      dataSource.setURL(
          "jdbc:h2:mem:" + UUID.randomUUID() + ";DB_CLOSE_DELAY=-1;LOCK_TIMEOUT=10000");
      return dataSource;
    }
    // a schema of its own is as good as a database, and made a hundred times faster
    String schema = "t" + UUID.randomUUID().toString().replace("-", "");
    EmbeddedPostgres server = server();
    try (Connection connection = server.getPostgresDatabase().getConnection();
        Statement statement = connection.createStatement()) {
      statement.execute("create schema " + schema);
    }
    return server.getDatabase("postgres", "postgres", Map.of("currentSchema", schema));
  }

  /** The address of the server, for connections that the test makes itself. */
  String url() {
    return server().getJdbcUrl("postgres", "postgres");
  }

  private EmbeddedPostgres server() {
    synchronized (SERVERS) {
      return SERVERS.computeIfAbsent(this, TestDatabase::start);
    }
  }

  private static EmbeddedPostgres start(TestDatabase database) {
    try {
      EmbeddedPostgres.Builder builder =
          EmbeddedPostgres.builder()
              .setServerConfig("max_connections", "300")
              .setServerConfig("deadlock_timeout", "100ms")
              .setServerConfig("wal_level", "logical")
              .setServerConfig("wal_writer_delay", "10ms");
      if (database == POSTGRES_17) {
        JarFile jar = new JarFile(Path.of("target", "old-postgres", "postgres.jar").toFile());
        builder.setPgBinaryResolver(
            (system, machine) -> {
              try {
                return jar.getInputStream(jar.getEntry("postgres-linux-x86_64.txz"));
              } catch (IOException e) {
                throw new UncheckedIOException(e);
              }
            });
      }
      return builder.start();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }
}
