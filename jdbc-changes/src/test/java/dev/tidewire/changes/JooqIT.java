package dev.tidewire.changes;

import static org.assertj.core.api.Assertions.assertThat;
import static org.jooq.impl.DSL.table;
import static org.junit.jupiter.api.Assumptions.assumeFalse;

import java.sql.SQLException;
import java.util.List;
import org.jooq.Configuration;
import org.jooq.DSLContext;
import org.jooq.Identity;
import org.jooq.Record;
import org.jooq.TableField;
import org.jooq.UniqueKey;
import org.jooq.impl.DSL;
import org.jooq.impl.Internal;
import org.jooq.impl.SQLDataType;
import org.jooq.impl.TableImpl;
import org.jooq.impl.UpdatableRecordImpl;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.Parameter;
import org.junit.jupiter.params.ParameterizedClass;
import org.junit.jupiter.params.provider.EnumSource;

/** Every way of writing that jOOQ has. */
@ParameterizedClass
@EnumSource(TestDatabase.class)
class JooqIT {

  /** What jOOQ's code generator would write for {@code items}. */
  static final class Items extends TableImpl<ItemRecord> {
    private static final long serialVersionUID = 1L;
    static final Items ITEMS = new Items();
    final TableField<ItemRecord, Integer> id =
        createField(DSL.name("id"), SQLDataType.INTEGER.nullable(false).identity(true), this, "");
    final TableField<ItemRecord, String> name =
        createField(DSL.name("name"), SQLDataType.VARCHAR(100), this, "");
    final TableField<ItemRecord, Integer> qty =
        createField(
            DSL.name("qty"),
            SQLDataType.INTEGER.defaultValue(DSL.field("1", SQLDataType.INTEGER)),
            this,
            "");

    private Items() {
      super(DSL.name("items"));
    }

    @Override
    public Class<ItemRecord> getRecordType() {
      return ItemRecord.class;
    }

    @Override
    public Identity<ItemRecord, Integer> getIdentity() {
      return Internal.createIdentity(this, id);
    }

    @Override
    @SuppressWarnings({"unchecked", "rawtypes"}) // as the generator writes it
    public UniqueKey<ItemRecord> getPrimaryKey() {
      return Internal.createUniqueKey(this, DSL.name("items_pkey"), new TableField[] {id}, true);
    }
  }

  /** One row of {@code items}. */
  public static final class ItemRecord extends UpdatableRecordImpl<ItemRecord> {
    private static final long serialVersionUID = 1L;

    public ItemRecord() {
      super(Items.ITEMS);
    }

    ItemRecord(String name) {
      this();
      set(Items.ITEMS.name, name);
    }
  }

  private static final Items ITEMS = Items.ITEMS;

  @Parameter TestDatabase database;

  private Fixture fixture;
  private DSLContext db;

  @BeforeEach
  void open() throws SQLException {
    fixture = new Fixture(database);
    db = fixture.db;
  }

  @AfterEach
  void close() {
    fixture.close();
  }

  @Test
  void dslWritesTellTheirRows() throws SQLException {
    assertThat(db.insertInto(ITEMS, ITEMS.name, ITEMS.qty).values("a", 1).values("b", 2).execute())
        .isEqualTo(2);
    assertThat(db.insertInto(ITEMS).set(ITEMS.name, "c").execute()).isEqualTo(1);
    assertThat(
            db.insertInto(ITEMS, ITEMS.name)
                .select(db.select(ITEMS.name.concat("2")).from(ITEMS).where(ITEMS.id.eq(1)))
                .execute())
        .isEqualTo(1);
    assertThat(db.insertInto(ITEMS).defaultValues().execute()).isEqualTo(1);
    assertThat(
            db.update(ITEMS)
                .set(ITEMS.qty, ITEMS.qty.plus(10))
                .where(ITEMS.name.in("a", "b"))
                .execute())
        .isEqualTo(2);
    assertThat(db.deleteFrom(ITEMS).where(ITEMS.id.gt(3)).execute()).isEqualTo(2);
    assertThat(fixture.texts())
        .containsExactly(
            "INSERT items {id=1, name=a, qty=1}",
            "INSERT items {id=2, name=b, qty=2}",
            "INSERT items {id=3, name=c, qty=1}",
            "INSERT items {id=4, name=a2, qty=1}",
            "INSERT items {id=5, name=null, qty=1}",
            "UPDATE items {id=1, name=a, qty=11} was {id=1, name=a, qty=1}",
            "UPDATE items {id=2, name=b, qty=12} was {id=2, name=b, qty=2}",
            "DELETE items {id=4, name=a2, qty=1}",
            "DELETE items {id=5, name=null, qty=1}");
  }

  @Test
  void returningIsSeenByTheApplicationAndTold() throws SQLException {
    assumeFalse(database.isSqlite() || database.isMariaDb(), "jOOQ has less of it there");
    assertThat(
            db.insertInto(ITEMS, ITEMS.name)
                .values("a")
                .values("b")
                .returning(ITEMS.id)
                .fetch(ITEMS.id))
        .containsExactly(1, 2);
    Record all = db.insertInto(ITEMS).set(ITEMS.name, "c").returning().fetchOne();
    assertThat(all.fields()).hasSize(3);
    assertThat(all.get(ITEMS.qty)).isEqualTo(1);
    assertThat(
            db.update(ITEMS)
                .set(ITEMS.qty, 5)
                .where(ITEMS.id.le(2))
                .returningResult(ITEMS.name, ITEMS.qty)
                .fetch()
                .sortAsc(ITEMS.name)
                .format(org.jooq.TXTFormat.DEFAULT))
        .contains("|a   |   5|", "|b   |   5|");
    assertThat(
            db.deleteFrom(ITEMS).where(ITEMS.id.eq(1)).returning(ITEMS.name).fetchOne(ITEMS.name))
        .isEqualTo("a");
    assertThat(fixture.texts())
        .containsExactly(
            "INSERT items {id=1, name=a, qty=1}",
            "INSERT items {id=2, name=b, qty=1}",
            "INSERT items {id=3, name=c, qty=1}",
            "UPDATE items {id=1, name=a, qty=5} was {id=1, name=a, qty=1}",
            "UPDATE items {id=2, name=b, qty=5} was {id=2, name=b, qty=1}",
            "DELETE items {id=1, name=a, qty=5}");
  }

  @Test
  void recordsTellTheirRows() throws SQLException {
    ItemRecord record = db.newRecord(ITEMS);
    record.set(ITEMS.name, "a");
    assertThat(record.store()).isEqualTo(1);
    assertThat(record.get(ITEMS.id)).isEqualTo(1);
    assertThat(record.store()).isZero();
    record.set(ITEMS.qty, 7);
    assertThat(record.update()).isEqualTo(1);
    record.refresh();
    assertThat(record.delete()).isEqualTo(1);
    assertThat(fixture.texts())
        .containsExactly(
            "INSERT items {id=1, name=a, qty=1}",
            "UPDATE items {id=1, name=a, qty=7} was {id=1, name=a, qty=1}",
            "DELETE items {id=1, name=a, qty=7}");
  }

  @Test
  void batchesTellTheirRows() throws SQLException {
    db.batch(
            db.insertInto(ITEMS, ITEMS.name).values("a"),
            db.update(ITEMS).set(ITEMS.qty, 2).where(ITEMS.name.eq("a")))
        .execute();
    assertThat(
            db.batch("insert into items(name) values ('b')", "delete from items where id = 1")
                .execute())
        .containsExactly(1, 1);
    db.batch(db.insertInto(ITEMS, ITEMS.name).values((String) null)).bind("c").bind("d").execute();
    assertThat(fixture.texts())
        .containsExactly(
            "INSERT items {id=1, name=a, qty=1}",
            "UPDATE items {id=1, name=a, qty=2} was {id=1, name=a, qty=1}",
            "INSERT items {id=2, name=b, qty=1}",
            "DELETE items {id=1, name=a, qty=2}",
            "INSERT items {id=3, name=c, qty=1}",
            "INSERT items {id=4, name=d, qty=1}");
  }

  @Test
  void recordBatchesTellTheirRows() throws SQLException {
    db.batchInsert(new ItemRecord("a"), new ItemRecord("b")).execute();
    List<ItemRecord> stored = db.selectFrom(ITEMS).orderBy(ITEMS.id).fetch();
    stored.forEach(record -> record.set(ITEMS.qty, 9));
    db.batchUpdate(stored).execute();
    db.batchStore(new ItemRecord("c")).execute();
    db.batchDelete(stored).execute();
    assertThat(fixture.texts())
        .containsExactly(
            "INSERT items {id=1, name=a, qty=1}",
            "INSERT items {id=2, name=b, qty=1}",
            "UPDATE items {id=1, name=a, qty=9} was {id=1, name=a, qty=1}",
            "UPDATE items {id=2, name=b, qty=9} was {id=2, name=b, qty=1}",
            "INSERT items {id=3, name=c, qty=1}",
            "DELETE items {id=1, name=a, qty=9}",
            "DELETE items {id=2, name=b, qty=9}");
  }

  @Test
  void batchedTellsTheirRows() throws SQLException {
    db.batched(
        configuration -> {
          DSLContext batched = DSL.using(configuration);
          for (String name : List.of("a", "b", "c")) {
            batched.insertInto(ITEMS).set(ITEMS.name, name).execute();
          }
        });
    assertThat(fixture.published())
        .extracting(event -> event.change().row().get("name"))
        .containsExactly("a", "b", "c");
  }

  @Test
  void loaderTellsItsRows() throws Exception {
    db.loadInto(ITEMS)
        .bulkAfter(2)
        .loadCSV("name,qty\na,1\nb,2\nc,3\n")
        .fields(ITEMS.name, ITEMS.qty)
        .execute();
    assertThat(fixture.published())
        .extracting(event -> event.change().row().get("name"))
        .containsExactly("a", "b", "c");
  }

  @Test
  void plainSqlTellsItsRows() throws SQLException {
    assertThat(db.execute("insert into items(name, qty) values (?, ?)", "a", 3)).isEqualTo(1);
    assertThat(db.query("update {0} set qty = {1}", table("items"), DSL.val(4)).execute())
        .isEqualTo(1);
    assumeFalse(database.isMariaDb(), "has no UPDATE RETURNING");
    if (database != TestDatabase.H2) {
      assertThat(db.fetch("update items set name = ? returning name as n, qty", "b").format())
          .contains("|n   | qty|", "|b   |   4|");
      assertThat(db.resultQuery("delete from items returning *").fetchOne().size()).isEqualTo(3);
    } else {
      assertThat(db.fetchValue("select name from final table (update items set name = ?)", "b"))
          .isEqualTo("b");
      assertThat(
              db.resultQuery("select * from old table (delete from items) gone").fetchOne().size())
          .isEqualTo(3);
    }
    assertThat(fixture.texts())
        .containsExactly(
            "INSERT items {id=1, name=a, qty=3}",
            "UPDATE items {id=1, name=a, qty=4} was {id=1, name=a, qty=3}",
            "UPDATE items {id=1, name=b, qty=4} was {id=1, name=a, qty=4}",
            "DELETE items {id=1, name=b, qty=4}");
  }

  @Test
  void parsingConnectionTellsItsRows() throws SQLException {
    try (var connection = db.parsingDataSource().getConnection();
        var statement = connection.createStatement()) {
      statement.executeUpdate("insert into items(name) values ('a')");
    }
    assertThat(fixture.texts()).containsExactly("INSERT items {id=1, name=a, qty=1}");
  }

  @Test
  void upsertsAndMergesAreNeverSilent() throws SQLException {
    fixture.items("a");
    db.insertInto(ITEMS, ITEMS.id, ITEMS.name)
        .values(1, "x")
        .onConflict(ITEMS.id)
        .doUpdate()
        .set(ITEMS.name, "x")
        .execute();
    String told = fixture.texts().toString();
    assertThat(told)
        .isEqualTo(
            database == TestDatabase.POSTGRES_18 || database.isSqlite() || database.isMariaDb()
                ? "[UPDATE items {id=1, name=x, qty=1} was {id=1, name=a, qty=1}]"
                : "[RESET items]");
    ItemRecord record = new ItemRecord("merged");
    record.set(ITEMS.id, 1);
    record.attach(db.configuration());
    record.merge();
    assertThat(fixture.texts()).hasSize(1);
    assertThat(fixture.row("select name from items")).hasToString("[merged]");
  }

  @Test
  void lazyCursorStaysReadableWhileWriting() throws SQLException {
    fixture.items("a", "b", "c");
    db.transaction(
        configuration -> {
          try (var cursor = configuration.dsl().selectFrom(ITEMS).orderBy(ITEMS.id).fetchLazy()) {
            for (ItemRecord record : cursor) {
              configuration
                  .dsl()
                  .update(ITEMS)
                  .set(ITEMS.qty, 3)
                  .where(ITEMS.id.eq(record.get(ITEMS.id)))
                  .execute();
            }
          }
        });
    assertThat(fixture.published()).hasSize(3);
  }

  @Test
  void whoAndWhyComeFromTheConfigurationOrTheThread() throws SQLException {
    Configuration mine = db.configuration().derive();
    mine.data(ChangeCaptureListener.USER_ID, "u1");
    mine.data(ChangeCaptureListener.CAUSE, "m1");
    mine.dsl().insertInto(ITEMS).set(ITEMS.name, "a").execute();
    fixture.capture.as("u2", "m2", () -> db.insertInto(ITEMS).set(ITEMS.name, "b").execute());
    fixture.capture.as(
        "u3",
        null,
        () -> {
          mine.dsl().transaction(c -> c.dsl().insertInto(ITEMS).set(ITEMS.name, "c").execute());
          db.insertInto(ITEMS).set(ITEMS.name, "d").execute();
        });
    db.insertInto(ITEMS).set(ITEMS.name, "e").execute();
    assertThat(fixture.published())
        .extracting(
            event ->
                event.change().row().get("name")
                    + " "
                    + event.change().userId()
                    + " "
                    + event.change().cause())
        .containsExactly("a u1 m1", "b u2 m2", "c u1 m1", "d u3 null", "e null null");
  }

  @Test
  void failedStatementForgetsWhoWrote() throws SQLException {
    Configuration mine = db.configuration().derive();
    mine.data(ChangeCaptureListener.USER_ID, "u1");
    org.assertj.core.api.Assertions.assertThatThrownBy(
            () -> mine.dsl().execute("insert into items(id) values (1), (1)"))
        .isInstanceOf(org.jooq.exception.DataAccessException.class);
    db.insertInto(ITEMS).set(ITEMS.name, "a").execute();
    assertThat(fixture.published())
        .extracting(event -> event.change().userId())
        .containsExactly((String) null);
  }
}
