package dev.tidewire.changes;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;
import static org.jooq.impl.DSL.field;
import static org.jooq.impl.DSL.name;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.tidewire.AccessPolicy;
import dev.tidewire.Message;
import dev.tidewire.Realtime;
import dev.tidewire.channel.Operation;
import dev.tidewire.channel.Position;
import java.math.BigDecimal;
import java.sql.Connection;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.LocalDateTime;
import java.time.OffsetDateTime;
import java.util.List;
import java.util.Map;
import java.util.UUID;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.TimeUnit;
import javax.sql.DataSource;
import org.jooq.Field;
import org.jooq.TableField;
import org.jooq.impl.CustomRecord;
import org.jooq.impl.CustomTable;
import org.jooq.impl.DSL;
import org.jooq.impl.SQLDataType;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.Parameter;
import org.junit.jupiter.params.ParameterizedClass;
import org.junit.jupiter.params.provider.EnumSource;

/** What a writer and a Java subscriber are told. */
@ParameterizedClass
@EnumSource(TestDatabase.class)
class WrittenIT {

  @Parameter TestDatabase database;

  private final Realtime realtime = Realtime.builder().access(AccessPolicy.open()).build();
  private DataSource observed;
  private ChangeCapture capture;

  private void start(String... statements) throws SQLException {
    DataSource plain = database.fresh();
    try (Connection connection = plain.getConnection();
        Statement statement = connection.createStatement()) {
      for (String sql : statements) {
        statement.execute(sql);
      }
    }
    capture = ChangeCapture.on(realtime).tables("items", "notes").build();
    observed = capture.observe(plain);
  }

  @AfterEach
  void stop() {
    if (capture != null) {
      capture.close();
      realtime.close();
    }
  }

  private int run(boolean commit, String... statements) throws SQLException {
    try (Connection connection = observed.getConnection();
        Statement statement = connection.createStatement()) {
      connection.setAutoCommit(false);
      int count = 0;
      for (String sql : statements) {
        count += statement.executeUpdate(sql);
      }
      if (commit) {
        connection.commit();
      } else {
        connection.rollback();
      }
      return count;
    }
  }

  private static Map<String, Position> positions(Written<?> written) throws Exception {
    return written.positions().toCompletableFuture().get(30, TimeUnit.SECONDS);
  }

  @Test
  void aWriterIsToldWhereItsChangesStand() throws Exception {
    start(
        "create table items (id int primary key)",
        "create table notes (id int primary key)",
        "create table other (id int primary key)");
    List<Message> seen = new CopyOnWriteArrayList<>();
    realtime.channel("items").on("*", seen::add);

    Written<Integer> two =
        capture.written(
            () -> run(true, "insert into items values (1), (2)", "insert into notes values (1)"));
    assertThat(two.result()).isEqualTo(3);
    Map<String, Position> positions = positions(two);
    assertThat(positions).containsOnlyKeys("items", "notes");
    await().until(() -> seen.size() == 2);
    assertThat(positions.get("items")).isEqualTo(seen.get(1).position());
    assertThat(Written.header(positions))
        .isEqualTo("items=" + positions.get("items") + ", notes=" + positions.get("notes"));

    assertThat(positions(capture.written(() -> run(false, "insert into items values (3)"))))
        .isEmpty();
    assertThat(positions(capture.written(() -> run(true, "insert into other values (3)"))))
        .isEmpty();
    Written<Map<String, Position>> outer =
        capture.written(
            () -> positions(capture.written(() -> run(true, "delete from items where id = 1"))));
    assertThat(outer.result()).isEqualTo(positions(outer)).containsOnlyKeys("items");
    assertThatThrownBy(
            () ->
                capture.written(
                    () -> {
                      throw new java.io.IOException("no");
                    }))
        .isInstanceOf(java.io.IOException.class);
    assertThat(Written.header(Map.of())).isEmpty();
  }

  /** As generated code would look. */
  private static final class ItemRecord extends CustomRecord<ItemRecord> {
    private static final long serialVersionUID = 1L;

    ItemRecord() {
      super(Items.ITEMS);
    }
  }

  private static final class Items extends CustomTable<ItemRecord> {
    private static final long serialVersionUID = 1L;
    static final Items ITEMS = new Items();

    final TableField<ItemRecord, Long> id = createField(name("ID"), SQLDataType.BIGINT);
    final TableField<ItemRecord, BigDecimal> price =
        createField(name("PRICE"), SQLDataType.NUMERIC);
    final TableField<ItemRecord, LocalDateTime> at =
        createField(name("AT"), SQLDataType.LOCALDATETIME);
    final TableField<ItemRecord, OffsetDateTime> tz =
        createField(name("TZ"), SQLDataType.TIMESTAMPWITHTIMEZONE);
    final TableField<ItemRecord, byte[]> bin = createField(name("BIN"), SQLDataType.VARBINARY);
    final TableField<ItemRecord, UUID> uuid = createField(name("U"), SQLDataType.UUID);
    final TableField<ItemRecord, Boolean> done = createField(name("DONE"), SQLDataType.BOOLEAN);
    final TableField<ItemRecord, String> hidden = createField(name("HIDDEN"), SQLDataType.VARCHAR);

    private Items() {
      super(name("ITEMS"));
    }

    @Override
    public Class<ItemRecord> getRecordType() {
      return ItemRecord.class;
    }
  }

  @Test
  void javaSubscribersGetTypedRecords() throws Exception {
    assumeTrue(database == TestDatabase.H2 || database.isPostgres(), "its types are not there");
    start(
        "create table items (id bigint primary key, price numeric(9,2), at timestamp, tz timestamp"
            + " with time zone, bin "
            + (database.isPostgres() ? "bytea" : "varbinary")
            + ", u uuid, done boolean)",
        "create table notes (id int primary key)");
    List<RecordChange<ItemRecord>> seen = new CopyOnWriteArrayList<>();
    realtime.channel("items").onChange(RecordChange.to(Items.ITEMS, seen::add));
    run(
        true,
        "insert into items values (7, 1.50, timestamp '2026-02-28 10:00:00.25', timestamp with time"
            + " zone '2026-02-28 10:00:00+02:00', "
            + (database.isPostgres() ? "'\\x00ff'" : "x'00ff'")
            + ", '6f1ed002-ab59-4a3c-9c3b-7d0c0a3b1d11', true)",
        "update items set price = null where id = 7");
    await().until(() -> seen.size() == 2);

    ItemRecord row = seen.get(0).row();
    assertThat(seen.get(0).old()).isNull();
    assertThat(row.get(Items.ITEMS.id)).isEqualTo(7L);
    assertThat(row.get(Items.ITEMS.price)).isEqualByComparingTo("1.5");
    assertThat(row.get(Items.ITEMS.at)).isEqualTo(LocalDateTime.parse("2026-02-28T10:00:00.25"));
    assertThat(row.get(Items.ITEMS.tz).toInstant())
        .isEqualTo(OffsetDateTime.parse("2026-02-28T08:00:00Z").toInstant());
    assertThat(row.get(Items.ITEMS.bin)).containsExactly(0, 0xff);
    assertThat(row.get(Items.ITEMS.uuid)).hasToString("6f1ed002-ab59-4a3c-9c3b-7d0c0a3b1d11");
    assertThat(row.get(Items.ITEMS.done)).isTrue();
    assertThat(row.get(Items.ITEMS.hidden)).isNull();
    assertThat(row.changed()).isFalse();
    assertThat(seen.get(1).operation()).isEqualTo(Operation.UPDATE);
    assertThat(seen.get(1).row().get(Items.ITEMS.price)).isNull();
    assertThat(seen.get(1).old()).isEqualTo(row);
  }

  @Test
  void aValueOfAnotherTypeSaysWhichColumn() throws Exception {
    start("create table items (id int primary key)", "create table notes (id int primary key)");
    Field<Integer> id = field(name("id"), SQLDataType.INTEGER);
    var table = DSL.table(DSL.select(id)).as("items");
    var change =
        new dev.tidewire.channel.RowChange(
            "items", Operation.INSERT, Map.of("id", "seven"), null, null, null, null);
    assertThatThrownBy(() -> RecordChange.of(table, change))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("'id'");
  }
}
