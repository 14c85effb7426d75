package dev.tidewire.demo;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.tidewire.changes.Written;
import dev.tidewire.channel.Position;
import java.io.UncheckedIOException;
import java.net.http.HttpResponse;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collections;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.locks.LockSupport;
import java.util.stream.IntStream;
import org.awaitility.core.ConditionFactory;
import org.junit.jupiter.api.Test;

/**
 * Two nodes, their Redis and the network between them fail in turn while clients publish and read
 * and SQL is written: what was acknowledged is heard by everybody, once, in one order. SQL is
 * acknowledged by its commit, whatever becomes of the node then.
 *
 * <p>{@code -Dtidewire.seed=…} takes the same order of failures again, {@code -Dtidewire.rounds=…}
 * goes through all of them so many times.
 */
class NodeFailureIT {
  private static final List<String> TOPICS = List.of("chat/a", "chat/b", "orders");
  private static final int CLIENTS = 6;
  private static final int PUBLISHERS = 4;

  private enum Failure {
    NODE_KILLED,
    NODE_STOPPED,
    REDIS_KILLED,
    REDIS_PAUSED,
    NETWORK_SILENT
  }

  private final long seed = Long.getLong("tidewire.seed", System.nanoTime());
  private final int rounds = Integer.getInteger("tidewire.rounds", 1);
  private final Random random = new Random(seed);
  private final StreamOracle oracle = new StreamOracle();
  private final List<NodeClient> clients = new ArrayList<>();
  private final Map<Failure, Integer> times = new EnumMap<>(Failure.class);
  private final AtomicInteger committed = new AtomicInteger();
  private final AtomicInteger told = new AtomicInteger();
  private TwoNodes nodes;
  private volatile boolean writing = true;

  private static ConditionFactory eventually(String what) {
    return await(what).pollInterval(Duration.ofMillis(20)).atMost(Duration.ofSeconds(60));
  }

  @Test
  void whatWasAcknowledgedIsHeardOnceAndInOrderWhateverFails() throws Exception {
    try (TwoNodes started = new TwoNodes(seed)) {
      nodes = started;
      for (int i = 0; i < CLIENTS; i++) {
        clients.add(new NodeClient("c" + i, nodes.urls(), i % 2, TOPICS, oracle, seed + i));
      }
      eventually("subscriptions").until(() -> clients.stream().allMatch(NodeClient::isSubscribed));
      publishers().forEach(client -> client.publish(true));
      Thread writer = new Thread(this::write, "sql-writer");
      writer.start();

      for (int round = 0; round < rounds; round++) {
        List<Failure> failures = new ArrayList<>(List.of(Failure.values()));
        Collections.shuffle(failures, random);
        for (Failure failure : failures) {
          spreadOut();
          everythingGoesOn("before " + failure);
          suffer(failure);
          everythingGoesOn("after " + failure);
          times.merge(failure, 1, Integer::sum);
        }
      }

      writing = false;
      publishers().forEach(client -> client.publish(false));
      writer.join(TimeUnit.SECONDS.toMillis(60));
      eventually("answers").until(() -> publishers().stream().allMatch(NodeClient::isSettled));
      allHear(oracle.ends());
      eventually("every commit heard").until(oracle::hasHeardCommits);
      System.out.printf(
          "%s, %d links of clients, %d times UNAVAILABLE, SQL: %d committed, %d of them with a position%n",
          times,
          clients.stream().mapToInt(NodeClient::links).sum(),
          clients.stream().mapToInt(NodeClient::refused).sum(),
          committed.get(),
          told.get());
      oracle.isSatisfied("seed " + seed);
    } finally {
      writing = false;
      clients.forEach(NodeClient::close);
    }
  }

  private List<NodeClient> publishers() {
    return clients.subList(0, PUBLISHERS);
  }

  private List<NodeClient> publishersAt(int node) {
    return publishers().stream().filter(client -> client.node() == node).toList();
  }

  /** Half of the clients at each node, as a load balancer would have it in the long run. */
  private void spreadOut() {
    for (int i = 0; i < CLIENTS; i++) {
      if (clients.get(i).node() != i % 2) {
        clients.get(i).move(i % 2);
      }
    }
  }

  /** Everybody publishes, SQL is written and told, and everybody hears all of it. */
  private void everythingGoesOn(String when) {
    eventually("subscriptions " + when)
        .until(() -> clients.stream().allMatch(NodeClient::isSubscribed));
    more(publishers(), 10, when);
    int before = told.get();
    eventually("SQL " + when).until(() -> told.get() > before + 1);
    allHear(Map.copyOf(oracle.ends()));
  }

  private static void more(List<NodeClient> of, int count, String when) {
    List<Integer> before = of.stream().map(NodeClient::acknowledged).toList();
    eventually("publications " + when)
        .until(
            () ->
                IntStream.range(0, before.size())
                    .allMatch(i -> of.get(i).acknowledged() >= before.get(i) + count));
  }

  private static void refusals(List<NodeClient> of) {
    List<Integer> before = of.stream().map(NodeClient::refused).toList();
    eventually("UNAVAILABLE")
        .until(
            () ->
                IntStream.range(0, before.size())
                    .allMatch(i -> of.get(i).refused() > before.get(i)));
  }

  private void allHear(Map<String, Position> ends) {
    eventually("all heard up to " + ends)
        .until(() -> clients.stream().allMatch(client -> client.hasHeard(ends)));
  }

  private void suffer(Failure failure) throws InterruptedException {
    int victim = random.nextInt(2);
    NodeProcess node = nodes.nodes().get(victim);
    NodeProcess other = nodes.nodes().get(1 - victim);
    int links = clients.stream().mapToInt(NodeClient::links).sum();
    switch (failure) {
      case NODE_KILLED -> {
        node.kill();
        goesOnAt(other);
        restart(node);
      }
      case NODE_STOPPED -> {
        node.stop();
        goesOnAt(other);
        restart(node);
      }
      case REDIS_KILLED -> {
        nodes.redis.kill();
        refusals(publishers());
        nodes.redis.start();
      }
      case REDIS_PAUSED -> {
        nodes.redis.stop();
        refusals(publishers());
        nodes.redis.proceed();
      }
      case NETWORK_SILENT -> {
        nodes.network.isolate(true);
        refusals(publishersAt(1));
        more(publishersAt(0), 20, "at the node that is not cut off");
        nodes.network.isolate(false);
      }
    }
    if (failure != Failure.NODE_KILLED && failure != Failure.NODE_STOPPED) {
      assertThat(clients.stream().mapToInt(NodeClient::links).sum())
          .as("links of clients, which a failing Redis does not cut")
          .isEqualTo(links);
    }
  }

  private void goesOnAt(NodeProcess survivor) {
    more(publishers(), 10, "at " + survivor.name());
    eventually("duty of " + survivor.name())
        .until(
            () ->
                survivor
                    .api()
                    .value("select node from duty where held_until > current_timestamp")
                    .asString("")
                    .startsWith(survivor.name() + " "));
  }

  private static void restart(NodeProcess node) {
    node.start();
    node.awaitStart();
  }

  /** Writes one row over and over, at both nodes by turns, through the page for SQL. */
  private void write() {
    long id = nodes.one.api().value("select min(id) from orders").longValue();
    for (int i = 1; writing; i++) {
      Api node = nodes.nodes().get(i % 2).api();
      String data = id + ":" + i;
      oracle.intended(data);
      try {
        HttpResponse<String> answer =
            node.send(
                "POST",
                "sql",
                "text/plain",
                "update orders set total = " + i + " where id = " + id);
        if (answer.statusCode() == 200) {
          committed.incrementAndGet();
          oracle.committed("orders", data);
          answer
              .headers()
              .firstValue(Written.HEADER)
              .ifPresent(
                  position -> {
                    oracle.written("orders", Position.parse(position.substring(7)), data);
                    told.incrementAndGet();
                  });
        }
      } catch (UncheckedIOException e) {
        // that node is not there: the next one
      }
      LockSupport.parkNanos(TimeUnit.MILLISECONDS.toNanos(30));
    }
  }
}
