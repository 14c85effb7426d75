package dev.tidewire.demo;

import com.zaxxer.hikari.HikariConfig;
import com.zaxxer.hikari.HikariDataSource;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.Driver;
import java.sql.DriverManager;
import java.sql.SQLException;
import java.util.Collections;
import java.util.Properties;
import java.util.UUID;
import javax.sql.DataSource;
import org.jooq.SQLDialect;
import org.jooq.tools.jdbc.JDBCUtils;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The demo's database: an H2 of its own, or the PostgreSQL (or H2) that {@code db.url} names.
 * Opening creates the tables and fills empty ones. Thread-safe.
 */
final class Database implements AutoCloseable {
  private static final Logger LOG = LoggerFactory.getLogger(Database.class);

  private final HikariDataSource pool;
  private final SQLDialect dialect;
  private final @Nullable Connection owner;

  private Database(HikariDataSource pool, SQLDialect dialect, @Nullable Connection owner) {
    this.pool = pool;
    this.dialect = dialect;
    this.owner = owner;
  }

  /**
   * Opens what {@code settings} name; a database that cannot be reached or is of another make is an
   * {@link IllegalStateException} that says so.
   */
  static Database open(Settings settings) {
    String url = settings.dbUrl();
    try {
      return url == null
          ? openOwn(settings.data())
          : openNamed(url, settings.dbUser(), settings.dbPassword());
    } catch (SQLException | RuntimeException e) {
      // without the parameters of the URL, among which there may be a password
      String name = url == null ? "H2" : url.split("[?;]", 2)[0];
      throw new IllegalStateException(
          "The demo cannot open its database " + name + ": " + e.getMessage(), e);
    }
  }

  /**
   * Our own H2. The pool works as a user who may do anything with the tables but nothing with
   * files, code or the server, because the SQL console runs whatever it is given. The owner's
   * connection stays open: it keeps an in-memory database alive and closes it at the end. With
   * {@code WRITE_DELAY=0} every commit is on disk before anybody hears of it.
   */
  private static Database openOwn(@Nullable String data) throws SQLException {
    String url =
        data == null ? "jdbc:h2:mem:tidewire-demo" : "jdbc:h2:file:" + Path.of(data, "tidewire");
    Properties sa = new Properties();
    sa.setProperty("user", "sa");
    sa.setProperty("password", "");
    // not through the DriverManager, which in a container does not look into the WAR
    Connection owner =
        new org.h2.Driver()
            .connect(url + ";WRITE_DELAY=0;DB_CLOSE_ON_EXIT=FALSE;TRACE_LEVEL_FILE=0", sa);
    String password = UUID.randomUUID().toString();
    try (var statement = owner.createStatement()) {
      statement.execute("create user if not exists visitor password ''");
      statement.execute("alter user visitor set password '" + password + "'");
      statement.execute("grant alter any schema to visitor");
      return withTables(pool(url, "visitor", password), SQLDialect.H2, owner);
    } catch (SQLException | RuntimeException e) {
      owner.close();
      throw e;
    }
  }

  private static Database openNamed(String url, @Nullable String user, @Nullable String password) {
    SQLDialect dialect = JDBCUtils.dialect(url);
    if (dialect != SQLDialect.POSTGRES && dialect != SQLDialect.H2) {
      throw new IllegalArgumentException("the demo runs on PostgreSQL and H2");
    }
    return withTables(pool(url, user, password), dialect, null);
  }

  private static Database withTables(
      HikariDataSource pool, SQLDialect dialect, @Nullable Connection owner) {
    try {
      Schema.create(pool, dialect);
    } catch (RuntimeException e) {
      pool.close();
      throw e;
    }
    return new Database(pool, dialect, owner);
  }

  private static HikariDataSource pool(
      String url, @Nullable String user, @Nullable String password) {
    HikariConfig config = new HikariConfig();
    config.setPoolName("tidewire-demo");
    config.setJdbcUrl(url);
    // named, because a container's DriverManager does not look into the WAR
    config.setDriverClassName(
        url.startsWith("jdbc:h2:") ? "org.h2.Driver" : "org.postgresql.Driver");
    config.setUsername(user);
    config.setPassword(password);
    config.setMaximumPoolSize(8);
    config.setConnectionTimeout(5_000);
    return new HikariDataSource(config);
  }

  DataSource dataSource() {
    return pool;
  }

  SQLDialect dialect() {
    return dialect;
  }

  /** For people: what kind of database this is. */
  String product() {
    return dialect == SQLDialect.H2 ? "H2" : "PostgreSQL";
  }

  /** Whether other nodes can use it too; the demo's own H2 is this JVM's alone. */
  boolean isShared() {
    return owner == null;
  }

  @Override
  public void close() {
    pool.close();
    shutDown();
    deregisterDrivers();
  }

  private void shutDown() {
    if (owner != null) {
      try (owner;
          var statement = owner.createStatement()) {
        statement.execute("shutdown");
      } catch (SQLException e) {
        LOG.warn("The demo's database did not close cleanly: {}", e.getMessage());
      }
    }
  }

  /**
   * Drivers register themselves for the whole JVM; left there, they would hold on to the
   * application.
   */
  private static void deregisterDrivers() {
    for (Driver driver : Collections.list(DriverManager.getDrivers())) {
      if (driver.getClass().getClassLoader() == Database.class.getClassLoader()) {
        try {
          DriverManager.deregisterDriver(driver);
        } catch (SQLException e) {
          LOG.warn("The driver {} stays registered: {}", driver, e.getMessage());
        }
      }
    }
  }
}
