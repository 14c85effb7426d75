package dev.tidewire.redis;

import static dev.tidewire.redis.RedisCluster.eventually;
import static dev.tidewire.testing.Drafts.await;
import static org.assertj.core.api.Assertions.assertThat;

import dev.tidewire.broker.Tail;
import dev.tidewire.presence.Member;
import dev.tidewire.presence.Member.Status;
import dev.tidewire.presence.PresenceDiff;
import dev.tidewire.testing.HeardStream;
import io.lettuce.core.cluster.SlotHash;
import java.time.Duration;
import java.util.List;
import org.junit.jupiter.api.MethodOrderer;
import org.junit.jupiter.api.Order;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestMethodOrder;

/** The same on the Redis or Valkey of this machine, where messages stay within their shard. */
@TestMethodOrder(MethodOrderer.OrderAnnotation.class)
class RedisShardsTest extends RedisClusterTest {

  @Override
  RedisCluster start() {
    return new RedisCluster(RedisProcess::installed);
  }

  /** What no message brings is not looked for either. */
  @Override
  RedisOptions options() {
    return QUICK.withCheckInterval(Duration.ofHours(1));
  }

  private String shards(int master) {
    return cluster.master(master).say("PUBSUB SHARDCHANNELS " + prefix + "*:out");
  }

  @Test
  void messagesGoThroughTheMasterOfTheirChannelOnly() {
    publish(TOPICS, 1, 3);

    for (String topic : TOPICS) {
      eventually().until(() -> heard.of(topic).publications().size() == 3);
      for (int i = 0; i < 3; i++) {
        boolean isThere = RedisCluster.indexOf(topic) == i;
        assertThat(shards(i).contains("{" + topic + "}")).isEqualTo(isThere);
      }
    }
    for (RedisProcess master : cluster.masters()) {
      assertThat(master.say("PUBSUB CHANNELS " + prefix + "*")).isEqualTo("*0\r\n");
    }
    TOPICS.forEach(listening::unsubscribe);
    for (int i = 0; i < 3; i++) {
      int master = i;
      eventually().until(() -> !shards(master).contains("topic/"));
    }
    assertThat(listening.isReachable()).isTrue();
  }

  private long ordinarySubscribers(String topic) {
    String question = "PUBSUB NUMSUB " + QUICK.withPrefix(prefix).name(topic, "out");
    return cluster.masters().stream()
        .map(master -> master.say(question).trim())
        .mapToLong(answer -> Long.parseLong(answer.substring(answer.lastIndexOf(':') + 1)))
        .sum();
  }

  private void mayDo(String rights) {
    for (RedisProcess master : cluster.masters()) {
      assertThat(master.say("ACL SETUSER somebody " + rights)).startsWith("+OK");
    }
  }

  @Test
  void nodesThatDoNotShardHearTheOthersByAskingAndFollowWhenTheyCan() {
    mayDo("on >secret ~* &* +@all -command"); // so the servers do not tell what they know
    String uri = cluster.uri().replace("://", "://somebody:secret@");
    String topic = TOPICS.get(0);
    HeardStream byOption = new HeardStream();
    HeardStream byRights = new HeardStream();
    RedisOptions options = QUICK.withPrefix(prefix).withCheckInterval(Duration.ofMillis(100));
    try (RedisBroker other =
            RedisBroker.connect(cluster.uri(), options.withShardedMessages(false));
        RedisBroker restricted = RedisBroker.connect(uri, options)) {
      other.start(byOption);
      restricted.start(byRights);
      for (RedisBroker broker : List.of(other, restricted)) {
        broker.subscribe(topic);
        await(broker.read(topic, null, ALL));
      }
      assertThat(ordinarySubscribers(topic)).isEqualTo(2);
      publish(List.of(topic), 1, 5);
      eventually().until(() -> byOption.publications().size() == 5);
      eventually().until(() -> byRights.publications().size() == 5);

      mayDo("+command"); // as if the last old server was replaced
      eventually().until(() -> ordinarySubscribers(topic) == 1);
      publish(List.of(topic), 6, 10);

      eventually().until(() -> byOption.publications().size() == 10);
      eventually().until(() -> byRights.publications().size() == 10);
      assertThat(byOption.lost()).isEmpty();
      assertThat(byRights.lost()).isEmpty();
    }
  }

  @Test
  void whoIsPresentIsSeenOnTheOtherNode() {
    HeardRoom room = new HeardRoom();
    one.broker.presence().start(new HeardRoom());
    listening.presence().start(room);
    String topic = TOPICS.get(11);
    await(listening.presence().state(topic));

    await(one.broker.presence().track(topic, "ada", new Member.Link("c", "1", Status.ONLINE)));
    await(one.broker.presence().untrack(topic, "ada", "c", PresenceDiff.Reason.LEFT));

    eventually().until(() -> room.story().size() == 2);
    assertThat(room.story()).containsExactly("1 JOIN ada", "2 LEAVE ada LEFT");
    assertThat(room.states()).isZero();
  }

  @Test
  void aSlotThatMovesTakesItsMessagesAlong() {
    String topic = TOPICS.get(0);
    publish(TOPICS, 1, 5);
    TOPICS.forEach(each -> wasHeard(each, 5));

    cluster.move(SlotHash.getSlot("{" + topic + "}"), cluster.master(0), cluster.master(1));
    eventually().until(() -> shards(1).contains("{" + topic + "}"));
    publish(TOPICS, 6, 10);

    TOPICS.forEach(each -> wasHeard(each, 10));
    assertThat(shards(0)).doesNotContain("{" + topic + "}");
    cluster.move(SlotHash.getSlot("{" + topic + "}"), cluster.master(1), cluster.master(0));
  }

  @Test
  @Order(Integer.MAX_VALUE) // one master less
  void aReplicaThatTakesOverGoesOnOrBeginsANewLifeWhereItLacksSomething() {
    List<String> complete = TOPICS.subList(0, 2);
    List<String> cutBack = TOPICS.subList(2, 4);
    publish(TOPICS, 1, 5);
    RedisProcess master = cluster.master(0);
    RedisProcess replica = cluster.replicaOf(master);
    // From here on it gets nothing more, while the master goes on accepting.
    assertThat(master.say("ACL SETUSER default -psync -sync")).startsWith("+OK");
    assertThat(master.say("CLIENT KILL TYPE replica")).startsWith(":1");
    publish(cutBack, 6, 8);
    cutBack.forEach(topic -> wasHeard(topic, 8));

    cluster.patience(Duration.ofSeconds(1));
    master.kill();
    assertThat(append(complete.get(0), 6)).as("accepted by nobody").isFalse();
    publish(complete, 6, 10);
    publish(cutBack, 9, 13);
    publish(TOPICS.subList(4, 12), 6, 10);

    assertThat(replica.say("ROLE")).contains("master");
    complete.forEach(topic -> wasHeard(topic, 10));
    TOPICS.subList(4, 12).forEach(topic -> wasHeard(topic, 10));
    // The node that listens finds what is missing when it is there again, before or after 13.
    cutBack.forEach(topic -> eventually().until(() -> !heard.of(topic).lost().isEmpty()));
    publish(cutBack, 14, 14);
    for (String topic : cutBack) {
      HeardStream stream = heard.of(topic);
      eventually()
          .untilAsserted(
              () ->
                  assertThat(stream.last())
                      .as("%s: heard %s, lost %s", topic, stream.publications(), stream.lost())
                      .isEqualTo("14"));
      assertThat(stream.lost()).hasSize(1);
      assertThat(stream.lost().get(0)).startsWith(Tail.Outcome.EPOCH + " ").endsWith(".0");
      assertThat(stream.isWithoutSilentHole(stream.publications().get(0).position())).isTrue();
    }
  }
}
