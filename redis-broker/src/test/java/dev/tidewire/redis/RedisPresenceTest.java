package dev.tidewire.redis;

import static dev.tidewire.testing.Drafts.await;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.tidewire.RealtimeException;
import dev.tidewire.presence.Member;
import dev.tidewire.presence.Member.Link;
import dev.tidewire.presence.Member.Status;
import dev.tidewire.presence.PresenceDiff.Reason;
import dev.tidewire.presence.PresenceState;
import dev.tidewire.testing.Parallel;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.TreeMap;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import org.awaitility.Awaitility;
import org.awaitility.core.ConditionFactory;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** Nodes that share presence, and what may happen to them and to their Redis. */
class RedisPresenceTest {

  private static final RedisOptions QUICK =
      RedisOptions.DEFAULT
          .withTimeout(Duration.ofSeconds(1))
          .withCheckInterval(Duration.ofMillis(500))
          .withNodeTimeout(Duration.ofSeconds(2));

  private final List<Node> nodes = new ArrayList<>();
  private RedisProcess redis;
  private Node one;
  private Node two;

  /** A node that can die without saying so. */
  private static final class Node {
    final RedisThreads threads = new RedisThreads();
    final HeardRoom heard = new HeardRoom();
    final RedisLink link;
    final RedisPresenceTracker tracker;

    Node(RedisProcess redis) {
      link = new RedisLink(redis.uri(), QUICK, RoomScripts.ALL, threads);
      tracker = new RedisPresenceTracker(link, QUICK, threads);
      link.open();
      tracker.start(heard);
      tracker.subscribe("t");
      await(tracker.state("t")); // from here on it hears every difference
    }

    CompletionStage<Void> track(String user, String connection, String data) {
      return tracker.track("t", user, new Link(connection, data, Status.ONLINE));
    }

    CompletionStage<Void> untrack(String user, String connection) {
      return tracker.untrack("t", user, connection, Reason.LEFT);
    }

    void die() {
      threads.close();
      link.close();
    }
  }

  @BeforeEach
  void start() {
    redis = RedisProcess.create();
    one = node();
    two = node();
  }

  private Node node() {
    Node node = new Node(redis);
    nodes.add(node);
    return node;
  }

  @AfterEach
  void stop() {
    nodes.forEach(Node::die);
    redis.close();
  }

  private static ConditionFactory eventually() {
    return Awaitility.await()
        .pollDelay(Duration.ZERO)
        .pollInterval(Duration.ofMillis(20))
        .atMost(Duration.ofSeconds(60));
  }

  private static void knows(Node node, Map<String, String> members) {
    eventually().untilAsserted(() -> assertThat(node.heard.members()).isEqualTo(members));
  }

  /** Both nodes come to know these members, and Redis does. */
  private void everyoneKnows(Map<String, String> members) {
    knows(one, members);
    knows(two, members);
    Map<String, String> kept = new TreeMap<>();
    await(one.tracker.state("t")).members().forEach(m -> kept.put(m.userId(), m.data()));
    assertThat(kept).isEqualTo(members);
  }

  @Test
  void connectionsOnTwoNodesAreOneMember() {
    await(one.track("ada", "c1", "{\"n\":1}"));
    await(two.track("ada", "c2", "{\"n\":2}"));
    await(one.untrack("ada", "c1"));
    await(two.untrack("ada", "c2"));

    List<String> story = List.of("1 JOIN ada", "2 UPDATE ada", "3 LEAVE ada LEFT");
    for (Node node : List.of(one, two)) {
      eventually().untilAsserted(() -> assertThat(node.heard.story()).isEqualTo(story));
    }
  }

  @Test
  void everyNodeHearsTheSameJoinsAndLeavesOnce() {
    long seed = new Random().nextLong();
    Map<String, String> wanted = new ConcurrentHashMap<>(); // connection → data
    AtomicInteger numbers = new AtomicInteger();
    Parallel.times(
        4,
        () -> {
          int me = numbers.incrementAndGet();
          Node node = me % 2 == 0 ? one : two;
          Random random = new Random(seed + me);
          for (int step = 0; step < 150; step++) {
            String user = "u" + random.nextInt(3);
            String connection = user + "-" + me + random.nextInt(2);
            if (random.nextBoolean()) {
              String data = "{\"n\":" + random.nextInt(3) + "}";
              wanted.put(connection, data);
              await(node.track(user, connection, data));
            } else {
              wanted.remove(connection);
              await(node.untrack(user, connection));
            }
          }
        });

    PresenceState end = await(one.tracker.state("t"));
    Map<String, String> kept = new TreeMap<>();
    for (Member member : end.members()) {
      member.connections().forEach(link -> kept.put(link.id(), link.data()));
    }
    assertThat(kept).as("seed %s", seed).isEqualTo(wanted);
    for (Node node : List.of(one, two)) {
      eventually().until(() -> node.heard.revision() == end.revision());
      Map<String, String> members = new TreeMap<>();
      end.members().forEach(m -> members.put(m.userId(), m.data()));
      assertThat(node.heard.members()).as("seed %s", seed).isEqualTo(members);
      assertThat(node.heard.states()).isZero();
    }
    assertThat(one.heard.story()).isEqualTo(two.heard.story());
  }

  @Test
  void theMembersOfADeadNodeLeave() {
    Node three = node();
    await(one.track("ada", "c1", "{}"));
    await(three.track("ada", "c2", "{}"));
    await(three.track("bob", "c3", "{}"));
    await(three.tracker.track("unwatched", "bob", new Link("c3", "{}", Status.ONLINE)));
    three.die();

    everyoneKnows(Map.of("ada", "{}"));
    List<String> story = List.of("1 JOIN ada", "2 JOIN bob", "3 LEAVE bob TIMEOUT");
    for (Node node : List.of(one, two)) {
      assertThat(node.heard.story()).isEqualTo(story);
    }
    // Nobody looked at this one when the node died: whoever does finds nobody, in the end.
    eventually().until(() -> await(one.tracker.state("unwatched")).members().isEmpty());
  }

  @Test
  void aNodeThatClosesLeavesAtOnce() {
    await(one.track("ada", "c1", "{}"));
    one.tracker.close();

    knows(two, Map.of());
    assertThat(two.heard.story()).containsExactly("1 JOIN ada", "2 LEAVE ada LEFT");
  }

  @Test
  void aNodeThatWasBuriedAlivePutsItsMembersBack() {
    await(one.track("ada", "c1", "{}"));
    String name = redis.say("HKEYS tidewire:{t}:nodes").split("\r\n")[2];

    // As the others do with one that stood still.
    RoomScripts scripts = new RoomScripts(two.link, QUICK);
    await(scripts.bury("t", RoomScripts.Revision.UNKNOWN, name, Reason.TIMEOUT));
    await(scripts.forget(name, null));

    eventually().until(() -> two.heard.revision() >= 3);
    everyoneKnows(Map.of("ada", "{}"));
    assertThat(two.heard.story())
        .containsExactly("1 JOIN ada", "2 LEAVE ada TIMEOUT", "3 JOIN ada");
  }

  @Test
  void aRedisThatComesBackEmptyIsFilledByEveryNode() {
    await(one.track("ada", "c1", "{}"));
    await(two.track("bob", "c2", "{}"));
    await(two.track("eve", "c3", "{}"));
    await(two.untrack("eve", "c3"));
    eventually().until(() -> one.heard.revision() == 4);
    redis.kill();
    redis.start();

    Map<String, String> both = Map.of("ada", "{}", "bob", "{}");
    eventually().until(() -> one.heard.states() > 0 && two.heard.states() > 0);
    everyoneKnows(both);
    assertThat(await(one.tracker.state("t")).revision()).isGreaterThanOrEqualTo(4);
  }

  @Test
  void aRedisThatIsFlushedIsFilledByEveryNode() {
    await(one.track("ada", "c1", "{}"));
    await(two.track("bob", "c2", "{}"));
    redis.say("FLUSHALL");

    eventually().until(() -> one.heard.states() > 0 && two.heard.states() > 0);
    everyoneKnows(Map.of("ada", "{}", "bob", "{}"));
  }

  @Test
  void whatWasWantedWhileRedisWasAwayIsDoneWhenItIsBack() {
    await(one.track("ada", "c1", "{}"));
    redis.kill();
    eventually().until(() -> !one.link.isOpen());

    assertThatThrownBy(
            () -> one.track("bob", "c2", "{}").toCompletableFuture().get(30, TimeUnit.SECONDS))
        .isInstanceOf(ExecutionException.class)
        .hasCauseInstanceOf(RealtimeException.class);
    assertThat(one.untrack("ada", "c1").toCompletableFuture()).failsWithin(Duration.ofSeconds(30));
    assertThat(one.tracker.state("t").toCompletableFuture()).failsWithin(Duration.ofSeconds(30));
    redis.start();

    eventually().until(() -> one.heard.states() > 0 && two.heard.states() > 0);
    everyoneKnows(Map.of("bob", "{}"));
  }

  @Test
  void aDifferenceThatNeverCameIsFoundAndTheStateTold() {
    await(one.track("ada", "c1", "{}"));
    eventually().until(() -> two.heard.revision() == 1);
    redis.say("HINCRBY tidewire:{t}:room r 1"); // a difference that nobody was told of

    eventually().until(() -> one.heard.states() > 0 && two.heard.states() > 0);
    await(two.track("bob", "c2", "{}"));
    everyoneKnows(Map.of("ada", "{}", "bob", "{}"));
    assertThat(two.heard.revision()).isEqualTo(3);
  }

  @Test
  void whateverHappensTheMembersAreRightInTheEnd() {
    long seed = Long.getLong("presence.seed", new Random().nextLong());
    System.out.println("presence.seed=" + seed);
    Random random = new Random(seed);
    Map<String, String> wanted = new TreeMap<>(); // user → data, one connection each
    for (int step = 0; step < 300; step++) {
      int number = random.nextInt(6);
      String user = "u" + number;
      Node node = number % 2 == 0 ? one : two;
      if (random.nextInt(3) > 0) {
        String data = "{\"n\":" + step + "}";
        wanted.put(user, data);
        node.track(user, "c" + user, data);
      } else {
        wanted.remove(user);
        node.untrack(user, "c" + user);
      }
      switch (random.nextInt(60)) {
        case 0 -> redis.say("CLIENT KILL TYPE normal");
        case 1 -> redis.say("CLIENT KILL TYPE pubsub");
        case 2 -> redis.say("FLUSHALL");
        case 3 -> redis.say("SCRIPT FLUSH");
        case 4 -> redis.say("DEL tidewire:nodes");
        case 5 -> eventually().until(() -> one.link.isOpen() && two.link.isOpen());
        default -> {}
      }
    }

    everyoneKnows(wanted);
  }
}
