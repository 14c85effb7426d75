package dev.tidewire.changes;

import static org.assertj.core.api.Assertions.assertThat;

import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.UUID;
import org.h2.jdbcx.JdbcDataSource;
import org.junit.jupiter.api.Test;

/** A user of H2 who is not its administrator sees enough for the capture. */
class H2UserIT {

  @Test
  void capturesForAUserWithoutAdministratorRights() throws SQLException {
    String url = "jdbc:h2:mem:" + UUID.randomUUID();
    try (Connection admin = DriverManager.getConnection(url, "sa", "");
        Statement statement = admin.createStatement()) {
      statement.execute("create user visitor password 'p'");
      statement.execute("grant alter any schema to visitor");
      captureAsVisitor(url);
    }
  }

  /** While the administrator's connection keeps the database alive. */
  private static void captureAsVisitor(String url) throws SQLException {
    JdbcDataSource dataSource = new JdbcDataSource();
    dataSource.setURL(url);
    dataSource.setUser("visitor");
    dataSource.setPassword("p");
    RecordingSink sink = new RecordingSink();
    ChangeCapture capture = ChangeCapture.on(sink).tables("items").build();
    try (Connection connection = capture.observe(dataSource).getConnection();
        Statement statement = connection.createStatement()) {
      statement.execute("create table items (id int primary key, name varchar(9))");
      connection.setAutoCommit(false);
      statement.executeUpdate("insert into items values (1, 'a')");
      statement.execute("create table more (id int)");
      connection.rollback();
      statement.executeUpdate("update items set name = 'b'");
      statement.executeUpdate("delete from items");
      connection.rollback();
      statement.execute("truncate table items");
    }
    capture.close();
    assertThat(sink.events().stream().map(Object::toString))
        .containsExactly("RESET items", "INSERT items {id=1, name=a}", "RESET items");
  }
}
