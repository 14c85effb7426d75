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
import java.util.List;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.LongStream;
import org.awaitility.Awaitility;
import org.awaitility.core.ConditionFactory;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** A master that dies, its replica that takes over, and the Sentinel that says so. */
class RedisSentinelTest {

  private static final ReadLimit ALL = new ReadLimit(1_000_000, Integer.MAX_VALUE);
  private static final ChannelOptions KEEP =
      ChannelOptions.DEFAULT.retain(1_000_000, Duration.ofHours(1));
  private static final Pattern OFFSET = Pattern.compile("master_repl_offset:(\\d+)");

  private RedisProcess master;
  private RedisProcess replica;
  private RedisProcess sentinel;

  @BeforeEach
  void start() {
    master = RedisProcess.create();
    replica = RedisProcess.create("--replicaof", "127.0.0.1", "" + master.port());
    eventually().until(() -> replica.say("INFO replication").contains("master_link_status:up"));
    sentinel = RedisProcess.sentinel(master);
    eventually().until(() -> sentinel.say("SENTINEL replicas main").contains("" + replica.port()));
  }

  @AfterEach
  void stop() {
    sentinel.close();
    replica.close();
    master.close();
  }

  private static ConditionFactory eventually() {
    return Awaitility.await()
        .pollDelay(Duration.ZERO)
        .pollInterval(Duration.ofMillis(50))
        .atMost(Duration.ofSeconds(60));
  }

  private static long offset(RedisProcess redis) {
    Matcher found = OFFSET.matcher(redis.say("INFO replication"));
    assertThat(found.find()).isTrue();
    return Long.parseLong(found.group(1));
  }

  @Test
  void aNodeGoesOnAtTheReplicaThatTookOver() {
    HeardStream heard = new HeardStream();
    RedisOptions quick = RedisOptions.DEFAULT.withTimeout(Duration.ofSeconds(1));
    String uri = "redis-sentinel://127.0.0.1:" + sentinel.port() + "#main";
    try (RedisBroker broker = RedisBroker.connect(uri, quick)) {
      broker.start(heard);
      broker.subscribe("t");
      Position begin = await(broker.read("t", null, ALL)).position();
      for (int i = 1; i <= 50; i++) {
        insist(broker, i);
      }
      eventually().until(() -> offset(replica) >= offset(master)); // replication is not waited for
      master.kill();
      for (int i = 51; i <= 100; i++) {
        insist(broker, i);
      }
      assertThat(replica.say("ROLE")).contains("master");
      Tail all = await(broker.read("t", new Position(begin.epoch(), 0), ALL));
      assertThat(all.outcome()).isEqualTo(Tail.Outcome.COMPLETE);
      List<Long> hundred = LongStream.rangeClosed(1, 100).boxed().toList();
      assertThat(all.publications()).extracting(p -> p.position().offset()).isEqualTo(hundred);
      eventually()
          .untilAsserted(
              () ->
                  assertThat(heard.publications())
                      .extracting(Publication::position)
                      .isEqualTo(
                          hundred.stream().map(o -> new Position(begin.epoch(), o)).toList()));
    }
  }

  private static void insist(RedisBroker broker, int data) {
    eventually()
        .until(
            () -> {
              try {
                Appended done =
                    broker
                        .append(event("t", data), KEEP, "k" + data)
                        .toCompletableFuture()
                        .get(30, TimeUnit.SECONDS);
                return done.position().offset() == data;
              } catch (ExecutionException e) {
                return false;
              }
            });
  }
}
