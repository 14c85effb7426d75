package dev.tidewire.changes;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.junit.jupiter.api.Assumptions.assumeFalse;

import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.Parameter;
import org.junit.jupiter.params.ParameterizedClass;
import org.junit.jupiter.params.provider.EnumSource;

/** The application's own results of a write: RETURNING on PostgreSQL, delta tables on H2. */
@ParameterizedClass
@EnumSource(TestDatabase.class)
class ResultsIT {

  @Parameter TestDatabase database;

  private Fixture fixture;
  private Connection connection;
  private Statement statement;

  @BeforeEach
  void open() throws SQLException {
    fixture = new Fixture(database);
    connection = fixture.observed.getConnection();
    statement = connection.createStatement();
    fixture.items("a", "b");
  }

  @AfterEach
  void close() throws SQLException {
    connection.close();
    fixture.close();
  }

  /** An INSERT, UPDATE or DELETE with a result, in the words of the database. */
  private String returning(String sql, String columns) {
    assumeFalse(database.isMariaDb() && sql.startsWith("update"), "has no UPDATE RETURNING");
    if (database != TestDatabase.H2) {
      return sql + " returning " + columns;
    }
    String option = sql.startsWith("delete") ? "old" : "final";
    return "select " + columns + " from " + option + " table (" + sql + ")";
  }

  @Test
  void resultHoldsOnlyWhatWasAskedFor() throws SQLException {
    try (ResultSet rows =
        statement.executeQuery(
            returning("update items set qty = 8 where id = 2", "name, id as no"))) {
      assertThat(rows.getMetaData().getColumnCount()).isEqualTo(2);
      assertThat(rows.getMetaData().getColumnLabel(2)).isEqualToIgnoringCase("no");
      assertThatThrownBy(() -> rows.getMetaData().getColumnLabel(3))
          .isInstanceOf(SQLException.class);
      assertThat(rows.isBeforeFirst()).isTrue();
      assertThat(rows.next()).isTrue();
      assertThat(rows.getString("name")).isEqualTo("b");
      assertThat(rows.getLong("no")).isEqualTo(2);
      assertThat(rows.getObject(2, Integer.class)).isEqualTo(2);
      assertThat(rows.findColumn("no")).isEqualTo(2);
      assertThatThrownBy(() -> rows.getInt("qty")).isInstanceOf(SQLException.class);
      assertThatThrownBy(() -> rows.findColumn("qty")).isInstanceOf(SQLException.class);
      assertThatThrownBy(() -> rows.getObject(3)).isInstanceOf(SQLException.class);
      assertThat(rows.next()).isFalse();
      assertThat(rows.getStatement()).isSameAs(statement);
      assertThat(rows.getType()).isEqualTo(ResultSet.TYPE_FORWARD_ONLY);
      assertThat(rows.equals(rows)).isTrue();
      assertThat(rows.hashCode()).isEqualTo(rows.hashCode());
      assertThat(rows.isWrapperFor(ResultSet.class)).isTrue();
    }
    assertThat(fixture.texts())
        .containsExactly("UPDATE items {id=2, name=b, qty=8} was {id=2, name=b, qty=1}");
  }

  @Test
  void preparedStatementWithAResultCanRunAgain() throws SQLException {
    try (PreparedStatement insert =
        connection.prepareStatement(returning("insert into items(name) values (?)", "id"))) {
      for (int expected = 3; expected <= 5; expected++) {
        insert.setString(1, "n" + expected);
        assertThat(insert.execute()).isTrue();
        assertThat(insert.getUpdateCount()).isEqualTo(-1);
        try (ResultSet rows = insert.getResultSet()) {
          assertThat(rows.next()).isTrue();
          assertThat(rows.getInt(1)).isEqualTo(expected);
        }
        assertThat(insert.getMoreResults()).isFalse();
      }
      // MariaDB's driver does not know before
      assertThat(insert.getMetaData().getColumnCount()).isEqualTo(database.isMariaDb() ? 0 : 1);
    }
    assertThat(fixture.texts())
        .containsExactly(
            "INSERT items {id=3, name=n3, qty=1}",
            "INSERT items {id=4, name=n4, qty=1}",
            "INSERT items {id=5, name=n5, qty=1}");
  }

  @Test
  void everyColumnCanBeAskedForByStar() throws SQLException {
    try (ResultSet rows =
        statement.executeQuery(returning("delete from items where id = 1", "*"))) {
      assertThat(rows.getMetaData().getColumnCount()).isEqualTo(3);
      assertThat(rows.next()).isTrue();
      assertThat(rows.getString(2)).isEqualTo("a");
    }
    try (ResultSet rows =
        statement.executeQuery(
            returning("update items set qty = qty + 1 where id = 2", "*, qty"))) {
      assertThat(rows.getMetaData().getColumnCount()).isEqualTo(4);
      assertThat(rows.next()).isTrue();
      assertThat(rows.getInt(4)).isEqualTo(2);
    }
    assertThat(fixture.texts())
        .containsExactly(
            "DELETE items {id=1, name=a, qty=1}",
            "UPDATE items {id=2, name=b, qty=2} was {id=2, name=b, qty=1}");
  }

  @Test
  void limitOnTheResultIsKeptAndTheTableReset() throws SQLException {
    statement.setMaxRows(1);
    try (ResultSet rows = statement.executeQuery(returning("update items set qty = 8", "id"))) {
      assertThat(rows.next()).isTrue();
      assertThat(rows.next()).isFalse();
    }
    assertThat(fixture.texts()).containsExactly("RESET items");
    assertThat(fixture.row("select sum(qty) from items")).hasToString("[16]");
  }

  @Test
  void computedResultsDoNotFail() throws SQLException {
    try (ResultSet rows =
        statement.executeQuery(returning("update items set qty = 3 where id = 1", "upper(name)"))) {
      assertThat(rows.next()).isTrue();
      assertThat(rows.getString(1)).isEqualTo("A");
    }
    assertThat(fixture.texts())
        .containsExactly(
            database != TestDatabase.H2
                ? "UPDATE items {id=1, name=a, qty=3} was {id=1, name=a, qty=1}"
                : "RESET items");
  }

  /** H2 keeps the rows before the failing one; whatever it keeps must not be silent. */
  @Test
  void failedResultLeavesWhatItWouldAndIsNotSilent() throws SQLException {
    String sql = returning("insert into items(id) values (700), (1), (701)", "id");
    String expected = failure(fixture.plain.getConnection(), sql);
    Object left = fixture.row("select count(*) from items");
    fixture.plainly("delete from items where id = 700");
    assertThat(failure(fixture.observed.getConnection(), sql))
        .startsWith(expected.substring(0, 30));
    assertThat(fixture.row("select count(*) from items")).isEqualTo(left);
    if (left.toString().equals("[3]")) {
      assertThat(fixture.texts()).containsExactly("RESET items");
    }
  }

  private static String failure(Connection connection, String sql) throws SQLException {
    try (connection;
        Statement statement = connection.createStatement()) {
      statement.executeQuery(sql);
      throw new AssertionError("did not fail");
    } catch (SQLException e) {
      return e.getSQLState() + e.getErrorCode() + TestDatabase.message(e);
    }
  }

  @Test
  void oldAndNewInReturningAreUnderstood() throws SQLException {
    if (database != TestDatabase.POSTGRES_18) {
      return;
    }
    assertResult("update items set qty = 2 where id = 1 returning old.qty, new.qty", 1, 2);
    assertResult(
        "update items set qty = 3 where id = 1 returning with (old as was) was.qty, new.qty", 2, 3);
    assertResult(
        "with one as (select 1 as id) update items i set qty = 4 from one"
            + " where one.id = i.id returning with (new as n, old as o) o.qty, n.qty",
        3,
        4);
    assertThat(fixture.texts())
        .containsExactly(
            "UPDATE items {id=1, name=a, qty=2} was {id=1, name=a, qty=1}",
            "UPDATE items {id=1, name=a, qty=3} was {id=1, name=a, qty=2}",
            "UPDATE items {id=1, name=a, qty=4} was {id=1, name=a, qty=3}");
    assertResult(
        "update items as old set qty = 5 where old.id = 1 returning old.id, old.qty", 1, 5);
    assertThat(fixture.texts()).containsExactly("RESET items");
  }

  private void assertResult(String sql, int... values) throws SQLException {
    try (ResultSet rows = statement.executeQuery(sql)) {
      assertThat(rows.next()).isTrue();
      for (int i = 0; i < values.length; i++) {
        assertThat(rows.getInt(i + 1)).as(sql).isEqualTo(values[i]);
      }
      assertThat(rows.getMetaData().getColumnCount()).isEqualTo(values.length);
    }
  }

  @Test
  void updateFromAnotherTable() throws SQLException {
    if (!database.isPostgres()) {
      return;
    }
    fixture.plainly("insert into other values (1, 50), (2, 60)");
    assertThat(
            statement.executeUpdate(
                "update items set qty = other.v from other where other.id = items.id and v > 50"))
        .isEqualTo(1);
    assertThat(
            statement.executeUpdate(
                "delete from items using other where other.id = items.id and v = 50"))
        .isEqualTo(1);
    assertThat(fixture.texts())
        .containsExactly(
            database == TestDatabase.POSTGRES_18
                ? "UPDATE items {id=2, name=b, qty=60} was {id=2, name=b, qty=1}"
                : "RESET items",
            "DELETE items {id=1, name=a, qty=1}");
  }

  @Test
  void statementThatClosesOnCompletionSurvivesItsCapture() throws SQLException {
    try (PreparedStatement update =
        connection.prepareStatement("update items set qty = qty + 1 where id = ?")) {
      update.closeOnCompletion();
      for (int id = 1; id <= 2; id++) {
        update.setInt(1, id);
        assertThat(update.executeUpdate()).isEqualTo(1);
      }
      assertThat(update.isCloseOnCompletion()).isTrue();
      assertThat(update.isClosed()).isFalse();
    }
    assertThat(fixture.published()).hasSize(2);
  }

  @Test
  void streamsAndBytesCanBeWrittenInBatches() throws SQLException {
    try (PreparedStatement update =
        connection.prepareStatement("update items set name = ?, qty = ? where id = ?")) {
      for (int id = 1; id <= 2; id++) {
        update.setCharacterStream(1, new java.io.StringReader("long" + id));
        update.setNull(2, java.sql.Types.INTEGER);
        update.setObject(3, id, java.sql.Types.INTEGER);
        update.addBatch();
      }
      assertThat(update.executeBatch()).containsExactly(1, 1);
    }
    assertThat(fixture.texts())
        .containsExactly(
            "UPDATE items {id=1, name=long1, qty=null} was {id=1, name=a, qty=1}",
            "UPDATE items {id=2, name=long2, qty=null} was {id=2, name=b, qty=1}");
  }

  @Test
  void metaDataLeadBackToTheCapture() throws SQLException {
    assertThat(connection.getMetaData().getConnection()).isSameAs(connection);
    assertThat(statement.getConnection()).isSameAs(connection);
    assertThat(connection.isWrapperFor(Connection.class)).isTrue();
    assertThat(connection.unwrap(Connection.class)).isSameAs(connection);
  }
}
