package dev.tidewire.changes;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.junit.jupiter.api.Assumptions.assumeFalse;

import java.sql.BatchUpdateException;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.Parameter;
import org.junit.jupiter.params.ParameterizedClass;
import org.junit.jupiter.params.provider.EnumSource;

/** Every plain JDBC way of writing: what is published, and what the application sees. */
@ParameterizedClass
@EnumSource(TestDatabase.class)
class WritesIT {

  @Parameter TestDatabase database;

  private Fixture fixture;
  private Connection connection;

  @BeforeEach
  void open() throws SQLException {
    fixture = new Fixture(database);
    connection = fixture.observed.getConnection();
  }

  @AfterEach
  void close() throws SQLException {
    connection.close();
    fixture.close();
  }

  @Test
  void plainStatementsTellTheirRows() throws SQLException {
    try (Statement statement = connection.createStatement()) {
      assertThat(statement.executeUpdate("insert into items(name, qty) values ('a', 1), ('b', 2)"))
          .isEqualTo(2);
      assertThat(statement.execute("update items set qty = qty + 10 where name = 'b'")).isFalse();
      assertThat(statement.getUpdateCount()).isEqualTo(1);
      assertThat(statement.getResultSet()).isNull();
      assertThat(statement.getMoreResults()).isFalse();
      assertThat(statement.getUpdateCount()).isEqualTo(-1);
      assertThat(statement.executeLargeUpdate("delete from items")).isEqualTo(2);
    }
    assertThat(fixture.texts())
        .containsExactly(
            "INSERT items {id=1, name=a, qty=1}",
            "INSERT items {id=2, name=b, qty=2}",
            "UPDATE items {id=2, name=b, qty=12} was {id=2, name=b, qty=2}",
            "DELETE items {id=1, name=a, qty=1}",
            "DELETE items {id=2, name=b, qty=12}");
  }

  @Test
  void deleteCarriesTheRowTwice() throws SQLException {
    fixture.items("a");
    fixture.run("delete from items");
    var change = fixture.published().get(0).change();
    assertThat(change.old()).isEqualTo(change.row()).containsEntry("name", "a");
  }

  @Test
  void preparedStatementsTellTheirRows() throws SQLException {
    try (PreparedStatement insert =
            connection.prepareStatement("insert into items(name, qty) values (?, ?)");
        PreparedStatement update =
            connection.prepareStatement("update items set name = ?, qty = qty + ? where id = ?");
        PreparedStatement delete =
            connection.prepareStatement("delete from items where name = ? and id > ?")) {
      for (int i = 1; i <= 2; i++) {
        insert.setString(1, "n" + i);
        insert.setInt(2, i);
        assertThat(insert.executeUpdate()).isEqualTo(1);
      }
      update.setString(1, "x");
      update.setLong(2, 5);
      update.setInt(3, 2);
      assertThat(update.executeUpdate()).isEqualTo(1);
      delete.setString(1, "x");
      delete.setInt(2, 0);
      assertThat(delete.execute()).isFalse();
      assertThat(delete.getUpdateCount()).isEqualTo(1);
      assertThat(delete.getMetaData()).isNull();
    }
    assertThat(fixture.texts())
        .containsExactly(
            "INSERT items {id=1, name=n1, qty=1}",
            "INSERT items {id=2, name=n2, qty=2}",
            "UPDATE items {id=2, name=x, qty=7} was {id=2, name=n2, qty=2}",
            "DELETE items {id=2, name=x, qty=7}");
  }

  @Test
  void insertSelectAndDefaultValuesTellTheirRows() throws SQLException {
    fixture.run(
        database.isMariaDb() ? "insert into items() values ()" : "insert into items default values",
        "insert into items(name, qty) select 'c', qty + 1 from items where id = 1 -- copy");
    assertThat(fixture.texts())
        .containsExactly(
            "INSERT items {id=1, name=null, qty=1}", "INSERT items {id=2, name=c, qty=2}");
  }

  @Test
  void updateOfManyRowsTellsEachOldRow() throws SQLException {
    fixture.items("a", "b", "c");
    fixture.run("update items as i set qty = i.qty * 2 where i.name <> 'b' /* not b */ ;");
    assertThat(fixture.texts())
        .containsExactlyInAnyOrder(
            "UPDATE items {id=1, name=a, qty=2} was {id=1, name=a, qty=1}",
            "UPDATE items {id=3, name=c, qty=2} was {id=3, name=c, qty=1}");
  }

  @Test
  void updateThatChangesNothingIsNotTold() throws SQLException {
    fixture.items("a", "b");
    fixture.run("update items set qty = case when name = 'a' then 9 else qty end");
    assertThat(fixture.texts())
        .containsExactly("UPDATE items {id=1, name=a, qty=9} was {id=1, name=a, qty=1}");
  }

  @Test
  void keyUpdateOfOneRowStaysAnUpdate() throws SQLException {
    fixture.items("a");
    fixture.run("update items set id = 70 where id = 1");
    assertThat(fixture.texts())
        .containsExactly("UPDATE items {id=70, name=a, qty=1} was {id=1, name=a, qty=1}");
  }

  @Test
  void keyUpdateOfManyRowsFoldsToTheTable() throws SQLException {
    fixture.items("a", "b");
    fixture.run("update items set id = id + 100");
    if (database.isMariaDb()) {
      assertThat(fixture.texts()).containsExactly("RESET items");
    } else if (!database.isPostgres()) {
      assertThat(fixture.texts())
          .containsExactly(
              "DELETE items {id=1, name=a, qty=1}",
              "DELETE items {id=2, name=b, qty=1}",
              "INSERT items {id=101, name=a, qty=1}",
              "INSERT items {id=102, name=b, qty=1}");
    } else {
      assertThat(fixture.texts())
          .containsExactlyInAnyOrder(
              "UPDATE items {id=101, name=a, qty=1} was {id=1, name=a, qty=1}",
              "UPDATE items {id=102, name=b, qty=1} was {id=2, name=b, qty=1}");
    }
  }

  @Test
  void generatedKeysAreSeenByTheApplication() throws SQLException {
    assumeFalse(database.isSqlite() || database.isMariaDb(), "tells less, see their own tests");
    String insert = "insert into items(name) values ('a'), ('b')";
    try (PreparedStatement flag =
            connection.prepareStatement(insert, Statement.RETURN_GENERATED_KEYS);
        Statement names = connection.createStatement()) {
      assertThat(flag.executeUpdate()).isEqualTo(2);
      assertThat(labels(flag.getGeneratedKeys())).isEqualTo(plainLabels(insert));
      assertThat(column(flag.getGeneratedKeys(), 1)).containsExactly(1, 2);
      names.executeUpdate(insert, new String[] {"name", "id"});
      ResultSet keys = names.getGeneratedKeys();
      assertThat(keys.getMetaData().getColumnCount()).isEqualTo(2);
      assertThat(keys.next()).isTrue();
      assertThat(keys.getString(1)).isEqualTo("a");
      assertThat(keys.getInt("id")).isEqualTo(5);
      assertThatThrownBy(() -> keys.getInt("qty")).isInstanceOf(SQLException.class);
      assertThatThrownBy(() -> keys.getInt(3)).isInstanceOf(SQLException.class);
      assertThat(keys.getStatement()).isSameAs(names);
    }
    assertThat(fixture.texts()).hasSize(4).first().isEqualTo("INSERT items {id=1, name=a, qty=1}");
  }

  /** Runs on the plain data source and so advances the sequence by two. */
  private List<String> plainLabels(String insert) throws SQLException {
    try (Connection plain = fixture.plain.getConnection();
        Statement statement = plain.createStatement()) {
      statement.executeUpdate(insert, Statement.RETURN_GENERATED_KEYS);
      return labels(statement.getGeneratedKeys());
    }
  }

  private static List<String> labels(ResultSet rows) throws SQLException {
    return java.util.stream.IntStream.rangeClosed(1, rows.getMetaData().getColumnCount())
        .mapToObj(
            i -> {
              try {
                return rows.getMetaData().getColumnLabel(i);
              } catch (SQLException e) {
                throw new AssertionError(e);
              }
            })
        .toList();
  }

  private static List<Integer> column(ResultSet rows, int index) throws SQLException {
    List<Integer> values = new java.util.ArrayList<>();
    while (rows.next()) {
      values.add(rows.getInt(index));
    }
    return values;
  }

  @Test
  void noKeysAreGivenToWhoAskedForNone() throws SQLException {
    assumeFalse(database.isSqlite() || database.isMariaDb(), "tells them, or refuses");
    try (PreparedStatement insert =
        connection.prepareStatement("insert into items(name) values ('a')")) {
      insert.executeUpdate();
      assertThat(insert.getGeneratedKeys().next()).isFalse();
    }
  }

  @Test
  void preparedBatchTellsEveryRow() throws SQLException {
    fixture.items("a", "b", "c");
    try (PreparedStatement insert =
            connection.prepareStatement("insert into items(name) values (?)");
        PreparedStatement update =
            connection.prepareStatement("update items set qty = ? where id = ?");
        PreparedStatement delete = connection.prepareStatement("delete from items where id = ?")) {
      for (String name : List.of("d", "e")) {
        insert.setString(1, name);
        insert.addBatch();
      }
      assertThat(insert.executeBatch()).containsExactly(1, 1);
      for (int id = 1; id <= 9; id += 4) {
        update.setInt(1, id * 10);
        update.setInt(2, id);
        update.addBatch();
      }
      assertThat(update.executeBatch()).containsExactly(1, 1, 0);
      delete.setInt(1, 2);
      delete.addBatch();
      delete.setInt(1, 3);
      delete.addBatch();
      assertThat(delete.executeLargeBatch()).containsExactly(1, 1);
    }
    assertThat(fixture.texts())
        .containsExactly(
            "INSERT items {id=4, name=d, qty=1}",
            "INSERT items {id=5, name=e, qty=1}",
            "UPDATE items {id=1, name=a, qty=10} was {id=1, name=a, qty=1}",
            "UPDATE items {id=5, name=e, qty=50} was {id=5, name=e, qty=1}",
            "DELETE items {id=2, name=b, qty=1}",
            "DELETE items {id=3, name=c, qty=1}");
  }

  @Test
  void batchOfTextsTellsEveryRow() throws SQLException {
    try (Statement statement = connection.createStatement()) {
      statement.addBatch("insert into items(name) values ('a')");
      statement.addBatch("insert into other values (1, 1)");
      statement.addBatch("update items set qty = 5");
      assertThat(statement.executeBatch()).containsExactly(1, 1, 1);
    }
    assertThat(fixture.row("select count(*) from other")).hasToString("[1]");
    assertThat(fixture.texts())
        .containsExactly(
            "INSERT items {id=1, name=a, qty=1}",
            "UPDATE items {id=1, name=a, qty=5} was {id=1, name=a, qty=1}");
  }

  /** The same batch without capture gives the same error, counts and rows. */
  @Test
  void failingBatchFailsAndLeavesWhatItWould() throws SQLException {
    List<Object> plain = failingBatch(fixture.plain);
    List<Object> rows = fixture.row("select min(id), max(id), count(*) from items");
    fixture.plainly("delete from items");
    assertThat(failingBatch(fixture.observed)).isEqualTo(plain);
    assertThat(fixture.row("select min(id), max(id), count(*) from items")).isEqualTo(rows);
    int kept = ((Number) rows.get(2)).intValue();
    assertThat(fixture.texts()).hasSize(kept);
  }

  private static List<Object> failingBatch(javax.sql.DataSource dataSource) throws SQLException {
    try (Connection connection = dataSource.getConnection();
        PreparedStatement insert =
            connection.prepareStatement("insert into items(id, name) values (?, 'x')")) {
      for (int id : new int[] {50, 51, 50, 52}) {
        insert.setInt(1, id);
        insert.addBatch();
      }
      insert.executeBatch();
      throw new AssertionError("did not fail");
    } catch (SQLException e) {
      if (!(e instanceof BatchUpdateException)) {
        return List.of(TestDatabase.message(e), e.getErrorCode());
      }
      return failure((BatchUpdateException) e);
    }
  }

  private static List<Object> failure(BatchUpdateException e) {
    return List.of(
        TestDatabase.message(e).replaceAll("'20[^']*'", "?"),
        String.valueOf(e.getSQLState()),
        e.getErrorCode(),
        java.util.Arrays.toString(e.getUpdateCounts()),
        String.valueOf(e.getNextException()).replaceAll("(?s)[ :].*", ""));
  }

  @Test
  void errorsAreTheApplicationsOwn() throws SQLException {
    fixture.items("a");
    for (String sql :
        List.of(
            "insert into items(id) values (2), (1)",
            database.isSqlite() || database.isMariaDb()
                ? "update items set qty = id, qty = nosuch(1)"
                : "update items set qty = 1 / 0",
            "update items set nosuch = 1",
            "delete from items where name = 7 and nosuch = 1",
            "delete from nosuch",
            "insert into items(name) valuez ('x')")) {
      String expected = errorOf(fixture.plain, sql);
      assertThat(errorOf(fixture.observed, sql)).as(sql).isEqualTo(expected);
      assertThat(preparedErrorOf(fixture.observed, sql))
          .as("prepared %s", sql)
          .isEqualTo(preparedErrorOf(fixture.plain, sql));
    }
    assertThat(fixture.row("select count(*) from items")).hasToString("[1]");
    assertThat(fixture.texts()).isEmpty();
  }

  private static String errorOf(javax.sql.DataSource dataSource, String sql) throws SQLException {
    try (Connection connection = dataSource.getConnection();
        Statement statement = connection.createStatement()) {
      statement.executeUpdate(sql);
      throw new AssertionError("did not fail: " + sql);
    } catch (SQLException e) {
      return e.getClass() + e.getSQLState() + e.getErrorCode() + TestDatabase.message(e);
    }
  }

  private static String preparedErrorOf(javax.sql.DataSource dataSource, String sql)
      throws SQLException {
    try (Connection connection = dataSource.getConnection();
        PreparedStatement statement = connection.prepareStatement(sql)) {
      statement.executeUpdate();
      throw new AssertionError("did not fail: " + sql);
    } catch (SQLException e) {
      return e.getClass() + e.getSQLState() + e.getErrorCode() + TestDatabase.message(e);
    }
  }

  @Test
  void wrongFormOfExecutionFailsAsItWouldAndIsNotSilent() throws SQLException {
    assumeFalse(database.isMariaDb(), "takes it for an empty result, see MariaDbIT");
    fixture.items("a");
    try (Statement statement = connection.createStatement()) {
      assertThatThrownBy(() -> statement.executeQuery("update items set qty = 7"))
          .isInstanceOf(SQLException.class);
    }
    try (PreparedStatement statement = connection.prepareStatement("update items set qty = 8")) {
      assertThatThrownBy(statement::executeQuery).isInstanceOf(SQLException.class);
    }
    Object qty = fixture.row("select qty from items").get(0);
    assertThat(qty)
        .isEqualTo(
            switch (database) {
              case H2 -> 1;
              case SQLITE -> 7;
              default -> 8;
            });
    if (database != TestDatabase.H2) {
      assertThat(fixture.texts()).containsOnly("RESET items");
    }
  }

  @Test
  void queriesAndOtherTablesPassThrough() throws SQLException {
    fixture.items("a");
    fixture.run("insert into other values (1, 1)", "update other set v = 2", "delete from other");
    try (PreparedStatement query =
            connection.prepareStatement("select name from items where id = ?");
        Statement statement = connection.createStatement()) {
      query.setInt(1, 1);
      try (ResultSet rows = query.executeQuery()) {
        assertThat(rows.next()).isTrue();
        assertThat(rows.getString(1)).isEqualTo("a");
      }
      assertThat(query.getConnection()).isSameAs(connection);
      assertThat(statement.execute("select 1")).isTrue();
      assertThat(statement.getResultSet().next()).isTrue();
    }
    assertThat(fixture.texts()).isEmpty();
  }
}
