package dev.tidewire.changes;

import static org.assertj.core.api.Assertions.assertThat;

import dev.tidewire.changes.SqlShape.Dml;
import dev.tidewire.changes.SqlShape.Kind;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class SqlShapeTest {

  private static SqlShape postgres(String sql) {
    return SqlShape.of(sql, Lexis.STANDARD);
  }

  private static SqlShape h2(String sql) {
    return SqlShape.of(sql, Lexis.H2);
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      quoteCharacter = '`',
      value = {
        "QUERY      | select 'insert into items' from t",
        "QUERY      | ((select 1) union (select 2)) ;",
        "QUERY      | -- delete from items",
        "QUERY      | /* a /* nested */ delete */ values (1)",
        "QUERY      | with x as (select 1) select * from x",
        "QUERY      | select 1; select 2",
        "QUERY      | explain delete from items",
        "QUERY      | call next value for s",
        "QUERY      | copy items to stdout",
        "QUERY      | show all",
        "INSERT     | insert into items values (';', $$ ; $$, $x$ ; $$ $x$)",
        "INSERT     | insert into items values ('it''s; fine')",
        "INSERT     | insert into items values (E'a\\'; b')",
        "UPDATE     | update only items as i set a = 1",
        "UPDATE     | with x as materialized (select 1) update items set a = 1 from x",
        "DELETE     | /* why */ delete from items",
        "MERGE      | merge into items using x on true when matched then delete",
        "DELTA      | select id from final table (insert into items values (1))",
        "TRUNCATE   | truncate table items",
        "RESHAPE    | alter table items add x int",
        "RESHAPE    | create temporary table t (x int)",
        "DEFINITION | create index i on items(x)",
        "DEFINITION | grant select on items to public",
        "SETTING    | set search_path = x",
        "SETTING    | select set_config('search_path', 'x', false)",
        "BEGIN      | begin isolation level serializable",
        "BEGIN      | start transaction",
        "COMMIT     | COMMIT AND CHAIN",
        "COMMIT     | end",
        "ROLLBACK   | rollback work",
        "ROLLBACK   | abort",
        "SAVEPOINT  | savepoint a",
        "ROLLBACK_TO| rollback work to savepoint a",
        "RELEASE    | release a",
        "SEVERAL    | select 1; delete from items",
        "OPAQUE     | call do_it(1)",
        "OPAQUE     | {? = call do_it(?)}",
        "OPAQUE     | do $$ begin delete from items; end $$",
        "OPAQUE     | execute p(1)",
        "OPAQUE     | copy items from '/tmp/x'",
        "OPAQUE     | explain (analyze, costs off) delete from items",
        "OPAQUE     | with gone as (delete from items returning *) select * from gone",
        "OPAQUE     | commit prepared 'x'",
        "OPAQUE     | prepare transaction 'x'",
        "OPAQUE     | replace into items values (1)",
        "OPAQUE     | whatever comes next",
        "OPAQUE     | insert items values (1)",
      })
  void kindIsToldOrLeftOpen(Kind kind, String sql) {
    assertThat(h2(sql).kind()).as(sql).isEqualTo(kind);
    if (!sql.contains("final table")) {
      assertThat(postgres(sql).kind()).as(sql).isEqualTo(kind);
    }
  }

  private static Dml dml(String sql) {
    Dml dml = h2(sql).dml();
    assertThat(dml).as(sql).isNotNull();
    return dml;
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "update items set a = 1 | items | items | items",
        "update only s.\"Items\" * as i set a = 1 | s.\"Items\" | only s.\"Items\" * as i | i",
        "update db.s.items i set a = 1 | db.s.items | db.s.items i | i",
        "delete from items where a = 1 | items | items | items",
        "delete from s.items as \"x y\" using b where true | s.items | s.items as \"x y\" | \"x y\"",
        "insert into items (a) values (1) | items | items | items",
        "insert into items as t default values | items | items as t | t",
        "merge into items t using b on true when matched then delete | items | items t | t",
      })
  void targetIsSlicedAsWritten(String sql, String name, String text, String reference) {
    Dml dml = dml(sql);
    assertThat(dml.target().text()).isEqualTo(name);
    assertThat(dml.targetText()).isEqualTo(text);
    assertThat(dml.reference()).isEqualTo(reference);
  }

  @Test
  void conditionIsSlicedAsWritten() {
    String sql =
        "update t set a = (select x from y where z), b = c is distinct from d where e = ? -- end\n;";
    Dml dml = dml(sql);
    assertThat(sql.substring(dml.condition(), dml.conditionEnd())).isEqualTo("where e = ?");
    assertThat(dml.joins()).isFalse();
    assertThat(sql.substring(dml.start(), dml.end())).endsWith("e = ?");
  }

  @Test
  void parametersAreCountedAroundStringsAndOperators() {
    Dml dml =
        dml("update t set a = ?, b = '?', c = \"?\", d = e ?? 'k' where f = ? and g in (?, ?)");
    assertThat(dml.parametersBefore()).isEqualTo(1);
    assertThat(dml.parameters()).isEqualTo(4);
    assertThat(dml("update t set a = ?2 where b = ?1").numbered()).isTrue();
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "update t set a = 1, b = f(c, d) where e = 1 | a,b",
        "update t set (a, b) = (select c, d), x.e = 2 | a,b,x,e",
        "update t set arr[1] = 2 | arr",
        "update t set \"A\" = array[1, 2], b = case when c = 1 then 2 end | a,b",
      })
  void assignedColumnsAreFound(String sql, String columns) {
    assertThat(dml(sql).assigned()).containsExactlyInAnyOrder(columns.split(","));
  }

  @Test
  void clausesThatChangeThePlanAreSeen() {
    assertThat(dml("insert into t values (1) on conflict do nothing").upsert()).isTrue();
    assertThat(dml("insert into t values (1) on duplicate key update a = 1").upsert()).isTrue();
    assertThat(dml("insert into t select * from a join b on a.x = b.x").upsert()).isFalse();
    assertThat(dml("update t set a = 1 from b where b.x = t.x").joins()).isTrue();
    assertThat(dml("delete from t using b").joins()).isTrue();
    assertThat(dml("delete from t where a in (select x from y)").joins()).isFalse();
    assertThat(dml("update t set a = 1 limit 3").limited()).isTrue();
    assertThat(dml("delete from t fetch first 3 rows only").limited()).isTrue();
    assertThat(dml("update t set a = 1 where current of c").positioned()).isTrue();
    assertThat(dml("update t as old set a = old.b returning a").shadowed()).isTrue();
    assertThat(dml("update t set a = 1 returning old.a").shadowed()).isFalse();
  }

  @Test
  void returningIsTakenApart() {
    String sql = "update t set a = 1 returning with (new as n, old as \"O\") *, o.a";
    var returning = postgres(sql).dml().returning();
    assertThat(sql.substring(returning.list())).isEqualTo("*, o.a");
    assertThat(returning.oldName()).isEqualTo("\"O\"");
    assertThat(returning.newName()).isEqualTo("n");
    assertThat(sql.charAt(returning.star())).isEqualTo('*');
    assertThat(postgres("delete from t returning count * 2").dml().returning().star())
        .isEqualTo(-1);
  }

  @Test
  void deltaTablesAreTakenApartOnlyWhenPlain() {
    SqlShape plain = h2("select a, b as c from final table (insert into t(a) values (')')) as x");
    assertThat(plain.delta().plain()).isTrue();
    assertThat(plain.delta().option()).isEqualTo("FINAL");
    assertThat(plain.dml().verb()).isEqualTo(Kind.INSERT);
    for (String sql :
        List.of(
            "select count(*) from final table (delete from t)",
            "select distinct a from old table (delete from t)",
            "select a from final table (insert into t values (1)) where a > 1",
            "select a from final table (insert into t values (1)) order by a limit 1")) {
      assertThat(h2(sql).delta().plain()).as(sql).isFalse();
    }
  }

  @Test
  void namesOfUnknownWritesAreCollected() {
    assertThat(
            postgres(
                    "with g as (delete from only a returning *), h as (insert into s.b select 1) select 1")
                .targets())
        .extracting(Name::text)
        .containsExactly("a", "s.b");
    assertThat(postgres("truncate a, only s.b restart identity").targets())
        .extracting(Name::text)
        .containsExactly("a", "s.b");
    assertThat(postgres("truncate a cascade").targets()).isEmpty();
    assertThat(postgres("do $$ begin end $$").targets()).isEmpty();
  }

  @Test
  void unfinishedTextsAreReadToTheirEnd() {
    for (String sql :
        List.of(
            "insert into t values ('",
            "select $x$ a",
            "/* open",
            "update \"t",
            "insert into",
            "update",
            "delete from",
            "with",
            "merge into t",
            "update t set",
            "select id from final table (insert",
            "update t set a",
            "rollback to",
            "truncate",
            "copy",
            "explain",
            "call",
            "{",
            ")",
            "insert into t values (1) returning with (old as")) {
      assertThat(h2(sql)).as(sql).isNotNull();
      assertThat(postgres(sql)).as(sql).isNotNull();
    }
  }
}
