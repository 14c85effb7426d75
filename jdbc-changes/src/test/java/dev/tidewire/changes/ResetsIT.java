package dev.tidewire.changes;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.junit.jupiter.api.Assumptions.assumeFalse;

import java.sql.CallableStatement;
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

/** What cannot be told row by row is told as a reset, in its place, and never passed over. */
@ParameterizedClass
@EnumSource(TestDatabase.class)
class ResetsIT {

  @Parameter TestDatabase database;

  private Fixture fixture;
  private Connection connection;
  private Statement statement;

  @BeforeEach
  void open() throws SQLException {
    open(new Fixture(database));
  }

  private void open(Fixture opened) throws SQLException {
    close();
    fixture = opened;
    connection = fixture.observed.getConnection();
    statement = connection.createStatement();
  }

  @AfterEach
  void close() throws SQLException {
    if (fixture != null) {
      connection.close();
      fixture.close();
    }
  }

  private boolean isH2() {
    return database == TestDatabase.H2;
  }

  @Test
  void resetStandsInItsPlaceInTheTransaction() throws SQLException {
    connection.setAutoCommit(false);
    statement.executeUpdate("insert into notes(text) values ('before')");
    statement.executeUpdate("insert into items(name) values ('a')");
    statement.execute(database.isSqlite() ? database.untold("id = 1") : "truncate table items");
    statement.executeUpdate("insert into notes(text) values ('after')");
    connection.commit();
    if (isH2()) {
      // TRUNCATE commits there
      assertThat(fixture.texts())
          .containsExactly(
              "INSERT notes {id=1, text=before}", "RESET items", "INSERT notes {id=2, text=after}");
    } else {
      assertThat(fixture.texts())
          .containsExactly(
              "INSERT notes {id=1, text=before}", "RESET items", "INSERT notes {id=2, text=after}");
    }
  }

  @Test
  void rolledBackResetIsNotTold() throws SQLException {
    fixture.items("a");
    connection.setAutoCommit(false);
    statement.executeUpdate(database.untold("id = 1"));
    connection.rollback();
    assertThat(fixture.texts()).isEmpty();
  }

  private String merge() {
    return isH2()
        ? "merge into items(id, name, qty) key(id) values (1, 'x', 1), (2, 'y', 2)"
        : "merge into items t using (values (1, 'x'), (2, 'y')) v(id, name) on t.id = v.id"
            + " when matched then update set name = v.name"
            + " when not matched then insert (name, qty) values (v.name, 2)";
  }

  @Test
  void mergeTellsRowsWhereTheDatabaseDoes() throws SQLException {
    assumeFalse(database.isSqlite() || database.isMariaDb(), "has no MERGE");
    fixture.items("a");
    statement.executeUpdate("delete from items where id = 99");
    assertThat(statement.executeUpdate(merge())).isEqualTo(2);
    if (database == TestDatabase.POSTGRES_18) {
      assertThat(fixture.texts())
          .containsExactlyInAnyOrder(
              "UPDATE items {id=1, name=x, qty=1} was {id=1, name=a, qty=1}",
              "INSERT items {id=2, name=y, qty=2}");
    } else {
      assertThat(fixture.texts()).containsExactly("RESET items");
    }
  }

  @Test
  void upsertTellsRowsWhereTheDatabaseDoes() throws SQLException {
    if (isH2() || database.isMariaDb()) {
      return;
    }
    fixture.items("a");
    String upsert =
        "insert into items(id, name) values (1, 'x'), (70, 'y')"
            + " on conflict (id) do update set name = excluded.name";
    assertThat(statement.executeUpdate(upsert)).isEqualTo(2);
    if (database == TestDatabase.POSTGRES_18 || database.isSqlite()) {
      assertThat(fixture.texts())
          .containsExactly(
              "UPDATE items {id=1, name=x, qty=1} was {id=1, name=a, qty=1}",
              "INSERT items {id=70, name=y, qty=1}");
      statement.executeUpdate("insert into items(id) values (1), (71) on conflict do nothing");
      assertThat(fixture.texts()).containsExactly("INSERT items {id=71, name=null, qty=1}");
    } else {
      assertThat(fixture.texts()).containsExactly("RESET items");
    }
  }

  @Test
  void writeOfNoRowsIsNoReset() throws SQLException {
    assertThat(statement.executeUpdate(database.untold("id = 99"))).isZero();
    assertThat(fixture.texts()).isEmpty();
  }

  @Test
  void truncateResets() throws SQLException {
    assumeFalse(database.isSqlite(), "has no TRUNCATE");
    fixture.items("a");
    statement.execute("truncate table items");
    statement.execute("truncate table other");
    assertThat(fixture.texts()).containsExactly("RESET items");
  }

  @Test
  void severalStatementsInOneTextReset() throws SQLException {
    fixture.items("a");
    statement.execute("update other set v = 1; delete from items");
    assertThat(fixture.texts()).containsExactly("RESET items");
    connection.setAutoCommit(false);
    statement.execute("insert into items(name) values ('b'); insert into other values (1, 1)");
    assertThat(fixture.texts()).isEmpty();
    connection.commit();
    assertThat(fixture.texts()).containsExactly("RESET items");
  }

  @Test
  void transactionsHiddenAmongSeveralStatementsAreToldAtOnce() throws SQLException {
    assumeFalse(isH2() || database.isSqlite(), "runs only the first, or cannot");
    connection.setAutoCommit(false);
    statement.executeUpdate("insert into notes(text) values ('n')");
    statement.execute("insert into items(name) values ('a'); commit; begin; select 1");
    connection.rollback();
    assertThat(fixture.texts()).containsExactlyInAnyOrder("RESET items", "RESET notes");
    assertThat(fixture.row("select count(*) from items")).hasToString("[1]");
  }

  @Test
  void writeHiddenInACommonTableExpressionResets() throws SQLException {
    assumeFalse(!database.isPostgres(), "has no such thing");
    fixture.items("a");
    try (ResultSet rows =
        statement.executeQuery(
            "with gone as (delete from items returning id) select count(*) from gone")) {
      assertThat(rows.next()).isTrue();
      assertThat(rows.getInt(1)).isEqualTo(1);
    }
    assertThat(fixture.texts()).containsExactly("RESET items");
  }

  @Test
  void blocksAndProceduresResetEverything() throws SQLException {
    assumeFalse(database.isSqlite(), "has neither");
    if (isH2()) {
      statement.execute(
          "create alias add_item as $$ void add(java.sql.Connection c, String n)"
              + " throws java.sql.SQLException { try (java.sql.Statement s = c.createStatement())"
              + " { s.execute(\"insert into items(name) values ('\" + n + \"')\"); } } $$");
      try (CallableStatement call = connection.prepareCall("{call add_item(?)}")) {
        call.setString(1, "a");
        call.execute();
        assertThat(call.getConnection()).isSameAs(connection);
      }
    } else {
      statement.execute(
          database.isMariaDb()
              ? "begin not atomic insert into items(name) values ('a'); end"
              : "do $$ begin insert into items(name) values ('a'); end $$");
    }
    assertThat(fixture.texts())
        .containsExactlyInAnyOrder("RESET items", "RESET notes", "RESET tick");
    assertThat(fixture.row("select name from items")).hasToString("[a]");
  }

  @Test
  void moreRowsThanTheLimitReset() throws SQLException {
    open(new Fixture(database, builder -> builder.maxRows(5)));
    fixture.items("a", "b", "c", "d", "e");
    assertThat(statement.executeUpdate("update items set qty = 2")).isEqualTo(5);
    assertThat(fixture.texts()).hasSize(5);
    assertThat(statement.executeUpdate("insert into items(name) select name from items"))
        .isEqualTo(5);
    assertThat(fixture.texts()).hasSize(5);
    assertThat(statement.executeUpdate("update items set qty = 3")).isEqualTo(10);
    assertThat(fixture.texts()).containsExactly("RESET items");
    statement.setMaxRows(1);
    assertThat(statement.executeUpdate("delete from items")).isEqualTo(10);
    assertThat(statement.getMaxRows()).isEqualTo(1);
    assertThat(fixture.texts()).containsExactly("RESET items");
  }

  @Test
  void updateOfManyRowsWithoutAKey() throws SQLException {
    fixture.plainly(
        "drop table items", "create table items (name varchar(100), qty int default 1)");
    fixture.items("a", "b");
    statement.executeUpdate("update items set qty = 5 where name = 'a'");
    statement.executeUpdate("delete from items where name = 'b'");
    statement.executeUpdate("insert into items(name) values ('c')");
    boolean tells = database != TestDatabase.POSTGRES_17 && !database.isMariaDb();
    assertThat(fixture.texts())
        .containsExactly(
            tells ? "UPDATE items {name=a, qty=5} was {name=a, qty=1}" : "RESET items",
            "DELETE items {name=b, qty=1}",
            "INSERT items {name=c, qty=1}");
    statement.executeUpdate("update items set qty = 6");
    if (database == TestDatabase.POSTGRES_18) {
      assertThat(fixture.texts()).hasSize(2);
    } else {
      assertThat(fixture.texts()).containsExactly("RESET items");
    }
  }

  @Test
  void alteredTableIsReset() throws SQLException {
    fixture.items("a");
    statement.executeUpdate("insert into items(name) values ('b')");
    statement.execute("alter table items add column size int default 3");
    statement.execute("create index items_name on items(name)");
    statement.executeUpdate("update items set size = 4 where id = 1");
    statement.executeUpdate("update items set qty = 4 where id = 1");
    assertThat(fixture.texts())
        .containsExactly(
            "INSERT items {id=2, name=b, qty=1}",
            "RESET items",
            "UPDATE items {id=1, name=a, qty=4} was {id=1, name=a, qty=1}");
  }

  @Test
  void updatableResultSetResets() throws SQLException {
    assumeFalse(database.isSqlite(), "has none");
    fixture.items("a", "b");
    try (Statement updatable =
            connection.createStatement(
                ResultSet.TYPE_SCROLL_SENSITIVE, ResultSet.CONCUR_UPDATABLE);
        ResultSet rows = updatable.executeQuery("select id, name, qty from items order by id")) {
      rows.next();
      rows.updateString("name", "z");
      rows.updateRow();
    }
    assertThat(fixture.row("select name from items order by id")).hasToString("[z]");
    assertThat(fixture.texts()).containsExactly("RESET items");
  }

  @Test
  void strictCaptureRefusesWhatItCannotTell() throws SQLException {
    open(new Fixture(database, b -> b.onUncapturable(Uncapturable.THROW).maxRows(3)));
    fixture.items("a", "b", "c");
    assertThatThrownBy(() -> statement.execute("truncate table items"))
        .isInstanceOf(UncapturableException.class)
        .hasMessageContaining("items");
    assertThatThrownBy(() -> statement.execute("delete from items; select 1"))
        .isInstanceOf(UncapturableException.class);
    assertThat(statement.executeUpdate("update items set qty = 2")).isEqualTo(3);
    fixture.items("d");
    connection.setAutoCommit(false);
    statement.executeUpdate("insert into notes(text) values ('n')");
    assertThatThrownBy(() -> statement.executeUpdate("update items set qty = 9"))
        .isInstanceOf(UncapturableException.class);
    connection.commit();
    assertThat(fixture.row("select max(qty) from items")).hasToString("[2]");
    assertThat(fixture.texts()).hasSize(4).last().isEqualTo("INSERT notes {id=1, text=n}");
  }

  @Test
  void tableThatIsCreatedLaterIsCaptured() throws SQLException {
    open(new Fixture(database, b -> b.tables("later")));
    statement.executeUpdate("insert into items(name) values ('a')");
    statement.execute("create table later (id int primary key)");
    statement.executeUpdate("insert into later values (1)");
    assertThat(fixture.texts())
        .containsExactly(
            "INSERT items {id=1, name=a, qty=1}", "RESET later", "INSERT later {id=1}");
  }

  @Test
  void tableThatAnotherProgramCreatesIsNotMissed() throws SQLException {
    open(new Fixture(database, b -> b.tables("later")));
    statement.executeUpdate("insert into items(name) values ('a')");
    fixture.plainly("create table later (id int primary key)");
    statement.executeUpdate("insert into later values (1)");
    assertThat(fixture.texts()).hasSize(2).last().asString().contains("later");
  }

  @Test
  void batchWithGeneratedKeysGivesThemAndResets() throws SQLException {
    assumeFalse(database.isSqlite(), "tells the last key only, see SqliteIT");
    try (PreparedStatement batch =
        connection.prepareStatement(
            "insert into items(name) values (?)", Statement.RETURN_GENERATED_KEYS)) {
      for (String name : new String[] {"a", "b"}) {
        batch.setString(1, name);
        batch.addBatch();
      }
      assertThat(batch.executeBatch()).containsExactly(1, 1);
      try (ResultSet keys = batch.getGeneratedKeys()) {
        assertThat(keys.next()).isTrue();
        assertThat(keys.getInt(1)).isEqualTo(1);
        assertThat(keys.next()).isTrue();
        assertThat(keys.getInt(1)).isEqualTo(2);
        assertThat(keys.next()).isFalse();
      }
    }
    assertThat(fixture.texts()).containsExactly("RESET items");
  }
}
