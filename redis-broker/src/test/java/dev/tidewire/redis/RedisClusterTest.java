package dev.tidewire.redis;

import static dev.tidewire.redis.RedisCluster.eventually;
import static dev.tidewire.testing.Drafts.await;
import static dev.tidewire.testing.Drafts.event;
import static org.assertj.core.api.Assertions.assertThat;

import dev.tidewire.broker.Broker;
import dev.tidewire.broker.Broker.Appended;
import dev.tidewire.broker.BrokerListener;
import dev.tidewire.broker.SharedBrokerContract;
import dev.tidewire.broker.Tail;
import dev.tidewire.channel.Position;
import dev.tidewire.channel.Publication;
import dev.tidewire.testing.HeardStream;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.UUID;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.stream.IntStream;
import java.util.stream.LongStream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** Nodes on a cluster of three masters; the channels lie on all of them. */
class RedisClusterTest extends SharedBrokerContract {

  static final RedisOptions QUICK = RedisOptions.DEFAULT.withCheckInterval(Duration.ofMillis(500));

  /** Four on each master. */
  static final List<String> TOPICS =
      IntStream.range(0, 3)
          .boxed()
          .flatMap(
              master ->
                  IntStream.range(0, 1_000)
                      .mapToObj(i -> "topic/" + i)
                      .filter(topic -> RedisCluster.indexOf(topic) == master)
                      .limit(4))
          .toList();

  static RedisCluster cluster;

  final String prefix = UUID.randomUUID().toString();
  final Heard heard = new Heard();
  RedisBroker listening;

  /** What a node heard of each channel. */
  static final class Heard implements BrokerListener {
    private final Map<String, HeardStream> byTopic = new ConcurrentHashMap<>();

    HeardStream of(String topic) {
      return byTopic.computeIfAbsent(topic, t -> new HeardStream());
    }

    @Override
    public void onPublication(Publication publication) {
      of(publication.topic()).onPublication(publication);
    }

    @Override
    public void onLost(String topic, Tail.Outcome why, Position position) {
      of(topic).onLost(topic, why, position);
    }

    @Override
    public void onReady(String topic) {}
  }

  /** One for all tests of the class. */
  RedisCluster start() {
    return new RedisCluster(RedisProcess::create);
  }

  @AfterAll
  static void stopCluster() {
    cluster.close();
    cluster = null;
  }

  @Override
  protected Broker create() {
    if (cluster == null) {
      cluster = start();
    }
    return RedisBroker.connect(cluster.uri(), QUICK.withPrefix(prefix));
  }

  @BeforeEach
  void listen() {
    listening = RedisBroker.connect(cluster.uri(), options().withPrefix(prefix));
    listening.start(heard);
    for (String topic : TOPICS) {
      listening.subscribe(topic);
    }
    for (String topic : TOPICS) {
      await(listening.read(topic, null, ALL)); // from here on it hears what anybody publishes
    }
  }

  /** Of the node that only listens. */
  RedisOptions options() {
    return QUICK;
  }

  @AfterEach
  void stopListening() {
    listening.close();
  }

  @Test
  void whatOneNodePublishesTheOtherHearsInOrderOnEveryMaster() {
    publish(TOPICS, 1, 20);

    TOPICS.forEach(topic -> wasHeard(topic, 20));
    assertThat(cluster.masters())
        .allSatisfy(master -> assertThat(master.say("DBSIZE")).isNotEqualTo(":0\r\n"));
    Appended again = await(one.broker.append(event(TOPICS.get(0), 7), KEEP, "k7"));
    assertThat(again.repeated()).isTrue();
  }

  @Test
  void aMasterThatIsSilentAndOneThatStartsAgainLoseNothing() {
    publish(TOPICS, 1, 10);
    cluster.master(1).stop();
    assertThat(TOPICS).anySatisfy(topic -> assertThat(append(topic, 11)).isFalse());
    cluster.master(1).proceed();
    publish(TOPICS, 11, 20);
    cluster.master(2).kill();
    cluster.master(2).start();
    publish(TOPICS, 21, 30);

    TOPICS.forEach(topic -> wasHeard(topic, 30));
  }

  void publish(List<String> topics, int from, int to) {
    for (int i = from; i <= to; i++) {
      int data = i;
      for (String topic : topics) {
        eventually().until(() -> append(topic, data));
      }
    }
  }

  boolean append(String topic, int data) {
    try {
      one.broker
          .append(event(topic, data), KEEP, "k" + data)
          .toCompletableFuture()
          .get(30, TimeUnit.SECONDS);
      return true;
    } catch (ExecutionException e) {
      return false;
    } catch (Exception e) {
      throw new IllegalStateException(e);
    }
  }

  /** All from the first on, and nothing was lost. */
  void wasHeard(String topic, int count) {
    Position now = await(two.broker.read(topic, null, ALL)).position();
    Tail all = await(two.broker.read(topic, new Position(now.epoch(), 0), ALL));
    List<Position> positions =
        LongStream.rangeClosed(1, count).mapToObj(o -> new Position(now.epoch(), o)).toList();
    assertThat(all.publications()).extracting(Publication::position).isEqualTo(positions);
    eventually()
        .untilAsserted(
            () ->
                assertThat(heard.of(topic).publications())
                    .extracting(Publication::position)
                    .isEqualTo(positions));
    assertThat(heard.of(topic).lost()).isEmpty();
  }
}
