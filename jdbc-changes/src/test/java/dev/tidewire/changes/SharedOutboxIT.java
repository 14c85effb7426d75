package dev.tidewire.changes;

import static dev.tidewire.changes.OutboxNodes.PATIENT;
import static dev.tidewire.changes.OutboxNodes.eventually;
import static org.assertj.core.api.Assertions.assertThat;

import dev.tidewire.changes.DoubtfulBroker.Fate;
import dev.tidewire.changes.OutboxNodes.Node;
import dev.tidewire.channel.Position;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** Two nodes with one outbox and one broker, of which the first publishes for both. */
class SharedOutboxIT {

  private static OutboxNodes of;
  private static List<Node> nodes;

  @BeforeAll
  static void start() throws SQLException {
    of = new OutboxNodes();
    nodes = of.two(PATIENT);
  }

  @AfterAll
  static void stop() throws Exception {
    of.close();
  }

  @BeforeEach
  void empty() throws SQLException {
    nodes.forEach(node -> node.broker.fate(() -> Fate.ANSWERED));
    of.eventuallyPublished();
    TestDatabase.execute(of.plain, "delete from items");
  }

  @Test
  void writtenOnEitherNodeArrivesOnceInCommitOrderOnBoth() throws Exception {
    long before = nodes.get(0).capture.statistics().published();
    FoldedItems one = nodes.get(0).reader();
    FoldedItems two = nodes.get(1).reader();
    for (Thread writer : of.writers(nodes, 2)) {
      writer.join();
    }
    of.awaitTable(one, two);
    assertThat(one.told()).isEqualTo(two.told()).isNotEmpty();
    assertThat(one.resets()).isZero();
    assertThat(nodes.get(0).capture.statistics().published() - before).isEqualTo(one.told().size());
    assertThat(nodes.get(1).capture.statistics().published()).isZero();
    eventually("backlog").until(() -> nodes.get(1).capture.statistics().backlog() == 0);
  }

  @Test
  void snapshotsOfBothNodesStandAtTheirPositionWhileBothWrite() throws Exception {
    List<Thread> writers = of.writers(nodes, 2);
    List<FoldedItems> readers = new ArrayList<>();
    for (int i = 0; i < 5; i++) {
      nodes.forEach(node -> readers.add(node.reader(true)));
    }
    for (Thread writer : writers) {
      writer.join();
    }
    of.awaitTable(readers.toArray(new FoldedItems[0]));
  }

  @Test
  void aWritesPositionIsThatOfItsChangeOnWhicheverNode() throws Exception {
    FoldedItems reader = nodes.get(0).reader();
    for (int i = 0; i < 6; i++) {
      Node node = nodes.get(i % 2);
      String sql = "insert into items values (" + i + ", 1)";
      Written<Boolean> written =
          node.capture.written(
              () -> {
                node.run(sql);
                return true;
              });
      Position position =
          written.positions().toCompletableFuture().get(60, TimeUnit.SECONDS).get("items");
      int id = i;
      eventually("the change").until(() -> reader.told().containsKey(position));
      assertThat(reader.told().get(position)).startsWith("INSERT{\"id\":" + id);
    }
  }

  @Test
  void whatTheBrokerLosesOrDoesNotAnswerIsPublishedOnceInOrder() throws Exception {
    FoldedItems reader = nodes.get(1).reader();
    long from = of.number("select max(seq) from tidewire_outbox");
    AtomicInteger trouble = new AtomicInteger();
    Random fates = new Random(of.random.nextLong());
    nodes
        .get(0)
        .broker
        .fate(
            () -> {
              // what follows a failure at once is lost as well, as behind a broken connection
              if (trouble.get() > 0 || fates.nextInt(60) == 0) {
                trouble.accumulateAndGet(3, (left, full) -> left > 0 ? left - 1 : full);
                return Fate.LOST;
              }
              return fates.nextInt(20) == 0 ? Fate.UNANSWERED : Fate.ANSWERED;
            });
    for (Thread writer : of.writers(nodes, 1)) {
      writer.join();
    }
    of.eventuallyPublished();
    long items = 0;
    List<OutboxRow> rows = new ArrayList<>();
    OutboxTable.open(of.plain).read(from, rows::add);
    while (!rows.isEmpty()) {
      items += rows.stream().mapToLong(row -> row.items().size()).sum();
      long last = rows.get(rows.size() - 1).number();
      rows.clear();
      OutboxTable.open(of.plain).read(last, rows::add);
    }
    long wanted = items;
    eventually("all is told").until(() -> changes(reader).size() >= wanted);
    System.out.printf("seed %d: %d changes, %d resets%n", of.seed, items, reader.resets());
    if (reader.resets() == 0) {
      of.awaitTable(reader);
    }
    assertThat(changes(reader)).as("seed %d", of.seed).hasSize((int) items);
  }

  private static List<String> changes(FoldedItems reader) {
    return reader.told().values().stream().filter(text -> !text.startsWith("reset")).toList();
  }

  @Test
  void whileTheBrokerIsAwayChangesWaitAndNothingIsReset() throws Exception {
    FoldedItems reader = nodes.get(1).reader();
    nodes.forEach(node -> node.broker.fate(() -> Fate.LOST));
    nodes.get(0).run("insert into items values (1, 1)");
    nodes.get(1).run("update items set v = 2", "insert into items values (2, 1)");
    eventually("backlog").until(() -> nodes.get(1).capture.statistics().backlog() == 3);
    assertThat(reader.told()).isEmpty();
    nodes.forEach(node -> node.broker.fate(() -> Fate.ANSWERED));
    of.awaitTable(reader);
    assertThat(reader.told()).hasSize(3);
    assertThat(reader.resets()).isZero();
    eventually("nothing waits")
        .until(() -> nodes.stream().allMatch(node -> node.capture.statistics().backlog() == 0));
  }

  @Test
  void aChangeOutsideOfTransactionsIsOneResetInItsPlace() throws Exception {
    FoldedItems reader = nodes.get(0).reader();
    nodes.get(1).run("insert into items values (1, 1)", "truncate items");
    eventually("the reset").until(() -> reader.resets() == 1);
    nodes.get(0).run("insert into items values (2, 1)");
    eventually("all three").until(() -> reader.told().size() == 3);
    assertThat(reader.wrong()).isEmpty();
    assertThat(new ArrayList<>(reader.told().values()))
        .satisfiesExactly(
            first -> assertThat(first).startsWith("INSERT{\"id\":1"),
            second -> assertThat(second).startsWith("reset"),
            third -> assertThat(third).startsWith("INSERT{\"id\":2"));
    eventually("notes").until(() -> of.number("select count(*) from tidewire_outbox_end") == 0);
  }

  @Test
  void aTableThatTheOwnerDoesNotCaptureIsPublished() throws Exception {
    TestDatabase.execute(of.plain, "create table more (id int primary key, v int)");
    Node newer = of.nodeOf(b -> b.tables("more"));
    Written<Boolean> written =
        newer.capture.written(
            () -> {
              newer.run("insert into more values (1, 1)");
              return true;
            });
    Map<String, Position> positions =
        written.positions().toCompletableFuture().get(60, TimeUnit.SECONDS);
    assertThat(positions.get("more").offset()).isEqualTo(1);
  }
}
