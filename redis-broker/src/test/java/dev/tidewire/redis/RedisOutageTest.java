package dev.tidewire.redis;

import static dev.tidewire.testing.Drafts.await;
import static org.assertj.core.api.Assertions.assertThat;

import dev.tidewire.AccessPolicy;
import dev.tidewire.Identity;
import dev.tidewire.Realtime;
import dev.tidewire.presence.Member;
import dev.tidewire.transport.Connection;
import dev.tidewire.transport.Frame;
import dev.tidewire.transport.Session;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import org.awaitility.Awaitility;
import org.awaitility.core.ConditionFactory;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** What the users of two buses notice of a Redis that goes and comes back empty. */
class RedisOutageTest {

  private static final RedisOptions QUICK =
      RedisOptions.DEFAULT.withCheckInterval(Duration.ofMillis(500));

  private RedisProcess redis;
  private RedisBroker broker;
  private Realtime one;
  private Realtime two;

  @BeforeEach
  void start() {
    redis = RedisProcess.create();
    broker = RedisBroker.connect(redis.uri(), QUICK);
    one = node(broker);
    two = node(RedisBroker.connect(redis.uri(), QUICK));
  }

  private static Realtime node(RedisBroker broker) {
    return Realtime.builder().access(AccessPolicy.open()).broker(broker).build();
  }

  @AfterEach
  void stop() {
    one.close();
    two.close();
    redis.close();
  }

  private static ConditionFactory eventually() {
    return Awaitility.await().pollInterval(Duration.ofMillis(20)).atMost(Duration.ofSeconds(60));
  }

  private void away() {
    redis.kill();
    eventually().until(() -> !broker.isReachable());
  }

  private void back() {
    redis.start();
    eventually().until(broker::isReachable);
  }

  /** A client's link that keeps what it is sent. */
  private static final class Link implements Connection {
    final List<String> messages = new CopyOnWriteArrayList<>();

    @Override
    public void send(Frame frame, Completion completion) {
      messages.add(frame.text());
      completion.sent();
    }

    @Override
    public void close(int code, String reason) {}

    @Override
    public String remoteAddress() {
      return "";
    }

    boolean heard(String text) {
      return messages.stream().anyMatch(message -> message.contains(text));
    }
  }

  private static void say(Session session, String frame) {
    session.receive(frame.replace('\'', '"'));
  }

  @Test
  void aSubscriptionMadeMeanwhileComesAlive() {
    List<String> heard = new CopyOnWriteArrayList<>();
    away();
    one.channel("t").on("*", message -> heard.add(message.event()));
    back();
    eventually().until(() -> !heard.isEmpty());
    for (int i = 0; i < 20; i++) {
      String event = "e" + i;
      eventually()
          .ignoreExceptions()
          .until(
              () -> {
                await(two.channel("t").publish(event, "x"));
                return true;
              });
    }

    eventually().until(() -> heard.contains("e19"));
    assertThat(heard.get(0)).isEqualTo("reset");
    assertThat(heard.stream().filter(event -> event.startsWith("e")).distinct()).hasSize(20);
  }

  @Test
  void whoIsPresentOnOneNodeIsSeenOnTheOtherBeforeAndAfter() {
    Link adasLink = new Link();
    Session ada = one.connect(adasLink, Identity.of("ada"));
    Link bobsLink = new Link();
    Session bob = two.connect(bobsLink, Identity.of("bob"));
    say(bob, "{'id':'s','type':'subscribe','topic':'t','presence':true}");
    eventually().until(() -> bobsLink.heard("presence_state"));
    say(ada, "{'id':'k','type':'track','topic':'t','data':{'n':1}}");
    eventually().until(() -> bobsLink.heard("presence:join"));

    away();
    say(ada, "{'id':'k2','type':'track','topic':'t','data':{'n':2}}");
    eventually().until(() -> adasLink.heard("UNAVAILABLE"));
    back();

    eventually().until(() -> bobsLink.heard("\"n\":2"));
    List<Member> members = await(one.channel("t").presence()).members();
    assertThat(members).extracting(Member::userId).containsExactly("ada");
    assertThat(bobsLink.heard("presence:leave")).isFalse();
    ada.closed(1000);
    bob.closed(1000);
  }
}
