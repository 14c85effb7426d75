package dev.tidewire.redis;

import static dev.tidewire.testing.Drafts.await;
import static dev.tidewire.testing.Drafts.event;
import static org.assertj.core.api.Assertions.assertThat;

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
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import java.util.stream.LongStream;
import org.awaitility.Awaitility;
import org.awaitility.core.ConditionFactory;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** Two nodes on a cluster of three masters; the channels lie on all of them. */
class RedisClusterTest {

  private static final int SLOTS = 16_384;
  private static final ReadLimit ALL = new ReadLimit(1_000_000, Integer.MAX_VALUE);
  private static final ChannelOptions KEEP =
      ChannelOptions.DEFAULT.retain(1_000_000, Duration.ofHours(1));
  private static final RedisOptions QUICK =
      RedisOptions.DEFAULT
          .withTimeout(Duration.ofSeconds(1))
          .withCheckInterval(Duration.ofMillis(500));
  private static final List<String> TOPICS =
      IntStream.range(0, 12).mapToObj(i -> "topic/" + i).toList();

  private final List<RedisProcess> masters = new ArrayList<>();
  private final HeardStream heard = new HeardStream();
  private RedisBroker one;
  private RedisBroker two;

  @BeforeEach
  void start() {
    for (int i = 0; i < 3; i++) {
      masters.add(
          RedisProcess.create(
              "--cluster-enabled", "yes",
              "--cluster-require-full-coverage", "no",
              "--appendonly", "yes",
              "--appendfsync", "always"));
    }
    for (int i = 0; i < 3; i++) {
      String slots =
          IntStream.range(SLOTS * i / 3, SLOTS * (i + 1) / 3)
              .mapToObj(Integer::toString)
              .collect(Collectors.joining(" "));
      assertThat(masters.get(i).say("CLUSTER ADDSLOTS " + slots)).startsWith("+OK");
      masters.get(0).say("CLUSTER MEET 127.0.0.1 " + masters.get(i).port());
    }
    for (RedisProcess master : masters) {
      eventually()
          .until(
              () -> {
                String info = master.say("CLUSTER INFO");
                return info.contains("cluster_slots_ok:" + SLOTS)
                    && info.contains("cluster_known_nodes:3");
              });
    }
    String uri =
        masters.stream()
            .map(master -> "127.0.0.1:" + master.port())
            .collect(Collectors.joining(",", "redis-cluster://", ""));
    one = RedisBroker.connect(uri, QUICK);
    two = RedisBroker.connect(uri, QUICK);
    one.start(new HeardStream());
    two.start(heard);
    for (String topic : TOPICS) {
      two.subscribe(topic);
      await(two.read(topic, null, ALL)); // from here on it hears what anybody publishes
    }
  }

  @AfterEach
  void stop() {
    one.close();
    two.close();
    masters.forEach(RedisProcess::close);
  }

  private static ConditionFactory eventually() {
    return Awaitility.await()
        .pollDelay(Duration.ZERO)
        .pollInterval(Duration.ofMillis(50))
        .atMost(Duration.ofSeconds(60));
  }

  @Test
  void whatOneNodePublishesTheOtherHearsInOrderOnEveryMaster() {
    publish(1, 20);

    everyTopicWasHeard(20);
    assertThat(masters)
        .allSatisfy(master -> assertThat(master.say("DBSIZE")).isNotEqualTo(":0\r\n"));
    Appended again = await(one.append(event(TOPICS.get(0), 7), KEEP, "k7"));
    assertThat(again.repeated()).isTrue();
  }

  @Test
  void aMasterThatIsSilentAndOneThatStartsAgainLoseNothing() {
    publish(1, 10);
    masters.get(1).stop();
    assertThat(TOPICS).anySatisfy(topic -> assertThat(append(topic, 11)).isFalse());
    masters.get(1).proceed();
    publish(11, 20);
    masters.get(2).kill();
    masters.get(2).start();
    publish(21, 30);

    everyTopicWasHeard(30);
  }

  private void publish(int from, int to) {
    for (int i = from; i <= to; i++) {
      int data = i;
      for (String topic : TOPICS) {
        eventually().until(() -> append(topic, data));
      }
    }
  }

  private boolean append(String topic, int data) {
    try {
      one.append(event(topic, data), KEEP, "k" + data)
          .toCompletableFuture()
          .get(30, TimeUnit.SECONDS);
      return true;
    } catch (ExecutionException e) {
      return false;
    } catch (Exception e) {
      throw new IllegalStateException(e);
    }
  }

  private void everyTopicWasHeard(int count) {
    for (String topic : TOPICS) {
      Position now = await(two.read(topic, null, ALL)).position();
      Tail all = await(two.read(topic, new Position(now.epoch(), 0), ALL));
      List<Position> positions =
          LongStream.rangeClosed(1, count).mapToObj(o -> new Position(now.epoch(), o)).toList();
      assertThat(all.publications()).extracting(Publication::position).isEqualTo(positions);
      eventually()
          .untilAsserted(
              () ->
                  assertThat(heard.publications())
                      .filteredOn(p -> p.topic().equals(topic))
                      .extracting(Publication::position)
                      .isEqualTo(positions));
    }
  }
}
