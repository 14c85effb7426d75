package dev.tidewire.changes;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.zaxxer.hikari.HikariConfig;
import com.zaxxer.hikari.HikariDataSource;
import java.sql.Connection;
import java.sql.SQLException;
import java.sql.SQLFeatureNotSupportedException;
import java.sql.Statement;
import javax.sql.DataSource;
import javax.sql.XADataSource;
import org.h2.jdbcx.JdbcDataSource;
import org.jooq.SQLDialect;
import org.jooq.impl.DSL;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.Parameter;
import org.junit.jupiter.params.ParameterizedClass;
import org.junit.jupiter.params.provider.EnumSource;

/** A pool inside the capture, outside, and both. */
@ParameterizedClass
@EnumSource(TestDatabase.class)
class PoolsIT {

  @Parameter TestDatabase database;

  private Fixture fixture;
  private Connection connection;
  private Statement statement;

  @BeforeEach
  void open() throws SQLException {
    fixture = new Fixture(database);
    connection = fixture.observed.getConnection();
    statement = connection.createStatement();
  }

  @AfterEach
  void close() throws SQLException {
    connection.close();
    fixture.close();
  }

  private void insert(String name) throws SQLException {
    statement.executeUpdate("insert into items(name) values ('" + name + "')");
  }

  private Object names() throws SQLException {
    return fixture.published().stream()
        .map(e -> e.isReset() ? e : e.change().row().get("name"))
        .toList();
  }

  @Test
  void poolOutsideTheCapture() throws SQLException {
    through(hikari(fixture.observed));
  }

  @Test
  void poolInsideTheCapture() throws SQLException {
    HikariDataSource pool = hikari(fixture.plain);
    try (pool) {
      writeThrough(fixture.capture.observe(pool));
    }
  }

  @Test
  void whatIsWrappedTwiceIsToldOnce() throws SQLException {
    assertThat(fixture.capture.observe(fixture.observed)).isSameAs(fixture.observed);
    HikariDataSource pool = hikari(fixture.observed);
    try (pool) {
      writeThrough(fixture.capture.observe(pool));
    }
    fixture.capture.using(fixture.observed, SQLDialect.DEFAULT).execute("delete from items");
    assertThat(names()).hasToString("[a]");
  }

  @Test
  void twoPhaseTransactionsAreRefused() throws SQLException {
    JdbcDataSource both = new JdbcDataSource();
    DataSource observed = fixture.capture.observe(both);
    assertThat(both.isWrapperFor(XADataSource.class)).isTrue();
    assertThat(observed.isWrapperFor(XADataSource.class)).isFalse();
    assertThatThrownBy(() -> observed.unwrap(XADataSource.class))
        .isInstanceOf(SQLFeatureNotSupportedException.class)
        .hasMessageContaining("XA");
    assertThat(observed.unwrap(JdbcDataSource.class)).isSameAs(both);
  }

  private void through(HikariDataSource pool) throws SQLException {
    try (pool) {
      writeThrough(pool);
    }
  }

  private void writeThrough(DataSource pool) throws SQLException {
    try (Connection pooled = pool.getConnection();
        Statement writer = pooled.createStatement()) {
      writer.executeUpdate("insert into items(name) values ('a')");
      pooled.setAutoCommit(false);
      writer.executeUpdate("insert into items(name) values ('b')");
      pooled.commit();
      writer.executeUpdate("insert into items(name) values ('lost')");
    }
    try (Connection pooled = pool.getConnection();
        Statement writer = pooled.createStatement()) {
      assertThat(pooled.getAutoCommit()).isTrue();
      writer.executeUpdate("delete from items where name = 'b'");
    }
    assertThat(names()).hasToString("[a, b, b]");
    assertThat(DSL.using(fixture.plain, database.dialect()).fetchCount(DSL.table("items")))
        .isEqualTo(1);
  }

  private static HikariDataSource hikari(DataSource dataSource) {
    HikariConfig config = new HikariConfig();
    config.setDataSource(dataSource);
    config.setMaximumPoolSize(2);
    config.setMinimumIdle(0);
    return new HikariDataSource(config);
  }
}
