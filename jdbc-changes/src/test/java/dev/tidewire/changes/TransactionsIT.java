package dev.tidewire.changes;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.junit.jupiter.api.Assumptions.assumeFalse;

import java.sql.Connection;
import java.sql.SQLException;
import java.sql.Savepoint;
import java.sql.Statement;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.Parameter;
import org.junit.jupiter.params.ParameterizedClass;
import org.junit.jupiter.params.provider.EnumSource;

/** Every way of ending a transaction: what is published, when, and what is not. */
@ParameterizedClass
@EnumSource(TestDatabase.class)
class TransactionsIT {

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
  void nothingIsToldBeforeCommit() throws SQLException {
    connection.setAutoCommit(false);
    insert("a");
    assertThat(names()).hasToString("[]");
    connection.commit();
    insert("b");
    connection.commit();
    assertThat(names()).hasToString("[a, b]");
  }

  @Test
  void rowsOfOneCommitCarryOneTransaction() throws SQLException {
    connection.setAutoCommit(false);
    insert("a");
    insert("b");
    connection.commit();
    insert("c");
    connection.commit();
    var transactions =
        fixture.published().stream().map(event -> event.change().transaction()).toList();
    assertThat(transactions.get(0)).isEqualTo(transactions.get(1)).isNotBlank();
    assertThat(transactions.get(2)).isNotEqualTo(transactions.get(0));
  }

  @Test
  void rollbackTellsNothing() throws SQLException {
    connection.setAutoCommit(false);
    insert("a");
    connection.rollback();
    insert("b");
    connection.commit();
    assertThat(names()).hasToString("[b]");
  }

  @Test
  void rollbackToSavepointTellsOnlyWhatRemains() throws SQLException {
    connection.setAutoCommit(false);
    insert("a");
    Savepoint outer = connection.setSavepoint();
    insert("b");
    Savepoint inner = connection.setSavepoint("inner");
    insert("c");
    connection.rollback(inner);
    insert("d");
    connection.releaseSavepoint(inner);
    assertThat(fixture.texts()).isEmpty();
    insert("e");
    connection.rollback(outer);
    insert("f");
    connection.commit();
    assertThat(names()).hasToString("[a, f]");
  }

  @Test
  void closeWithoutCommitTellsNothing() throws SQLException {
    connection.setAutoCommit(false);
    insert("a");
    connection.close();
    assertThat(names()).hasToString("[]");
    assertThat(fixture.row("select count(*) from items")).hasToString("[0]");
  }

  @Test
  void switchingAutoCommitOnCommits() throws SQLException {
    connection.setAutoCommit(false);
    insert("a");
    connection.setAutoCommit(true);
    assertThat(names()).hasToString("[a]");
  }

  @Test
  void autoCommitStaysOnAroundShortTransactions() throws SQLException {
    insert("a");
    assertThat(connection.getAutoCommit()).isTrue();
    assertThatThrownBy(() -> statement.executeUpdate("insert into items(id) values (1)"))
        .isInstanceOf(SQLException.class);
    assertThat(connection.getAutoCommit()).isTrue();
    insert("b");
    assertThat(names()).hasToString("[a, b]");
  }

  @Test
  void transactionsInSqlTextsAreFollowed() throws SQLException {
    statement.execute("begin");
    insert("a");
    statement.execute("savepoint s1");
    insert("b");
    statement.execute("rollback to savepoint S1");
    insert("c");
    assertThat(fixture.texts()).isEmpty();
    statement.execute("commit");
    assertThat(names()).hasToString("[a, c]");
    statement.execute(
        database.isPostgres() ? "start transaction isolation level serializable" : "begin");
    insert("d");
    statement.execute("rollback");
    insert("e");
    assertThat(names()).hasToString("[e]");
  }

  @Test
  void textAndJdbcSavepointsMix() throws SQLException {
    connection.setAutoCommit(false);
    insert("a");
    connection.setSavepoint(database == TestDatabase.H2 ? "SP" : "sp");
    insert("b");
    statement.execute("rollback to savepoint sp");
    connection.commit();
    assertThat(names()).hasToString("[a]");
  }

  @Test
  void failedStatementLeavesTheOthersOfItsTransaction() throws SQLException {
    connection.setAutoCommit(false);
    insert("a");
    Savepoint before = connection.setSavepoint();
    assertThatThrownBy(() -> statement.executeUpdate("insert into items(id) values (90), (1)"))
        .isInstanceOf(SQLException.class);
    if (database.isPostgres()) {
      connection.rollback(before);
    }
    insert("b");
    connection.commit();
    assertThat(names()).hasToString("[a, b]");
    assertThat(fixture.row("select count(*) from items")).hasToString("[2]");
  }

  /**
   * PostgreSQL's driver commits an aborted transaction without a word, and nothing is committed.
   */
  @Test
  void commitOfAnAbortedTransactionTellsNothing() throws SQLException {
    connection.setAutoCommit(false);
    insert("a");
    assertThatThrownBy(() -> statement.execute("select nosuch from items"))
        .isInstanceOf(SQLException.class);
    try {
      connection.commit();
    } catch (SQLException e) {
      assertThat(database.isPostgres()).isTrue();
    }
    assertThat(names()).hasToString(database.isPostgres() ? "[]" : "[a]");
    insert("b");
    assertThatThrownBy(() -> statement.execute("select nosuch from items"))
        .isInstanceOf(SQLException.class);
    statement.execute("commit");
    assertThat(names()).hasToString(database.isPostgres() ? "[]" : "[b]");
  }

  @Test
  void definitionCommitsWhereTheDatabaseDoes() throws SQLException {
    connection.setAutoCommit(false);
    insert("a");
    statement.execute("create table fresh (id int)");
    if (database == TestDatabase.H2 || database.isMariaDb()) {
      assertThat(names()).hasToString("[a]");
    }
    insert("b");
    connection.rollback();
    assertThat(names()).hasToString("[]");
    String left = database == TestDatabase.H2 || database.isMariaDb() ? "[1]" : "[0]";
    assertThat(fixture.row("select count(*) from items")).hasToString(left);
  }

  /** Some definitions of H2 fail and commit, some do neither. */
  @Test
  void failedDefinitionTellsWhatItCommitted() throws SQLException {
    connection.setAutoCommit(false);
    insert("a");
    assertThatThrownBy(() -> statement.execute("create table items (id int)"))
        .isInstanceOf(SQLException.class);
    connection.rollback();
    Object count = fixture.row("select count(*) from items").get(0);
    assertThat(names()).hasToString(((Number) count).intValue() == 1 ? "[a]" : "[]");
    insert("b");
    assertThatThrownBy(() -> statement.execute("create tabel oops"))
        .isInstanceOf(SQLException.class);
    connection.rollback();
    assertThat(names()).hasToString("[]");
  }

  @Test
  void deferredConstraintThatFailsAtCommitTellsNothing() throws SQLException {
    if (database.isPostgres()) {
      fixture.plainly(
          "alter table notes add constraint u unique (text) deferrable initially deferred");
      fixture.plainly("insert into notes(text) values ('x')");
      connection.setAutoCommit(false);
      statement.executeUpdate("insert into notes(text) values ('x')");
      assertThatThrownBy(connection::commit).isInstanceOf(SQLException.class);
      connection.setAutoCommit(true);
      assertThatThrownBy(() -> statement.executeUpdate("insert into notes(text) values ('x')"))
          .isInstanceOf(SQLException.class);
      assertThat(connection.getAutoCommit()).isTrue();
    }
    insert("a");
    assertThat(names()).hasToString("[a]");
  }

  @Test
  void commitInTheWrongModeKeepsTheOpenTransaction() throws SQLException {
    statement.execute("begin");
    insert("a");
    if (database.isPostgres()) {
      assertThatThrownBy(connection::commit).isInstanceOf(SQLException.class);
      assertThat(names()).hasToString("[]");
    }
    statement.execute("commit");
    assertThat(names()).hasToString("[a]");
  }

  @Test
  void deadlockVictimTellsNothing() throws Exception {
    assumeFalse(database.isSqlite(), "has one writer");
    fixture.items("a", "b");
    try (Connection other = fixture.observed.getConnection();
        Statement second = other.createStatement()) {
      connection.setAutoCommit(false);
      other.setAutoCommit(false);
      statement.executeUpdate("update items set qty = 100 where id = 1");
      second.executeUpdate("update items set qty = 200 where id = 2");
      Thread crossing =
          new Thread(
              () -> {
                try {
                  second.executeUpdate("update items set qty = 201 where id = 1");
                  other.commit();
                } catch (SQLException e) {
                  rollback(other);
                }
              });
      crossing.start();
      try {
        statement.executeUpdate("update items set qty = 102 where id = 2");
        connection.commit();
      } catch (SQLException e) {
        if (database.isPostgres()) {
          connection.rollback();
        } else {
          // H2 has rolled back already: what is committed now is nothing
          connection.commit();
        }
      }
      crossing.join();
    }
    var published = fixture.published();
    Object sum = fixture.row("select sum(qty) from items").get(0);
    long told =
        published.stream()
            .mapToLong(event -> ((Number) event.change().row().get("qty")).longValue())
            .sum();
    long expected = published.isEmpty() ? 2 : told;
    assertThat(((Number) sum).longValue()).isEqualTo(expected);
    assertThat(published).hasSizeLessThanOrEqualTo(2);
  }

  private static void rollback(Connection connection) {
    try {
      connection.rollback();
    } catch (SQLException e) {
      throw new AssertionError(e);
    }
  }

  @Test
  void jooqNestedTransactionsTellWhatRemains() throws SQLException {
    var db = fixture.db;
    db.transaction(
        outer -> {
          outer.dsl().execute("insert into items(name) values ('a')");
          assertThatThrownBy(
                  () ->
                      outer
                          .dsl()
                          .transaction(
                              inner -> {
                                inner.dsl().execute("insert into items(name) values ('b')");
                                throw new IllegalStateException("back");
                              }))
              .hasMessage("back");
          outer
              .dsl()
              .transaction(inner -> inner.dsl().execute("insert into items(name) values ('c')"));
          assertThat(fixture.texts()).isEmpty();
        });
    assertThat(names()).hasToString("[a, c]");
    assertThatThrownBy(
            () ->
                db.transaction(
                    outer -> {
                      outer
                          .dsl()
                          .transaction(
                              inner -> inner.dsl().execute("insert into items(name) values ('d')"));
                      throw new IllegalStateException("all back");
                    }))
        .hasMessage("all back");
    assertThat(names()).hasToString("[]");
  }
}
