package dev.tidewire.changes;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.tidewire.AccessPolicy;
import dev.tidewire.Realtime;
import dev.tidewire.changes.postgres.PostgresBroker;
import dev.tidewire.testing.ChildJvm;
import java.io.BufferedReader;
import java.io.IOException;
import java.sql.Connection;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import javax.sql.DataSource;
import org.awaitility.core.ConditionFactory;
import org.junit.jupiter.api.Test;

/**
 * Two nodes with one outbox and one broker, in JVMs of their own, both writing: they are killed and
 * stand still at random moments, and what a client of a third one folds together must be the table.
 * {@code -Doutbox.kills=50 -Doutbox.seed=1} for more, or the same again.
 */
class OutboxNodesKillIT {

  private static final int LEASE_MILLIS = 1_500;

  private final long seed = Long.getLong("outbox.seed", System.nanoTime());
  private final Random random = new Random(seed);
  private final List<Node> nodes = new ArrayList<>();
  private DataSource plain;
  private String url;

  private static ConditionFactory eventually(String what) {
    return await(what).pollInterval(Duration.ofMillis(50)).atMost(Duration.ofSeconds(60));
  }

  private final class Node implements AutoCloseable {
    private final Process process;
    private final CountDownLatch started = new CountDownLatch(1);

    Node(int writers) throws IOException {
      process =
          ChildJvm.of(
                  OutboxNode.class,
                  List.of("-Xmx256m"),
                  url,
                  random.nextLong(),
                  writers,
                  LEASE_MILLIS)
              .redirectErrorStream(true)
              .start();
      Thread listening = new Thread(this::listen, "listening");
      listening.setDaemon(true);
      listening.start();
    }

    /** All of it, or the process would wait for that. */
    private void listen() {
      try (BufferedReader lines = process.inputReader()) {
        for (String line = lines.readLine(); line != null; line = lines.readLine()) {
          if (line.equals("ready")) {
            started.countDown();
          } else {
            System.out.println(process.pid() + ": " + line);
          }
        }
      } catch (IOException e) {
        // killed in the middle of a line
      }
    }

    void awaitStart() throws InterruptedException {
      assertThat(started.await(60, TimeUnit.SECONDS)).as("start of a node").isTrue();
    }

    void signal(String name) throws Exception {
      new ProcessBuilder("kill", "-" + name, String.valueOf(process.pid())).start().waitFor();
    }

    @Override
    public void close() throws InterruptedException {
      process.destroyForcibly();
      assertThat(process.waitFor(60, TimeUnit.SECONDS)).isTrue();
    }
  }

  private String owner() throws SQLException {
    try (Connection connection = plain.getConnection()) {
      return Dialect.strings(
              connection, "select epoch from tidewire_outbox_channel where topic = '>'")
          .get(0);
    }
  }

  private long number(String sql) throws SQLException {
    try (Connection connection = plain.getConnection()) {
      return OutboxConnections.number(connection, sql);
    }
  }

  @Test
  void whatIsCommittedIsToldOnceAndInOrderWhicheverNodeDiesOrStandsStill() throws Exception {
    int rounds = Integer.getInteger("outbox.kills", 3);
    plain = TestDatabase.POSTGRES_18.fresh();
    try (Connection connection = plain.getConnection();
        Statement statement = connection.createStatement()) {
      statement.execute("create table items (id int primary key, v int)");
      url =
          connection.getMetaData().getURL().replaceAll("\\?.*", "")
              + "?user=postgres&password=postgres&currentSchema="
              + connection.getSchema();
    }
    int takeovers = 0;
    try (Realtime realtime =
        Realtime.builder()
            .access(AccessPolicy.open())
            .limits(l -> l.queueBytes(1 << 30))
            .heartbeat(Duration.ZERO, Duration.ofSeconds(10))
            .broker(PostgresBroker.on(new DriverDataSource(url)).build())
            .build()) {
      FoldedItems reader = new FoldedItems(realtime, false);
      eventually("subscription").until(reader::isSubscribed);
      nodes.add(new Node(2));
      nodes.add(new Node(2));
      for (Node node : nodes) {
        node.awaitStart();
      }
      for (int round = 0; round < rounds; round++) {
        String before = owner();
        goesOn(reader, 1 + random.nextInt(200));
        suffer(round % 3 == 1, random.nextInt(2));
        goesOn(reader, 50);
        takeovers += before.equals(owner()) ? 0 : 1;
      }
      for (Node node : nodes) {
        node.close();
      }
      nodes.clear();
      // nobody writes any more: what was committed and not told is told by the next one
      nodes.add(new Node(0));
      eventually("everything published")
          .until(
              () ->
                  number("select base from tidewire_outbox_channel where topic = '>'")
                      >= number("select max(seq) from tidewire_outbox"));
      Map<Integer, Integer> table = FoldedItems.table(plain);
      String told =
          "seed %d: %d rounds, %d other owners, %d changes, %d resets"
              .formatted(seed, rounds, takeovers, reader.told().size(), reader.resets());
      System.out.println(told);
      await(told)
          .atMost(Duration.ofSeconds(60))
          .until(() -> !reader.wrong().isEmpty() || reader.rows().equals(table));
      assertThat(reader.wrong()).as(told).isEmpty();
      assertThat(reader.resets()).as(told).isZero();
    } finally {
      for (Node node : nodes) {
        node.close();
      }
    }
  }

  private static void goesOn(FoldedItems reader, int changes) {
    int before = reader.told().size();
    eventually("changes")
        .until(() -> reader.told().size() >= before + changes || !reader.wrong().isEmpty());
  }

  /** A node is killed and started again, or stands still for longer than its lease. */
  private void suffer(boolean pause, int victim) throws Exception {
    LockSupport.parkNanos(TimeUnit.MILLISECONDS.toNanos(random.nextInt(300)));
    if (pause) {
      for (Node node : nodes) { // one of the two is the owner
        node.signal("STOP");
        LockSupport.parkNanos(TimeUnit.MILLISECONDS.toNanos(2 * LEASE_MILLIS));
        node.signal("CONT");
      }
      return;
    }
    nodes.remove(victim).close();
    nodes.add(new Node(2));
    nodes.get(1).awaitStart();
  }
}
