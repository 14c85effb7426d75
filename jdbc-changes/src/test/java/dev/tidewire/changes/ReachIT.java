package dev.tidewire.changes;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeFalse;

import java.sql.Connection;
import java.sql.SQLException;
import java.sql.Statement;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.Parameter;
import org.junit.jupiter.params.ParameterizedClass;
import org.junit.jupiter.params.provider.EnumSource;

/** What a write changes besides the table that it names. */
@ParameterizedClass
@EnumSource(TestDatabase.class)
class ReachIT {

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
  void cascadesResetTheTablesTheyReach() throws SQLException {
    fixture.plainly(
        "create table owner (id int primary key, code int unique)",
        "insert into owner values (1, 10), (2, 20), (3, 30)",
        "alter table items add owner_id int references owner(id) on delete cascade",
        "alter table notes add code int references owner(code) on update cascade on delete set null",
        "insert into items(name, owner_id) values ('a', 1), ('b', 2)",
        "insert into notes(text, code) values ('n', 20)");
    statement.executeUpdate("insert into owner values (4, 40)");
    statement.executeUpdate("delete from owner where id = 99");
    assertThat(fixture.texts()).isEmpty();
    statement.executeUpdate("delete from owner where id = 1");
    assertThat(fixture.texts()).containsExactlyInAnyOrder("RESET items", "RESET notes");
    statement.executeUpdate("update owner set code = 21 where id = 2");
    assertThat(fixture.texts()).containsExactly("RESET notes");
    assertThat(fixture.row("select code from notes")).hasToString("[21]");
  }

  @Test
  void cascadeIntoTheSameTableResetsIt() throws SQLException {
    fixture.plainly(
        "alter table items add parent int references items(id) on delete cascade",
        "insert into items(name, parent) values ('root', null), ('leaf', 1)");
    // SQLite's driver counts what the foreign key deleted, too
    assertThat(statement.executeUpdate("delete from items where id = 1"))
        .isEqualTo(database.isSqlite() ? 2 : 1);
    assertThat(fixture.texts()).containsExactly("RESET items");
    statement.executeUpdate("insert into items(name) values ('new')");
    assertThat(fixture.texts()).hasSize(1).first().asString().startsWith("INSERT items");
  }

  @Test
  void writeThroughAViewResets() throws SQLException {
    assumeFalse(isH2() || database.isSqlite(), "only through triggers");
    fixture.items("a");
    fixture.plainly("create view cheap as select id, name from items where qty < 100");
    statement.executeUpdate("update cheap set name = 'b'");
    assertThat(fixture.texts()).containsExactly("RESET items");
  }

  @Test
  void writeOfAPartitionResetsTheWhole() throws SQLException {
    assumeFalse(!database.isPostgres(), "has no such partitions");
    fixture.plainly(
        "drop table notes",
        "create table notes (id int, text varchar(100), primary key (id)) partition by range (id)",
        "create table notes_1 partition of notes for values from (0) to (100)",
        "create table notes_2 partition of notes for values from (100) to (200)");
    statement.executeUpdate("insert into notes values (1, 'a')");
    statement.executeUpdate("update notes set id = 150");
    assertThat(fixture.texts())
        .containsExactly(
            "INSERT notes {id=1, text=a}", "UPDATE notes {id=150, text=a} was {id=1, text=a}");
    statement.executeUpdate("update notes_2 set text = 'b'");
    assertThat(fixture.texts()).containsExactly("RESET notes");
  }
}
