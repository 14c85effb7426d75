package dev.tidewire.changes;

import static dev.tidewire.changes.OutboxNodes.BRIEF;
import static dev.tidewire.changes.OutboxNodes.PATIENT;
import static dev.tidewire.changes.OutboxNodes.eventually;
import static dev.tidewire.changes.TestDatabase.execute;
import static org.assertj.core.api.Assertions.assertThat;

import dev.tidewire.AccessPolicy;
import dev.tidewire.Realtime;
import dev.tidewire.changes.DoubtfulBroker.Fate;
import dev.tidewire.changes.OutboxNodes.Node;
import dev.tidewire.changes.postgres.PostgresBroker;
import java.sql.SQLException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import javax.sql.DataSource;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** Nodes come and go: who publishes an outbox that several share, and what it tells first. */
class OutboxTakeoverIT {

  private OutboxNodes of;

  @BeforeEach
  void prepare() throws SQLException {
    of = new OutboxNodes();
  }

  @AfterEach
  void close() throws Exception {
    of.close();
  }

  @Test
  void anOwnerThatLeavesHandsOverAtOnceAndNothingIsReset() throws Exception {
    List<Node> nodes = of.two(PATIENT); // the lease is longer than this test waits
    FoldedItems reader = nodes.get(1).reader();
    nodes.get(0).run("insert into items values (1, 1)", "update items set v = 2");
    nodes.get(0).close();
    nodes.get(1).run("update items set v = 3", "insert into items values (2, 1)");
    of.awaitTable(reader);
    assertThat(reader.told()).hasSize(4);
    assertThat(reader.resets()).isZero();
  }

  @Test
  void whatIsInDoubtWhenKeysMayBeForgottenIsResetAndNotDoubled() throws Exception {
    Node one = of.node(b -> b.leaseTimes(BRIEF));
    FoldedItems reader = one.reader();
    one.run("insert into items values (1, 1)");
    of.awaitTable(reader);
    // carried out, but the owner does not learn it, and falls silent
    one.broker.fate(() -> Fate.UNANSWERED);
    one.run("insert into items values (2, 1)");
    eventually("the doubtful change").until(() -> reader.told().size() == 2);
    one.pool.getHikariPoolMXBean().suspendPool();
    LeaseTimes forgetful = new LeaseTimes(BRIEF.lease(), BRIEF.beat(), Duration.ofMillis(1));
    Node two = of.node(b -> b.leaseTimes(forgetful));
    FoldedItems after = two.reader();
    eventually("the reset").until(() -> after.resets() == 1);
    two.run("insert into items values (3, 1)");
    eventually("the next change").until(() -> after.told().size() == 2);
    of.eventuallyPublished();
    one.pool.getHikariPoolMXBean().resumePool();
    assertThat(new ArrayList<>(after.told().values()))
        .satisfiesExactly(
            first -> assertThat(first).startsWith("reset"),
            second -> assertThat(second).startsWith("INSERT{\"id\":3"));
    assertThat(after.wrong()).isEmpty();
  }

  @Test
  void aSilentOwnerIsReplacedAndPublishesNothingWhenItComesBack() throws Exception {
    Node one = of.node(b -> b.leaseTimes(BRIEF));
    of.eventuallyOwned();
    Node two = of.node(b -> b.leaseTimes(BRIEF));
    FoldedItems reader = two.reader();
    // the owner cannot reach the database any more: it holds what it has, and falls silent
    one.run("insert into items values (1, 1)");
    of.awaitTable(reader);
    one.pool.getHikariPoolMXBean().suspendPool();
    two.run("update items set v = 2", "insert into items values (2, 1)");
    of.awaitTable(reader);
    one.pool.getHikariPoolMXBean().resumePool();
    one.run("update items set v = 3 where id = 1");
    two.run("update items set v = 4 where id = 2");
    of.awaitTable(reader);
    assertThat(reader.told()).hasSize(5);
    assertThat(reader.resets()).isZero();
    assertThat(two.capture.statistics().published()).isGreaterThanOrEqualTo(2);
  }

  @Test
  void whatAKilledNodeHadBegunAndOtherColumnsAreResetsOnce() throws Exception {
    List<Node> nodes = of.two(PATIENT);
    FoldedItems reader = nodes.get(0).reader();
    execute(of.plain, "insert into tidewire_outbox_end values (7, 'items')");
    nodes.get(1).close();
    of.node();
    eventually("the reset").until(() -> reader.resets() == 1);
    of.nodeOf(b -> b.table("items", t -> t.exclude("v")));
    eventually("another").until(() -> reader.resets() == 2);
    of.nodeOf(b -> b.table("items", t -> t.exclude("v")));
    nodes.get(0).run("insert into items values (1, 1)");
    eventually("a change").until(() -> reader.told().size() == 3);
    assertThat(reader.resets()).isEqualTo(2);
    assertThat(reader.wrong()).isEmpty();
  }

  @Test
  void tablesOfOneNodeBecomeThoseOfSeveral() throws Exception {
    Realtime memory = Realtime.builder().access(AccessPolicy.open()).build();
    ChangeCapture before =
        ChangeCapture.on(memory).tables("items").outbox(new DriverDataSource(of.url)).build();
    execute(before.observe(of.plain), "insert into items values (1, 1)", "update items set v = 2");
    before.close();
    memory.close();

    Node one = of.node();
    FoldedItems reader = one.reader(true);
    one.run("update items set v = 3");
    of.node().run("insert into items values (2, 2)");
    of.awaitTable(reader);
    assertThat(reader.told()).hasSize(2);
    assertThat(reader.resets()).isZero();
  }

  @ParameterizedTest
  @EnumSource(
      value = TestDatabase.class,
      names = {"H2", "SQLITE", "MARIADB"})
  void theOutboxMayBeInAnyDatabase(TestDatabase database) throws Exception {
    DataSource plain = database.fresh();
    execute(plain, "create table items (id int primary key, v int)");
    for (int life = 1; life <= 2; life++) { // the second waits for nothing: the first has released
      try (Realtime realtime =
              Realtime.builder()
                  .access(AccessPolicy.open())
                  .broker(PostgresBroker.on(new DriverDataSource(of.url)).build())
                  .build();
          ChangeCapture capture =
              ChangeCapture.on(realtime)
                  .tables("items")
                  .outbox(plain)
                  .snapshots(plain)
                  .leaseTimes(PATIENT)
                  .build()) {
        DataSource observed = capture.observe(plain);
        FoldedItems reader = new FoldedItems(realtime, true);
        eventually("subscription").until(reader::isSubscribed);
        execute(
            observed,
            "insert into items values (" + life + ", 1)",
            "update items set v = v + 1",
            "insert into items values (9, 9)",
            "delete from items where id = 9");
        int changes = 3 + life;
        eventually("all of it").until(() -> reader.told().size() == changes);
        assertThat(reader.rows()).isEqualTo(FoldedItems.table(plain));
        assertThat(reader.wrong()).isEmpty();
        assertThat(reader.resets()).isZero();
      }
    }
  }
}
