package dev.tidewire.broker;

import static dev.tidewire.testing.Drafts.await;
import static dev.tidewire.testing.Drafts.event;
import static org.assertj.core.api.Assertions.assertThat;

import dev.tidewire.broker.Broker.Appended;
import dev.tidewire.broker.Broker.ReadLimit;
import dev.tidewire.channel.ChannelOptions;
import dev.tidewire.channel.Position;
import dev.tidewire.channel.Publication;
import dev.tidewire.testing.HeardStream;
import dev.tidewire.testing.Parallel;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.locks.LockSupport;
import org.awaitility.Awaitility;
import org.awaitility.core.ConditionFactory;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** What every broker keeps to that shares its streams with other nodes. */
public abstract class SharedBrokerContract {

  protected static final ReadLimit ALL = new ReadLimit(Integer.MAX_VALUE, Integer.MAX_VALUE);
  protected static final ChannelOptions KEEP =
      ChannelOptions.DEFAULT.retain(1_000_000, Duration.ofHours(1));

  protected Node one;
  protected Node two;

  /** One more broker that shares its streams with those made before by the same test. */
  protected abstract Broker create() throws Exception;

  /** Something that happens to what the nodes share. */
  @FunctionalInterface
  protected interface Trouble {
    void happen(Random random) throws Exception;
  }

  /** A broker and what its listener heard. */
  public static final class Node implements AutoCloseable {
    public final HeardStream heard = new HeardStream();
    public final Broker broker;

    public Node(Broker broker) {
      this.broker = broker;
      broker.start(heard);
    }

    public CompletionStage<Appended> append(Object data, String key) {
      return broker.append(event("t", data), KEEP, key);
    }

    /** Tries with the same key until it succeeds. */
    public Appended insist(Object data) {
      Appended[] done = new Appended[1];
      eventually()
          .until(
              () -> {
                try {
                  done[0] =
                      append(data, "k" + data).toCompletableFuture().get(60, TimeUnit.SECONDS);
                  return true;
                } catch (ExecutionException e) {
                  return false;
                }
              });
      return done[0];
    }

    @Override
    public void close() {
      broker.close();
    }
  }

  @BeforeEach
  void startNodes() throws Exception {
    one = new Node(create());
    two = new Node(create());
    for (Node node : List.of(one, two)) {
      node.broker.subscribe("t");
      await(node.broker.read("t", null, ALL)); // from here on it hears what anybody publishes
    }
  }

  @AfterEach
  void stopNodes() {
    for (Node node : List.of(one, two)) {
      node.close();
    }
  }

  protected static ConditionFactory eventually() {
    return Awaitility.await()
        .pollDelay(Duration.ZERO)
        .pollInterval(Duration.ofMillis(20))
        .atMost(Duration.ofSeconds(60));
  }

  private Tail all() {
    Position now = await(one.broker.read("t", null, ALL)).position();
    return await(one.broker.read("t", new Position(now.epoch(), 0), ALL));
  }

  private static List<Position> positions(List<Publication> publications) {
    return publications.stream().map(Publication::position).toList();
  }

  /** Both nodes heard what is kept, from the first to the last, and nothing was lost. */
  protected void everyoneHeardEverything() {
    List<Position> kept = positions(all().publications());
    for (Node node : List.of(one, two)) {
      eventually().until(() -> node.heard.publications().size() >= kept.size());
      assertThat(positions(node.heard.publications())).isEqualTo(kept);
      assertThat(node.heard.lost()).isEmpty();
    }
  }

  /** Both nodes publish without a pause while the trouble happens; then everything is compared. */
  protected void nothingIsLostWhile(Trouble trouble) throws Exception {
    long seed = Long.getLong("seed", System.nanoTime());
    AtomicBoolean done = new AtomicBoolean();
    AtomicInteger refused = new AtomicInteger();
    Map<String, Position> accepted = new ConcurrentHashMap<>();
    List<Thread> publishers = new ArrayList<>();
    for (int i = 0; i < 4; i++) {
      Node node = i % 2 == 0 ? one : two;
      String name = "p" + i + "-";
      Random sizes = new Random(seed + i);
      publishers.add(
          new Thread(() -> publish(node, name, sizes, done, accepted, refused), "test-" + name));
    }
    publishers.forEach(Thread::start);
    eventually().until(() -> accepted.size() > 200);

    trouble.happen(new Random(seed));

    int before = accepted.size();
    eventually().until(() -> accepted.size() > before + 200);
    done.set(true);
    for (Thread publisher : publishers) {
      publisher.join(120_000);
      assertThat(publisher.isAlive()).isFalse();
    }
    one.insist("last");
    everyoneHeardEverything();
    List<Publication> kept = all().publications();
    Map<Position, String> byPosition = new ConcurrentHashMap<>();
    kept.forEach(p -> byPosition.put(p.position(), p.dataJson()));
    Map<String, Position> lost = new ConcurrentHashMap<>(accepted);
    lost.entrySet()
        .removeIf(
            entry -> ('"' + entry.getKey() + '"').equals(byPosition.get(entry.getValue())));
    assertThat(lost).as("accepted, but not kept; seed %s", seed).isEmpty();
    assertThat(byPosition.values()).as("seed %s", seed).doesNotHaveDuplicates();
    System.out.printf(
        "seed %d: %d accepted, %d refused, %d kept; lost, doubled, reordered: 0%n",
        seed, accepted.size(), refused.get(), kept.size());
  }

  /** Each publication once, whatever the answer: what is refused may have happened. */
  private static void publish(
      Node node,
      String name,
      Random sizes,
      AtomicBoolean done,
      Map<String, Position> accepted,
      AtomicInteger refused) {
    for (int i = 0; !done.get(); i++) {
      String data = name + i + (sizes.nextInt(20) == 0 ? "x".repeat(10_000) : "");
      try {
        accepted.put(
            data,
            node.append(data, null).toCompletableFuture().get(60, TimeUnit.SECONDS).position());
      } catch (ExecutionException e) {
        refused.incrementAndGet();
        LockSupport.parkNanos(1_000_000); // a refusal comes at once
      } catch (Exception e) {
        throw new IllegalStateException(e);
      }
    }
  }

  @Test
  void allNodesHearOneOrder() {
    Parallel.run(
        List.of(
            () -> {
              for (int i = 0; i < 100; i++) {
                await(one.append("a" + i, null));
              }
            },
            () -> {
              List<CompletionStage<Appended>> stages = new ArrayList<>();
              for (int i = 0; i < 300; i++) {
                stages.add(two.append("b" + i, null));
              }
              stages.forEach(stage -> await(stage));
            }));

    everyoneHeardEverything();
    assertThat(one.heard.publications()).hasSize(400);
    assertThat(one.heard.publications().stream().map(Publication::dataJson))
        .isEqualTo(two.heard.publications().stream().map(Publication::dataJson).toList());
  }

  @Test
  void publicationsOfAnySizeAreHeardInTheirPlace() {
    for (int i = 0; i < 12; i++) {
      Node from = i % 2 == 0 ? one : two;
      await(from.append((i + "ä").repeat(i % 3 == 0 ? 40_000 : 1), null));
    }

    everyoneHeardEverything();
    for (int i = 0; i < 12; i++) {
      String expected = '"' + (i + "ä").repeat(i % 3 == 0 ? 40_000 : 1) + '"';
      assertThat(one.heard.publications().get(i).dataJson()).isEqualTo(expected);
      assertThat(two.heard.publications().get(i).dataJson()).isEqualTo(expected);
    }
  }

  @Test
  void whatIsNotRetainedIsHeardAllTheSame() {
    ChannelOptions nothing = ChannelOptions.DEFAULT.retain(0, Duration.ZERO);
    for (int i = 0; i < 10; i++) {
      await(one.broker.append(event("t", "x".repeat(i * 2_000)), nothing, null));
    }

    eventually().until(() -> two.heard.publications().size() == 10);
    assertThat(two.heard.lost()).isEmpty();
    assertThat(two.heard.last()).isEqualTo('"' + "x".repeat(18_000) + '"');
  }

  @Test
  void aKeyIsOneForAllNodes() {
    Appended first = await(one.append("1", "k"));
    Appended again = await(two.append("2", "k"));

    assertThat(again.repeated()).isTrue();
    assertThat(again.position()).isEqualTo(first.position());
    everyoneHeardEverything();
    assertThat(two.heard.publications()).hasSize(1);
  }

  @Test
  void aPositionOfOneNodeIsContinuedOnTheOther() {
    Position since = await(one.append("1", null)).position();
    await(one.append("2", null));
    await(two.append("3", null));

    Tail tail = await(two.broker.read("t", since, ALL));

    assertThat(tail.outcome()).isEqualTo(Tail.Outcome.COMPLETE);
    assertThat(tail.publications().stream().map(Publication::dataJson))
        .containsExactly("\"2\"", "\"3\"");
  }
}
