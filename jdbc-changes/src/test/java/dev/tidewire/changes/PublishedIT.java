package dev.tidewire.changes;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.junit.jupiter.api.Assumptions.assumeFalse;

import dev.tidewire.AccessPolicy;
import dev.tidewire.Realtime;
import java.sql.Connection;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.Parameter;
import org.junit.jupiter.params.ParameterizedClass;
import org.junit.jupiter.params.provider.EnumSource;

/** What a change carries: tables, columns, values, names. */
@ParameterizedClass
@EnumSource(TestDatabase.class)
class PublishedIT {

  @Parameter TestDatabase database;

  @Test
  void excludedColumnsAreInNeitherRow() throws SQLException {
    try (Fixture fixture =
        new Fixture(database, b -> b.table("people", t -> t.exclude("Password").channel("who")))) {
      fixture.plainly(
          "create table people (id int primary key, name varchar(20), password varchar(20))");
      fixture.run(
          "insert into people values (1, 'ada', 'secret')",
          "update people set name = 'Ada', password = 'secret2'",
          "update people set password = 'secret3'",
          "delete from people");
      var published = fixture.published();
      assertThat(published.toString()).doesNotContain("secret").doesNotContain("password");
      assertThat(published.toString())
          .isEqualTo(
              "[INSERT who {id=1, name=ada}, UPDATE who {id=1, name=Ada} was {id=1, name=ada},"
                  + " DELETE who {id=1, name=Ada}]");
    }
  }

  @Test
  void onlyListedColumnsAreToldEvenWithoutTheKey() throws SQLException {
    try (Fixture fixture = new Fixture(database, b -> b.table("people", t -> t.columns("name")))) {
      fixture.plainly(
          "create table people (id int primary key, name varchar(20), note varchar(9))");
      fixture.run(
          "insert into people values (1, 'a', 'x'), (2, 'b', 'y')",
          "update people set name = concat(name, '!') where id = 2",
          "update people set note = 'z'");
      assertThat(fixture.texts())
          .containsExactly(
              "INSERT people {name=a}",
              "INSERT people {name=b}",
              "UPDATE people {name=b!} was {name=b}");
    }
  }

  @Test
  void misspeltExclusionPublishesNoRow() throws SQLException {
    try (Fixture fixture =
        new Fixture(database, b -> b.table("people", t -> t.exclude("pasword")))) {
      fixture.plainly("create table people (id int primary key, password varchar(20))");
      fixture.run("insert into people values (1, 'secret')");
      assertThat(fixture.texts()).containsExactly("RESET people");
    }
  }

  @Test
  void columnAddedLaterIsNotTold() throws SQLException {
    try (Fixture fixture = new Fixture(database)) {
      fixture.run("insert into notes(text) values ('a')");
      fixture.run("alter table notes add column secret varchar(9) default 's'");
      fixture.run("insert into notes(text, secret) values ('b', 't')");
      assertThat(fixture.texts())
          .containsExactly(
              "INSERT notes {id=1, text=a}", "RESET notes", "INSERT notes {id=2, text=b}");
    }
  }

  /** The plan of a running application names a column that is gone. */
  @Test
  void columnDroppedByAnotherProgramDoesNotFailTheWrite() throws SQLException {
    try (Fixture fixture = new Fixture(database)) {
      fixture.run("insert into items(name) values ('a')");
      fixture.plainly("alter table items drop column qty");
      fixture.run("insert into items(name) values ('b')", "insert into items(name) values ('c')");
      assertThat(fixture.texts().get(0)).isEqualTo("INSERT items {id=1, name=a, qty=1}");
      assertThat(fixture.row("select count(*) from items")).hasToString("[3]");
      fixture.run("update items set name = 'd' where id = 3");
      assertThat(fixture.texts().toString()).contains("id=3, name=d");
    }
  }

  @Test
  void compositeAndQuotedNames() throws SQLException {
    try (Fixture fixture =
        new Fixture(database, b -> b.table(quoted("\"Odd Name\""), t -> t.channel("odd")))) {
      fixture.plainly(
          quoted(
              "create table \"Odd Name\" (\"Key A\" int, b int, \"select\" varchar(9),"
                  + " primary key (\"Key A\", b))"));
      fixture.run(
          quoted("insert into \"Odd Name\" values (1, 1, 'x'), (1, 2, 'y')"),
          quoted("update \"Odd Name\" set \"select\" = 'z' where b > 0 -- both"),
          quoted(
              "delete from \"Odd Name\""
                  + (database.isMariaDb() ? " where " : " as o where o.")
                  + "\"Key A\" = 1 and b = 2"));
      assertThat(fixture.texts())
          .containsExactlyInAnyOrder(
              "INSERT odd {key a=1, b=1, select=x}",
              "INSERT odd {key a=1, b=2, select=y}",
              "UPDATE odd {key a=1, b=1, select=z} was {key a=1, b=1, select=x}",
              "UPDATE odd {key a=1, b=2, select=z} was {key a=1, b=2, select=y}",
              "DELETE odd {key a=1, b=2, select=z}");
    }
  }

  private String quoted(String sql) {
    return database.isMariaDb() ? sql.replace('"', '`') : sql;
  }

  @Test
  void tablesOfAnotherSchemaAreToldApart() throws SQLException {
    assumeFalse(database.isSqlite() || database.isMariaDb(), "has databases instead");
    String schema = "s" + java.util.UUID.randomUUID().toString().replace("-", "");
    try (Fixture fixture = new Fixture(database, b -> b.tables(schema + ".items"))) {
      fixture.plainly(
          "create schema " + schema, "create table " + schema + ".items (id int primary key)");
      fixture.run("insert into " + schema + ".items values (5)");
      try (Connection connection = fixture.observed.getConnection();
          Statement statement = connection.createStatement()) {
        String before = connection.getSchema();
        connection.setSchema(
            database.isPostgres() ? schema : schema.toUpperCase(java.util.Locale.ROOT));
        statement.executeUpdate("insert into items values (6)");
        connection.setSchema(before);
        statement.executeUpdate("insert into items(name) values ('a')");
        statement.execute(
            database.isPostgres() ? "set search_path = " + schema : "set schema " + schema);
        statement.executeUpdate("insert into items values (7)");
      }
      assertThat(fixture.texts())
          .containsExactly(
              "INSERT " + schema + ".items {id=5}",
              "INSERT " + schema + ".items {id=6}",
              "INSERT items {id=1, name=a, qty=1}",
              "INSERT " + schema + ".items {id=7}");
    }
  }

  @Test
  void valuesAreNeutral() throws SQLException {
    assumeFalse(
        database.isSqlite() || database.isMariaDb(), "has other types, see their own tests");
    try (Fixture fixture = new Fixture(database, b -> b.tables("kinds"))) {
      boolean pg = database.isPostgres();
      fixture.plainly(
          "create table kinds (id bigint primary key, s smallint, n numeric(12,2), r real,"
              + " d double precision, b boolean, t varchar(9), c char(3), dt date, tm time,"
              + " ts timestamp, tz timestamp with time zone, bin "
              + (pg ? "bytea" : "varbinary")
              + ", u uuid, j "
              + (pg ? "jsonb" : "json")
              + ", a "
              + (pg ? "int[]" : "int array")
              + ", e "
              + (pg ? "text" : "clob")
              + ")");
      String json =
          pg ? "'{\"x\": [1, 2.50, null, true]}'" : "json '{\"x\": [1, 2.50, null, true]}'";
      fixture.run(
          "insert into kinds values (9007199254740993, 7, 12.50, 1.1, 0.5, true, 'é', 'abc',"
              + " date '2026-02-28', time '10:00:00', timestamp '2026-02-28 10:00:00.25',"
              + " timestamp with time zone '2026-02-28 10:00:00+02:00', "
              + (pg ? "'\\x00ff'" : "x'00ff'")
              + ", '6f1ed002-ab59-4a3c-9c3b-7d0c0a3b1d11', "
              + json
              + ", array[1, 2], 'long')",
          "insert into kinds(id) values (1)");
      List<RecordingSink.Event> published = fixture.published();
      Map<String, Object> row = published.get(0).change().row();
      assertThat(row.toString())
          .isEqualTo(
              "{id=9007199254740993, s=7, n=12.50, r=1.1, d=0.5, b=true, t=é, c=abc, dt=2026-02-28,"
                  + " tm=10:00:00, ts=2026-02-28T10:00:00.25, tz=2026-02-28T08:00:00Z, bin=AP8=,"
                  + " u=6f1ed002-ab59-4a3c-9c3b-7d0c0a3b1d11, j={x=[1, 2.50, null, true]},"
                  + " a=[1, 2], e=long}");
      assertThat(row.get("id")).isInstanceOf(Long.class);
      assertThat(row.get("n")).isInstanceOf(java.math.BigDecimal.class);
      assertThat(row.get("b")).isEqualTo(true);
      assertThat(
              published.get(1).change().row().values().stream().filter(java.util.Objects::nonNull))
          .containsExactly(1L);
    }
  }

  @Test
  void changesArriveOnTheChannelsOfARealtime() throws Exception {
    try (Realtime realtime = Realtime.builder().access(AccessPolicy.open()).build()) {
      ChangeCapture capture = ChangeCapture.on(realtime).tables("items").build();
      CountDownLatch arrived = new CountDownLatch(2);
      try (Fixture fixture = new Fixture(database)) {
        realtime.channel("items").onChange(change -> arrived.countDown());
        try (Connection connection = capture.observe(fixture.plain).getConnection();
            Statement statement = connection.createStatement()) {
          statement.executeUpdate("insert into items(name) values ('a'), ('b')");
        }
        assertThat(arrived.await(30, TimeUnit.SECONDS)).isTrue();
      } finally {
        capture.close();
      }
    }
  }

  @Test
  void closedCapturePublishesWhatWasCommittedAndLetsTheRestPass() throws SQLException {
    Fixture fixture = new Fixture(database);
    try (Connection connection = fixture.observed.getConnection();
        Statement statement = connection.createStatement()) {
      for (int i = 0; i < 50; i++) {
        statement.executeUpdate("insert into items(name) values ('a')");
      }
      connection.setAutoCommit(false);
      statement.executeUpdate("insert into items(name) values ('open')");
      fixture.capture.close();
      assertThat(fixture.sink.events()).hasSize(50);
      connection.commit();
      assertThat(statement.executeUpdate("delete from items")).isEqualTo(51);
      connection.commit();
    }
    fixture.capture.close();
    assertThat(fixture.sink.events()).hasSize(50);
    assertThat(fixture.row("select count(*) from items")).hasToString("[0]");
  }

  @Test
  void badChoicesAreRefusedClearly() {
    ChangeCaptureBuilder builder = ChangeCapture.on(new RecordingSink());
    assertThatThrownBy(builder::build)
        .isInstanceOf(IllegalStateException.class)
        .hasMessageContaining("tables");
    assertThatThrownBy(() -> builder.tables("a", "A")).isInstanceOf(IllegalArgumentException.class);
    assertThatThrownBy(() -> builder.tables(" ")).isInstanceOf(IllegalArgumentException.class);
    assertThatThrownBy(() -> builder.maxRows(-1)).isInstanceOf(IllegalArgumentException.class);
    assertThatThrownBy(() -> builder.table("b", t -> t.channel("a")).build())
        .isInstanceOf(IllegalArgumentException.class);
  }
}
