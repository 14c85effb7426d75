package dev.tidewire.changes;

import static org.assertj.core.api.Assertions.assertThat;

import dev.tidewire.changes.CapturePlan.Expects;
import dev.tidewire.changes.CapturePlan.Source;
import dev.tidewire.rows.ColumnType;
import dev.tidewire.rows.RowFilter;
import java.util.List;
import java.util.Objects;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** How MySQL's rows are told, which has no RETURNING. */
class MariaDbPlansTest {

  private static final TableMeta ITEMS =
      new TableMeta(
          new CapturedTable("items", "items", Set.of(), Set.of()),
          new TableId("shop", "items"),
          List.of(
              new TableMeta.Column(
                  "id", "id", true, (row, index) -> row.getLong(index), ColumnType.NUMBER),
              new TableMeta.Column(
                  "name", "name", true, (row, index) -> row.getString(index), ColumnType.TEXT)),
          List.of(0),
          List.of("id", "name"),
          List.of(),
          RowFilter.all(),
          null,
          new UniqueKeys(true, List.of(List.of("id")), Set.of(), "id"));

  private static CapturePlan plan(String sql, KeyRequest keys) {
    return new MariaDbPlans(Lexis.MYSQL, false, true, true)
        .plan(sql, Objects.requireNonNull(SqlShape.of(sql, Lexis.MYSQL).dml()), ITEMS, keys);
  }

  private static void assertAsWritten(String sql, Expects expects, String also) {
    CapturePlan plan = plan(sql, KeyRequest.NONE);
    assertThat(plan.sql()).isEqualTo(sql);
    assertThat(plan.source()).isEqualTo(Source.NOWHERE);
    assertThat(plan.again().expects()).isEqualTo(expects);
    assertThat(plan.again().select())
        .isEqualTo("SELECT `id`, `name` FROM `shop`.`items` FORCE INDEX (PRIMARY)");
    assertThat(plan.again().suffix()).isEqualTo(" FOR UPDATE");
    assertThat(plan.again().also() == null ? "" : plan.again().also().text()).isEqualTo(also);
  }

  @Test
  void insertIsFoundByTheKeyItGaveOrTheTableCounted() {
    assertAsWritten(
        "insert into items(name) values (?), ('b')",
        Expects.ADDED,
        "`id` >= LAST_INSERT_ID() AND `id` < LAST_INSERT_ID() + 2 * @@auto_increment_increment");
    assertAsWritten("insert into items values (?, ?), (-2, ?)", Expects.ADDED, "`id` IN (?, -2)");
    assertThat(plan("insert into items values (?, ?), (?, ?)", KeyRequest.NONE).again().also())
        .extracting(Piece::parameters)
        .isEqualTo(List.of(0, 2));
  }

  @Test
  void updateAndDeleteReadAndLockTheirRowsFirst() {
    String condition = "where name = ? and id > 3";
    assertAsWritten("update items set name = ? " + condition, Expects.SAME, "");
    assertAsWritten("delete from items " + condition, Expects.GONE, "");
    assertAsWritten("update items i set i.id = ? where id = ?", Expects.MOVED, "`id` = ?");
    CapturePlan update = plan("update items i set name = ? " + condition, KeyRequest.NONE);
    assertThat(update.before().sql())
        .isEqualTo("SELECT `id`, `name` FROM items i\n" + condition + "\nFOR UPDATE");
    assertThat(update.before().parameters()).containsExactly(1);
  }

  @Test
  void upsertReadsWhatItMayMeetFirst() {
    assertAsWritten(
        "insert into items values (?, ?) on duplicate key update name = values(name)",
        Expects.ANY,
        "`id` IN (?)");
    assertAsWritten("replace into items set id = 1, name = ?", Expects.ANY, "`id` IN (1)");
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "insert into items select * from other",
        "insert into items values (1 + 1, 'a')",
        "insert ignore into items values (1, 'a')",
        "update items set id = id + 1",
        "update items set name = 'a' where id in (select 1)",
        "update items set name = 'a' where uuid() = name",
        "update items set name = 'a' where id = @x",
        "update items set name = 'a' limit 1",
        "update ignore items set name = 'a'",
        "delete from items order by id limit 1"
      })
  void whatCannotBeFoundAgainIsNotPlanned(String sql) {
    CapturePlan plan = plan(sql, KeyRequest.NONE);

    assertThat(plan).as(sql).isNull();
  }
}
