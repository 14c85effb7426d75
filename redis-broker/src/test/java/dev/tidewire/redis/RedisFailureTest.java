package dev.tidewire.redis;

import static dev.tidewire.testing.Drafts.await;
import static dev.tidewire.testing.Drafts.event;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.tidewire.RealtimeException;
import dev.tidewire.broker.Broker;
import dev.tidewire.broker.Broker.Appended;
import dev.tidewire.broker.SharedBrokerContract;
import dev.tidewire.broker.Tail;
import dev.tidewire.channel.ChannelOptions;
import dev.tidewire.channel.Position;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.UUID;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

/** Two nodes and a Redis that fails them. */
class RedisFailureTest extends SharedBrokerContract {

  private static final RedisOptions QUICK =
      RedisOptions.DEFAULT
          .withTimeout(Duration.ofSeconds(1))
          .withCheckInterval(Duration.ofMillis(500));

  static RedisProcess redis;

  private final String prefix = "x" + UUID.randomUUID().toString().substring(0, 8);

  @BeforeAll
  static void startRedis() {
    // What it has accepted, this Redis has on its disk.
    redis = RedisProcess.create("--appendonly", "yes", "--appendfsync", "always");
  }

  @AfterAll
  static void stopRedis() {
    redis.close();
  }

  private RedisOptions options() {
    return QUICK.withPrefix(prefix);
  }

  @Override
  protected Broker create() {
    return RedisBroker.connect(redis.uri(), options());
  }

  private Node node(RedisOptions options) {
    return new Node(RedisBroker.connect(redis.uri(), options));
  }

  /** Runs a script on the channel's state and tail. */
  private void change(String script) {
    String keys = " 2 " + options().name("t", "state") + " " + options().name("t", "tail");
    assertThat(redis.say("EVAL \"" + script + "\"" + keys)).doesNotStartWith("-");
  }

  @Test
  void aKilledRedisThatComesBackWithItsDataLosesNothing() throws Exception {
    nothingIsLostWhile(
        random -> {
          redis.kill();
          redis.start();
        });
  }

  @Test
  void aRedisThatStandsStillLosesNothing() throws Exception {
    nothingIsLostWhile(
        random -> {
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
  void cutConnectionsLoseNothing() throws Exception {
    nothingIsLostWhile(
        random -> {
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
    change(
        "local e = redis.call('XREVRANGE', KEYS[2], '+', '-', 'COUNT', 1)[1];"
            + " local t = string.match(e[1], '^(%d+)');"
            + " redis.call('XADD', KEYS[2], t .. '-2', 'h', e[2][2], 'b', e[2][4]);"
            + " redis.call('HSET', KEYS[1], 'o', 2)");

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
    change("redis.call('DEL', KEYS[2]); redis.call('HINCRBY', KEYS[1], 'o', 5)");
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

  /** As a replica that took over without the last publications. */
  private static final String FORGET_ALL_BUT_ONE =
      "local e = redis.call('XRANGE', KEYS[2], '-', '+', 'COUNT', 1)[1];"
          + " redis.call('DEL', KEYS[2]); redis.call('XADD', KEYS[2], e[1], unpack(e[2]));"
          + " redis.call('HSET', KEYS[1], 'o', 1, 't', string.match(e[1], '^(%d+)'));";

  @Test
  void aRedisThatForgotTheLastPublicationsBeginsANewLife() {
    for (int i = 1; i <= 3; i++) {
      one.insist("" + i);
    }
    String epoch = one.heard.publications().get(0).position().epoch();
    eventually().until(() -> two.heard.publications().size() == 3);

    change(FORGET_ALL_BUT_ONE);
    Appended after = two.insist("4");

    assertThat(after.position().epoch()).isNotEqualTo(epoch);
    for (Node node : List.of(one, two)) {
      eventually().until(() -> node.heard.last().equals("\"4\""));
      assertThat(node.heard.lost()).hasSize(1);
    }
  }

  @Test
  void offsetsThatAreGivenOutAgainAreToldFromThoseThatWereLost() {
    for (int i = 1; i <= 3; i++) {
      one.insist("" + i);
    }
    String epoch = one.heard.publications().get(0).position().epoch();
    eventually().until(() -> two.heard.publications().size() == 3);

    // In the place of two that were lost, four others, of which no message came.
    change(
        FORGET_ALL_BUT_ONE
            + " for i = 2, 5 do"
            + " redis.call('XADD', KEYS[2], '99999999999999-' .. i, unpack(e[2])) end;"
            + " redis.call('HSET', KEYS[1], 'o', 5, 't', 99999999999999)");
    for (Node node : List.of(one, two)) {
      eventually().until(() -> node.heard.lost().size() == 1);
    }
    one.insist("again");

    for (Node node : List.of(one, two)) {
      eventually().until(() -> node.heard.last().equals("\"again\""));
      assertThat(node.heard.lost().get(0)).startsWith("EPOCH ").doesNotContain(epoch);
      assertThat(node.heard.publications()).hasSize(4); // none of those that came between
    }
  }

  @Test
  void aMessageThatContradictsWhatWasHeardIsNotHandedOut() {
    try (Node quiet = node(options().withCheckInterval(Duration.ofHours(1)));
        Node stranger = node(options())) {
      quiet.broker.subscribe("t");
      await(quiet.broker.read("t", null, ALL));
      for (int i = 1; i <= 3; i++) {
        one.insist("" + i);
      }
      eventually().until(() -> quiet.heard.publications().size() == 3);
      one.close(); // whoever knows the stream would find out by itself
      two.close();

      change(FORGET_ALL_BUT_ONE);
      List<CompletionStage<Appended>> stages = new ArrayList<>();
      for (int i = 0; i < 9; i++) {
        stages.add(stranger.append("other" + i, null));
      }
      stages.forEach(stage -> await(stage));
      eventually().until(() -> quiet.heard.lost().size() == 1);
      Appended last = stranger.insist("last");

      eventually().until(() -> quiet.heard.last().equals("\"last\""));
      assertThat(quiet.heard.lost().get(0)).startsWith("EPOCH " + last.position().epoch());
      assertThat(quiet.heard.isWithoutSilentHole(quiet.heard.publications().get(0).position()))
          .isTrue();
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
    try (Node small = node(options().withMaxWaitingBytes(10_000))) {
      redis.stop();
      List<CompletionStage<Appended>> stages = new ArrayList<>();
      for (int i = 0; i < 100; i++) {
        stages.add(small.append("x".repeat(1_000), null));
      }
      eventually().until(() -> stages.get(99).toCompletableFuture().isCompletedExceptionally());
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
    try {
      assertThatThrownBy(() -> RedisBroker.connect(redis.uri(), QUICK))
          .isInstanceOf(RealtimeException.class)
          .hasMessageContaining("Redis cannot be reached at redis://127.0.0.1");
    } finally {
      redis.start();
    }
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

  @Test
  void whatIsRetainedIsKnownOfChannelsThatAreHeard() {
    ChannelOptions three = ChannelOptions.DEFAULT.retain(3, Duration.ofHours(1));
    assertThat(two.broker.retained("t")).isZero();
    for (int i = 0; i < 5; i++) {
      await(one.broker.append(event("t", i), three, null));
    }
    eventually().until(() -> two.broker.retained("t") == 3);
    assertThat(two.broker.retained("u")).isNegative();
  }

  private int subscribers(String topic) {
    String answer = redis.say("PUBSUB NUMSUB " + options().name(topic, "out"));
    return Integer.parseInt(answer.substring(answer.lastIndexOf(':') + 1).trim());
  }
}
