package dev.tidewire.changes;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** What only SQLite has. */
class SqliteIT {

  private Fixture fixture;
  private Connection connection;
  private Statement statement;

  @BeforeEach
  void open() throws SQLException {
    fixture = new Fixture(TestDatabase.SQLITE, b -> b.tables("pairs"));
    connection = fixture.observed.getConnection();
    statement = connection.createStatement();
  }

  @AfterEach
  void close() throws SQLException {
    connection.close();
    fixture.close();
  }

  @Test
  void upsertsTellTheirRowsByEachUniqueKey() throws SQLException {
    fixture.plainly(
        "create table pairs (id integer primary key, a int, b int, n text unique, unique (a, b))",
        "insert into pairs values (1, 1, 1, 'x'), (2, 2, 2, 'y'), (3, 3, 3, 'z')");
    assertThat(
            statement.executeUpdate(
                "insert into pairs values (9, 1, 1, 'q') on conflict (a, b) do update set n = 'w'"))
        .isEqualTo(1);
    assertThat(
            statement.executeUpdate(
                "insert into pairs(a, b, n) values (5, 5, 'y') on conflict (n) do nothing"))
        .isZero();
    assertThat(statement.executeUpdate("insert or ignore into pairs values (1, 6, 6, 'v')"))
        .isZero();
    assertThat(fixture.texts())
        .containsExactly("UPDATE pairs {id=1, a=1, b=1, n=w} was {id=1, a=1, b=1, n=x}");
    try (PreparedStatement replace =
        connection.prepareStatement("replace into pairs(a, b, n) values (?, ?, ?)")) {
      replace.setInt(1, 2);
      replace.setInt(2, 2);
      replace.setString(3, "z");
      assertThat(replace.executeUpdate()).isEqualTo(1);
    }
    assertThat(fixture.texts())
        .containsExactly(
            "DELETE pairs {id=2, a=2, b=2, n=y}",
            "DELETE pairs {id=3, a=3, b=3, n=z}",
            "INSERT pairs {id=4, a=2, b=2, n=z}");
    statement.executeUpdate("replace into pairs values (7, 7, 7, 's'), (8, 7, 7, 's')");
    assertThat(fixture.texts()).containsExactly("INSERT pairs {id=8, a=7, b=7, n=s}");
  }

  @Test
  void upsertOfWhatOnlyTheDatabaseKnowsResets() throws SQLException {
    fixture.items("a");
    statement.executeUpdate(
        "insert into items(id, name) select 1, 'b' on conflict (id) do update set name = 'c'");
    statement.executeUpdate("replace into items(id, name) values (abs(1), 'd')");
    statement.executeUpdate("with v as (select 1) replace into items(id, name) select 1, 'e'");
    assertThat(fixture.texts()).containsOnly("RESET items").hasSize(3);
    assertThatThrownBy(
            () -> statement.executeUpdate("insert or fail into items(id) values (50), (1)"))
        .isInstanceOf(SQLException.class);
    assertThat(fixture.row("select count(*) from items")).hasToString("[2]");
    assertThat(fixture.texts()).containsExactly("RESET items");
  }

  @Test
  void everyWayToQuoteAndToNameParametersIsRead() throws SQLException {
    fixture.plainly("create table pairs ([a key] int primary key, \"se;lect\" text, `c` int)");
    statement.executeUpdate("insert into [pairs]([a key], `se;lect`) values (1, 'it''s [x] \\')");
    try (PreparedStatement update =
        connection.prepareStatement(
            "update `pairs` set \"se;lect\" = :text, c = ?2 /* ? /* */ where [a key] = @key"
                + " and c is $none -- ?")) {
      update.setString(1, "b");
      update.setInt(2, 7);
      update.setInt(3, 1);
      update.setObject(4, null);
      assertThat(update.executeUpdate()).isEqualTo(1);
    }
    assertThat(fixture.texts())
        .containsExactly(
            "INSERT pairs {a key=1, se;lect=it's [x] \\, c=null}",
            "UPDATE pairs {a key=1, se;lect=b, c=7} was {a key=1, se;lect=it's [x] \\, c=null}");
  }

  /** A double-quoted name that is gone would be a string. */
  @Test
  void columnThatIsGoneIsNotTakenForAString() throws SQLException {
    try (PreparedStatement insert =
        connection.prepareStatement("insert into items(name) values (?)")) {
      insert.setString(1, "a");
      insert.executeUpdate();
      fixture.plainly("alter table items drop column qty");
      insert.setString(1, "b");
      insert.executeUpdate();
    }
    assertThat(fixture.texts())
        .containsExactly("INSERT items {id=1, name=a, qty=1}", "RESET items");
  }

  @Test
  void triggersResetWhatTheyName() throws SQLException {
    fixture.plainly(
        "create trigger t after insert on items begin"
            + " update items set qty = 9 where id = new.id;"
            + " insert into notes(text) values (new.name); end",
        "create view cheap as select * from items",
        "create trigger v instead of delete on cheap begin delete from items; end");
    statement.executeUpdate("insert into items(name) values ('a')");
    assertThat(fixture.texts()).containsExactlyInAnyOrder("RESET items", "RESET notes");
    statement.executeUpdate("delete from cheap");
    assertThat(fixture.texts()).contains("RESET items");
    assertThat(fixture.row("select count(*) from items")).hasToString("[0]");
  }

  @Test
  void constraintsThatSettleConflictsReset() throws SQLException {
    fixture.plainly(
        "create table pairs (id integer primary key on conflict replace, v int)",
        "insert into pairs values (1, 1)");
    statement.executeUpdate("insert into pairs values (1, 2)");
    assertThat(fixture.texts()).containsExactly("RESET pairs");
  }

  /** What hides it hides its columns, too. */
  @Test
  void tableHiddenByATemporaryOneIsNotSilent() throws SQLException {
    statement.executeUpdate("insert into items(name) values ('a')");
    statement.execute("create temp table items (id int)");
    fixture.published();
    statement.executeUpdate("insert into main.items(name) values ('b')");
    assertThat(fixture.texts()).contains("RESET items").noneMatch(text -> text.contains("{"));
    statement.execute("drop table temp.items");
    statement.executeUpdate("insert into items(name) values ('c')");
    assertThat(fixture.texts())
        .containsExactly("RESET items", "INSERT items {id=3, name=c, qty=1}");
  }

  @Test
  void savepointThatBeginsATransactionIsFollowed() throws SQLException {
    statement.execute("savepoint one");
    statement.executeUpdate("insert into items(name) values ('a')");
    statement.execute("savepoint two");
    statement.executeUpdate("insert into items(name) values ('b')");
    statement.execute("rollback to two");
    statement.execute("release two");
    assertThat(fixture.texts()).isEmpty();
    statement.execute("release ONE");
    assertThat(fixture.texts()).containsExactly("INSERT items {id=1, name=a, qty=1}");
  }

  @Test
  void transactionThatAConstraintUndoesTellsNothing() throws SQLException {
    connection.setAutoCommit(false);
    statement.executeUpdate("insert into items(name) values ('a')");
    assertThatThrownBy(
            () -> statement.executeUpdate("insert or rollback into items(id) values (1)"))
        .isInstanceOf(SQLException.class);
    try {
      connection.rollback();
    } catch (SQLException e) {
      assertThat(e.getMessage()).contains("no transaction");
    }
    assertThat(fixture.texts()).isEmpty();
    assertThat(fixture.row("select count(*) from items")).hasToString("[0]");
  }

  @Test
  void deferredForeignKeyThatFailsAtCommitLeavesTheTransactionOpen() throws SQLException {
    fixture.plainly(
        "create table pairs (id integer primary key,"
            + " item int references items(id) deferrable initially deferred)");
    connection.setAutoCommit(false);
    statement.executeUpdate("insert into pairs values (1, 1)");
    assertThatThrownBy(connection::commit).isInstanceOf(SQLException.class);
    assertThat(fixture.texts()).isEmpty();
    statement.executeUpdate("insert into items(name) values ('late')");
    connection.commit();
    assertThat(fixture.texts())
        .containsExactly("INSERT pairs {id=1, item=1}", "INSERT items {id=1, name=late, qty=1}");
    connection.setAutoCommit(true);
    assertThatThrownBy(() -> statement.executeUpdate("insert into pairs values (2, 99)"))
        .isInstanceOf(SQLException.class);
    statement.executeUpdate("insert into items(name) values ('more')");
    assertThat(fixture.texts()).containsExactly("INSERT items {id=2, name=more, qty=1}");
  }

  @Test
  void generatedKeysAreTheDrivers() throws SQLException {
    try (PreparedStatement insert =
        connection.prepareStatement(
            "insert into items(name) values (?)", Statement.RETURN_GENERATED_KEYS)) {
      for (int id = 1; id <= 2; id++) {
        insert.setString(1, "n" + id);
        assertThat(insert.executeUpdate()).isEqualTo(1);
        try (ResultSet keys = insert.getGeneratedKeys()) {
          assertThat(keys.next()).isTrue();
          assertThat(keys.getInt(1)).isEqualTo(id);
        }
      }
      insert.setString(1, "b");
      insert.addBatch();
      assertThat(insert.executeBatch()).containsExactly(1);
    }
    statement.executeUpdate("insert into items(name) values ('c')");
    try (ResultSet keys = statement.getGeneratedKeys()) {
      assertThat(keys.next()).isTrue();
      assertThat(keys.getInt(1)).isEqualTo(4);
    }
    assertThat(fixture.published()).hasSize(4);
  }

  @Test
  void valuesAreNeutralWhateverTheirColumnSays() throws SQLException {
    fixture.plainly(
        "create table pairs (id integer primary key, r real, t text, b blob, n numeric, x, flag"
            + " boolean, j json, d date)");
    statement.executeUpdate(
        "insert into pairs values (9007199254740993, 0.5, 'é', x'00ff', 12.50, 'any', true,"
            + " '{\"a\": [1, 2.50]}', '2026-02-28')");
    statement.executeUpdate("insert into pairs(id, r, x) values (2, 'no number', x'01')");
    assertThat(fixture.texts())
        .containsExactly(
            "INSERT pairs {id=9007199254740993, r=0.5, t=é, b=AP8=, n=12.5, x=any, flag=true,"
                + " j={a=[1, 2.50]}, d=2026-02-28}",
            "INSERT pairs {id=2, r=no number, t=null, b=null, n=null, x=AQ==, flag=null, j=null,"
                + " d=null}");
  }

  /** Reading first would lose the lock to the other writer; waiting for it first does not. */
  @Test
  void deferredWritersDoNotFailEachOther() throws Exception {
    fixture.items("hot");
    org.sqlite.SQLiteDataSource deferred = (org.sqlite.SQLiteDataSource) fixture.plain;
    deferred.setTransactionMode("DEFERRED");
    var pool = java.util.concurrent.Executors.newFixedThreadPool(4);
    var writers = new java.util.ArrayList<java.util.concurrent.Callable<Void>>();
    for (int i = 0; i < 4; i++) {
      writers.add(
          () -> {
            try (Connection writer = fixture.observed.getConnection();
                Statement update = writer.createStatement()) {
              for (int n = 0; n < 50; n++) {
                update.executeUpdate("update items set qty = qty + 1 where id = 1");
              }
            }
            return null;
          });
    }
    for (var done : pool.invokeAll(writers)) {
      done.get();
    }
    pool.shutdown();
    assertThat(fixture.published()).hasSize(200);
    assertThat(fixture.row("select qty from items")).hasToString("[201]");
  }
}
