package dev.tidewire.redis;

import static dev.tidewire.testing.Drafts.await;
import static dev.tidewire.testing.Drafts.event;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.tidewire.RealtimeException;
import dev.tidewire.broker.Broker.Appended;
import dev.tidewire.broker.Broker.ReadLimit;
import dev.tidewire.broker.Tail;
import dev.tidewire.channel.ChannelOptions;
import dev.tidewire.channel.Position;
import dev.tidewire.channel.Publication;
import dev.tidewire.testing.HeardStream;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
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

/** Two nodes and a Redis that fails them. */
class RedisFailureTest {

  private static final ReadLimit ALL = new ReadLimit(1_000_000, Integer.MAX_VALUE);
  private static final ChannelOptions KEEP =
      ChannelOptions.DEFAULT.retain(1_000_000, Duration.ofHours(1));
  private static final RedisOptions QUICK =
      RedisOptions.DEFAULT
          .withTimeout(Duration.ofSeconds(1))
          .withCheckInterval(Duration.ofMillis(500));

  private RedisProcess redis;
  private Node one;
  private Node two;

  /** A broker and what its listener heard. */
  private static final class Node implements AutoCloseable {
    final HeardStream heard = new HeardStream();
    final RedisBroker broker;

    Node(RedisProcess redis, RedisOptions options) {
      broker = RedisBroker.connect(redis.uri(), options);
      broker.start(heard);
    }

    CompletionStage<Appended> append(Object data, String key) {
      return broker.append(event("t", data), KEEP, key);
    }

    /** Tries until it succeeds. */
    Appended insist(Object data) {
      Appended[] done = new Appended[1];
      eventually()
          .until(
              () -> {
                try {
                  done[0] =
                      append(data, "k" + data).toCompletableFuture().get(30, TimeUnit.SECONDS);
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
  void start() {
    // What it has accepted, this Redis has on its disk.
    redis = RedisProcess.create("--appendonly", "yes", "--appendfsync", "always");
    one = new Node(redis, QUICK);
    two = new Node(redis, QUICK);
    for (Node node : List.of(one, two)) {
      node.broker.subscribe("t");
      await(node.broker.read("t", null, ALL)); // from here on it hears what anybody publishes
    }
  }

  @AfterEach
  void stop() {
    one.close();
    two.close();
    redis.close();
  }

  private static ConditionFactory eventually() {
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

  /** Both nodes heard what Redis keeps, from the first to the last, and nothing was lost. */
  private void everyoneHeardEverything() {
    List<Position> kept = positions(all().publications());
    for (Node node : List.of(one, two)) {
      eventually().until(() -> node.heard.publications().size() >= kept.size());
      assertThat(positions(node.heard.publications())).isEqualTo(kept);
      assertThat(node.heard.lost()).isEmpty();
    }
  }

  private interface Trouble {
    void happen();
  }

  /** Both nodes publish without a pause while the trouble happens; then everything is compared. */
  private void nothingIsLostWhile(Trouble trouble) {
    AtomicBoolean done = new AtomicBoolean();
    AtomicInteger refused = new AtomicInteger();
    Map<String, Position> accepted = new ConcurrentHashMap<>();
    List<Thread> publishers = new ArrayList<>();
    for (Node node : List.of(one, two)) {
      String name = node == one ? "a" : "b";
      Thread publisher =
          new Thread(
              () -> {
                for (int i = 0; !done.get(); i++) {
                  String data = name + i;
                  try {
                    accepted.put(
                        data,
                        node.append(data, null)
                            .toCompletableFuture()
                            .get(60, TimeUnit.SECONDS)
                            .position());
                  } catch (ExecutionException e) {
                    refused.incrementAndGet();
                    LockSupport.parkNanos(1_000_000); // a refusal comes at once
                  } catch (Exception e) {
                    throw new IllegalStateException(e);
                  }
                }
              });
      publishers.add(publisher);
      publisher.start();
    }
    eventually().until(() -> accepted.size() > 200);

    trouble.happen();

    int before = accepted.size();
    eventually().until(() -> accepted.size() > before + 200);
    done.set(true);
    publishers.forEach(
        publisher -> {
          try {
            publisher.join(60_000);
          } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
          }
        });
    assertThat(refused.get()).as("told that it was not accepted").isPositive();
    one.insist("last");
    everyoneHeardEverything();
    Map<Position, String> kept = new ConcurrentHashMap<>();
    all().publications().forEach(p -> kept.put(p.position(), p.dataJson()));
    accepted.forEach((data, at) -> assertThat(kept.get(at)).isEqualTo('"' + data + '"'));
    assertThat(kept.values()).doesNotHaveDuplicates();
  }

  @Test
  void aKilledRedisThatComesBackWithItsDataLosesNothing() {
    nothingIsLostWhile(
        () -> {
          redis.kill();
          redis.start();
        });
  }

  @Test
  void aRedisThatStandsStillLosesNothing() {
    nothingIsLostWhile(
        () -> {
          redis.stop();
          eventually().until(() -> fails(one) && fails(two));
          redis.proceed();
        });
  }

  private static boolean fails(Node node) {
    try {
      node.append("probe" + System.nanoTime(), null)
          .toCompletableFuture()
          .get(30, TimeUnit.SECONDS);
      return false;
    } catch (Exception e) {
      return true;
    }
  }

  @Test
  void cutConnectionsLoseNothing() {
    nothingIsLostWhile(
        () -> {
          for (int i = 0; i < 3; i++) {
            redis.say("CLIENT KILL TYPE normal");
            one.insist("n" + i);
            redis.say("CLIENT KILL TYPE pubsub");
            one.insist("p" + i);
          }
        });
  }

  @Test
  void aMessageThatNeverCameIsReadAndHeardInItsPlace() {
    one.insist("1");
    eventually().until(() -> two.heard.publications().size() == 1);
    // Written as the append script does, but nobody is told: a message lost on its way.
    redis.say(
        "EVAL \"local e = redis.call('XREVRANGE', KEYS[1], '+', '-', 'COUNT', 1)[1];"
            + " local t = string.match(e[1], '^(%d+)');"
            + " redis.call('XADD', KEYS[1], t .. '-2', 'h', e[2][2], 'b', e[2][4]);"
            + " redis.call('HSET', KEYS[2], 'o', 2)\" 2 tidewire:{t}:tail tidewire:{t}:state");

    eventually().until(() -> one.heard.publications().size() == 2);
    one.insist("3");

    everyoneHeardEverything();
  }

  @Test
  void whatCannotBeRepairedIsToldAsLost() {
    one.insist("1");
    eventually().until(() -> two.heard.publications().size() == 1);
    Position first = two.heard.publications().get(0).position();

    // Five publications that nobody was told of and that are not kept either.
    redis.say(
        "EVAL \"redis.call('DEL', KEYS[2]);"
            + " redis.call('HINCRBY', KEYS[1], 'o', 5)\" 2 tidewire:{t}:state tidewire:{t}:tail");
    for (Node node : List.of(one, two)) {
      eventually().until(() -> !node.heard.lost().isEmpty());
      assertThat(node.heard.lost()).containsExactly("EVICTED " + first.epoch() + ".6");
    }
    one.insist("2");

    for (Node node : List.of(one, two)) {
      eventually().until(() -> node.heard.last().equals("\"2\""));
      assertThat(node.heard.isWithoutSilentHole(first)).isTrue();
    }
  }

  @Test
  void aRedisThatForgotEverythingIsToldAsANewLife() {
    one.insist("1");
    Position before = one.heard.publications().get(0).position();
    eventually().until(() -> two.heard.publications().size() == 1);

    redis.say("FLUSHALL");
    eventually().until(() -> !one.heard.lost().isEmpty() && !two.heard.lost().isEmpty());
    Appended after = one.insist("2");

    assertThat(after.position().epoch()).isNotEqualTo(before.epoch());
    assertThat(after.position().offset()).isOne();
    for (Node node : List.of(one, two)) {
      eventually().until(() -> node.heard.publications().size() == 2);
      assertThat(node.heard.publications().get(1).position()).isEqualTo(after.position());
      assertThat(node.heard.lost())
          .containsExactly(Tail.Outcome.EPOCH + " " + after.position().epoch() + ".0");
    }
  }

  @Test
  void aRedisThatForgotTheLastPublicationsBeginsANewLife() {
    for (int i = 1; i <= 3; i++) {
      one.insist("" + i);
    }
    String epoch = one.heard.publications().get(0).position().epoch();
    eventually().until(() -> two.heard.publications().size() == 3);

    redis.say("HSET tidewire:{t}:state o 1"); // as a replica that took over does
    Appended after = two.insist("4");

    assertThat(after.position().epoch()).isNotEqualTo(epoch);
    for (Node node : List.of(one, two)) {
      eventually().until(() -> node.heard.last().equals("\"4\""));
      assertThat(node.heard.lost()).hasSize(1);
    }
  }

  @Test
  void flushedScriptsAreGivenAgain() {
    one.insist("1");
    redis.say("SCRIPT FLUSH");

    await(one.append("2", null));
    await(two.append("3", null));

    everyoneHeardEverything();
  }

  @Test
  void tooMuchThatWaitsIsRefusedAtOnce() {
    try (Node small = new Node(redis, QUICK.withMaxWaitingBytes(10_000))) {
      redis.stop();
      List<CompletionStage<Appended>> stages = new ArrayList<>();
      for (int i = 0; i < 100; i++) {
        stages.add(small.append("x".repeat(1_000), null));
      }
      assertThat(stages.get(99).toCompletableFuture()).isCompletedExceptionally();
      redis.proceed();
      small.insist("after");
      stages.forEach(
          stage ->
              eventually().until(() -> stage.toCompletableFuture().isDone())); // in the end, all
    } finally {
      redis.proceed();
    }
  }

  @Test
  void withoutRedisThereIsNoBroker() {
    redis.kill();

    assertThatThrownBy(() -> RedisBroker.connect(redis.uri(), QUICK))
        .isInstanceOf(RealtimeException.class)
        .hasMessageContaining("Redis cannot be reached at redis://127.0.0.1");
  }

  @Test
  void subscribingAndUnsubscribingFollowsTheFirstAndTheLast() {
    assertThat(subscribers("u")).isZero();
    one.broker.subscribe("u");
    one.broker.subscribe("u");
    eventually().until(() -> subscribers("u") == 1);
    two.broker.subscribe("u");
    eventually().until(() -> subscribers("u") == 2);
    one.broker.unsubscribe("u");
    one.broker.unsubscribe("u");
    two.broker.unsubscribe("u");
    eventually().until(() -> subscribers("u") == 0);
    assertThat(one.broker.channelCount()).isOne();
  }

  private int subscribers(String topic) {
    String answer = redis.say("PUBSUB NUMSUB tidewire:{" + topic + "}:out");
    return Integer.parseInt(answer.substring(answer.lastIndexOf(':') + 1).trim());
  }
}
