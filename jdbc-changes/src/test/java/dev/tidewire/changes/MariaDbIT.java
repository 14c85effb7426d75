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

/** What only MariaDB has. */
class MariaDbIT {

  private Fixture fixture;
  private Connection connection;
  private Statement statement;

  @BeforeEach
  void open() throws SQLException {
    fixture = new Fixture(TestDatabase.MARIADB, b -> b.tables("pairs"));
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

  @Test
  void upsertsTellTheirRows() throws SQLException {
    fixture.plainly(
        "create table pairs (id int primary key, n varchar(9), unique (n))",
        "insert into pairs values (1, 'x'), (2, 'y')");
    assertThat(
            statement.executeUpdate(
                "insert into pairs values (1, 'q') on duplicate key update n = concat(n, '!')"))
        .isEqualTo(2);
    assertThat(
            statement.executeUpdate(
                "insert into pairs set id = 5, n = 'Y' on duplicate key update id = 6"))
        .isEqualTo(2);
    assertThat(statement.executeUpdate("insert ignore into pairs values (1, 'z'), (7, 'v')"))
        .isEqualTo(1);
    assertThat(statement.executeUpdate("replace into pairs values (7, 'x!')")).isEqualTo(3);
    assertThat(fixture.texts())
        .containsExactly(
            "UPDATE pairs {id=1, n=x!} was {id=1, n=x}",
            "DELETE pairs {id=2, n=y}",
            "INSERT pairs {id=6, n=y}",
            "INSERT pairs {id=7, n=v}",
            "DELETE pairs {id=1, n=x!}",
            "UPDATE pairs {id=7, n=x!} was {id=7, n=v}");
  }

  @Test
  void upsertOfSeveralRowsTellsThemByOneKey() throws SQLException {
    fixture.items("a");
    try (PreparedStatement upsert =
        connection.prepareStatement(
            "insert into items(id, name) values (?, ?), (9, ?)"
                + " on duplicate key update name = values(name)")) {
      upsert.setInt(1, 1);
      upsert.setString(2, "b");
      upsert.setString(3, "c");
      assertThat(upsert.executeUpdate()).isEqualTo(3);
    }
    assertThat(fixture.texts())
        .containsExactlyInAnyOrder(
            "UPDATE items {id=1, name=b, qty=1} was {id=1, name=a, qty=1}",
            "INSERT items {id=9, name=c, qty=1}");
  }

  @Test
  void whatMayMeanOtherRowsTheSecondTimeResets() throws SQLException {
    fixture.items("a", "b");
    for (String sql :
        new String[] {
          "update items set qty = qty + 1 where id in (select 1)",
          "update items set qty = qty + 1 where rand() < 2",
          "update items set qty = qty + 1 order by name limit 1",
          "update items, other set items.qty = 5",
          "update items i left join other o on o.id = i.id set i.qty = 6",
          "delete i from items i left join other o on o.id = i.id where i.id = 1",
          "insert into items(id, name) select 2, 'c' on duplicate key update name = 'd'",
          "replace into items(id, name) values (1 + 1, 'e')"
        }) {
      statement.executeUpdate(sql);
      assertThat(fixture.texts()).as(sql).containsExactly("RESET items");
    }
    statement.executeUpdate("delete from items where id in (select 2)");
    assertThat(fixture.texts()).containsExactly("DELETE items {id=2, name=e, qty=1}");
  }

  @Test
  void writeOfSeveralTablesResetsEach() throws SQLException {
    fixture.plainly("insert into items(name) values ('a')", "insert into notes(text) values ('b')");
    statement.executeUpdate("update items i join notes n on i.id = n.id set n.text = 'c'");
    assertThat(fixture.texts()).containsExactlyInAnyOrder("RESET items", "RESET notes");
    statement.executeUpdate("delete from items, notes using items join notes on true");
    assertThat(fixture.texts()).containsExactlyInAnyOrder("RESET items", "RESET notes");
    assertThat(fixture.row("select count(*) from notes")).hasToString("[0]");
  }

  @Test
  void quotesCommentsAndEscapesAreRead() throws SQLException {
    statement.executeUpdate("insert into `items`(name) values ('a\\'; b'), (\"it\"\"s\") # no ; b");
    statement.executeUpdate("update items set qty = 5--3 where name = \"it\\\"s\" or id = 2 -- x");
    assertThat(fixture.texts())
        .containsExactly(
            "INSERT items {id=1, name=a'; b, qty=1}",
            "INSERT items {id=2, name=it\"s, qty=1}",
            "UPDATE items {id=2, name=it\"s, qty=8} was {id=2, name=it\"s, qty=1}");
    statement.execute("/*! delete from items */");
    assertThat(fixture.texts()).contains("RESET items");
    statement.execute("analyze delete from notes");
    assertThat(fixture.texts()).contains("RESET notes");
  }

  @Test
  void ansiQuotesAreReadAsTheServerDoes() throws SQLException {
    close();
    fixture = null;
    var plain = new org.mariadb.jdbc.MariaDbDataSource(ansi());
    RecordingSink sink = new RecordingSink();
    try (ChangeCapture capture = ChangeCapture.on(sink).tables("odd").build();
        Connection observed = capture.observe(plain).getConnection();
        Statement writer = observed.createStatement()) {
      writer.execute("create table \"odd\" (id int primary key, \"a b\" int)");
      writer.executeUpdate("insert into \"odd\"(id, \"a b\") values (1, 2)");
    }
    assertThat(sink.events().toString()).contains("INSERT odd {id=1, a b=2}");
  }

  private static String ansi() throws SQLException {
    try (Connection fresh = TestDatabase.MARIADB.fresh().getConnection()) {
      return fresh.getMetaData().getURL().replaceAll("[?].*", "")
          + "?user=root&sessionVariables=sql_mode='ANSI'";
    }
  }

  @Test
  void namesFollowTheDatabaseInUse() throws SQLException {
    fixture.plainly("create table pairs (id int primary key)");
    String here = connection.getCatalog();
    statement.execute("create database " + here + "b");
    statement.execute("create table " + here + "b.items (id int primary key)");
    fixture.published();
    statement.executeUpdate("insert into " + here + "b.items values (5)");
    connection.setCatalog(here + "b");
    statement.executeUpdate("insert into items values (6)");
    statement.executeUpdate("insert into " + here + ".items(name) values ('a')");
    statement.execute("use " + here);
    statement.executeUpdate("insert into items(name) values ('b')");
    statement.executeUpdate("create table Items (id int)");
    fixture.published();
    statement.executeUpdate("insert into Items values (1)");
    assertThat(fixture.texts()).isEmpty();
    assertThat(fixture.row("select count(*) from items")).hasToString("[2]");
  }

  @Test
  void generatedKeysAreTheDriversAndRowsAreTold() throws SQLException {
    try (PreparedStatement insert =
        connection.prepareStatement(
            "insert into items(name) values (?), (?)", Statement.RETURN_GENERATED_KEYS)) {
      insert.setString(1, "a");
      insert.setString(2, "b");
      assertThat(insert.executeUpdate()).isEqualTo(2);
      try (ResultSet keys = insert.getGeneratedKeys()) {
        assertThat(keys.next()).isTrue();
        assertThat(keys.getInt(1)).isEqualTo(1);
      }
    }
    statement.executeUpdate(
        "insert into items(id, name) values (7, 'c')", Statement.RETURN_GENERATED_KEYS);
    statement.executeUpdate("update items set qty = 2 where id = 7", new String[] {"id"});
    assertThat(fixture.texts())
        .containsExactly(
            "INSERT items {id=1, name=a, qty=1}",
            "INSERT items {id=2, name=b, qty=1}",
            "INSERT items {id=7, name=c, qty=1}",
            "UPDATE items {id=7, name=c, qty=2} was {id=7, name=c, qty=1}");
  }

  /** A plain SELECT would see the row as it was when the transaction began. */
  @Test
  void oldRowIsTheOneThatIsUpdatedNotTheOneFirstSeen() throws SQLException {
    fixture.items("a");
    connection.setAutoCommit(false);
    try (ResultSet rows = statement.executeQuery("select * from items")) {
      assertThat(rows.next()).isTrue();
    }
    fixture.run("update items set qty = 50");
    statement.executeUpdate("update items set name = 'b', qty = 50");
    connection.commit();
    assertThat(fixture.texts())
        .containsExactly(
            "UPDATE items {id=1, name=a, qty=50} was {id=1, name=a, qty=1}",
            "UPDATE items {id=1, name=b, qty=50} was {id=1, name=a, qty=50}");
  }

  @Test
  void beginAndLocksCommitWhatIsOpen() throws SQLException {
    connection.setAutoCommit(false);
    statement.executeUpdate("insert into items(name) values ('a')");
    statement.execute("start transaction");
    assertThat(fixture.texts()).hasSize(1);
    statement.executeUpdate("insert into items(name) values ('b')");
    statement.execute("lock tables items write");
    statement.execute("unlock tables");
    connection.rollback();
    assertThat(fixture.texts()).hasSize(1);
    statement.executeUpdate("insert into items(name) values ('c')");
    statement.execute("set autocommit = 1");
    assertThat(fixture.texts()).hasSize(1);
    assertThat(fixture.row("select count(*) from items")).hasToString("[3]");
  }

  @Test
  void triggersAndViewsResetWhatTheyName() throws SQLException {
    fixture.plainly(
        "create view cheap as select * from items",
        "create trigger t after insert on other for each row"
            + " insert into notes(text) values ('from trigger')");
    statement.executeUpdate("insert into cheap(name) values ('a')");
    assertThat(fixture.texts()).containsExactly("RESET items");
    statement.executeUpdate("insert into other values (1, 1)");
    assertThat(fixture.texts()).containsExactly("RESET notes");
  }

  @Test
  void tableWithoutTransactionsResets() throws SQLException {
    fixture.plainly("create table pairs (id int primary key) engine = MyISAM");
    statement.executeUpdate("insert into pairs values (1)");
    assertThat(fixture.texts()).containsExactly("RESET pairs");
  }

  @Test
  void updateRunAsAQueryIsNotSilent() throws SQLException {
    fixture.items("a");
    try (ResultSet rows = statement.executeQuery("update items set qty = 7")) {
      assertThat(rows.next()).isFalse();
    }
    assertThat(fixture.texts()).containsExactly("RESET items");
  }

  @Test
  void readCommittedStillTellsUpdatesAndResetsUpsertsOfNewRows() throws SQLException {
    fixture.items("a");
    connection.setTransactionIsolation(Connection.TRANSACTION_READ_COMMITTED);
    statement.executeUpdate("update items set qty = 2");
    statement.executeUpdate(
        "insert into items(id, name) values (1, 'x') on duplicate key update name = 'b'");
    assertThat(fixture.texts())
        .containsExactly(
            "UPDATE items {id=1, name=a, qty=2} was {id=1, name=a, qty=1}",
            "UPDATE items {id=1, name=b, qty=2} was {id=1, name=a, qty=2}");
    statement.executeUpdate(
        "insert into items(id, name) values (9, 'x') on duplicate key update name = 'b'");
    assertThat(fixture.texts()).containsExactly("RESET items");
  }

  @Test
  void valuesAreNeutral() throws SQLException {
    fixture.plainly(
        "create table pairs (id bigint unsigned primary key, d decimal(12,2), f double, b boolean,"
            + " t text, bin varbinary(9), j json, dt date, tm time, ts datetime(3), e"
            + " enum('x','y'))");
    statement.executeUpdate(
        "insert into pairs values (18446744073709551615, 12.50, 0.5, true, 'é', x'00ff',"
            + " '{\"a\": [1, 2.50]}', '2026-02-28', '10:00:00', '2026-02-28 10:00:00.25', 'y')");
    assertThat(fixture.texts().get(0))
        .isEqualTo(
            "INSERT pairs {id=18446744073709551615, d=12.50, f=0.5, b=true, t=é, bin=AP8=,"
                + " j={\"a\": [1, 2.50]}, dt=2026-02-28, tm=10:00:00, ts=2026-02-28T10:00:00.25, e=y}");
    assertThatThrownBy(() -> statement.executeUpdate("insert into pairs(id) values (-1)"))
        .isInstanceOf(SQLException.class);
  }
}
