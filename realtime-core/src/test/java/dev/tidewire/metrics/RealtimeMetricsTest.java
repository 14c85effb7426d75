package dev.tidewire.metrics;

import static dev.tidewire.testing.Drafts.await;
import static dev.tidewire.testing.Json.json;
import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import dev.tidewire.AccessPolicy;
import dev.tidewire.Identity;
import dev.tidewire.PublishOptions;
import dev.tidewire.Realtime;
import dev.tidewire.RealtimeException;
import dev.tidewire.testing.FakeConnection;
import dev.tidewire.testing.FakeConnection.Sending;
import dev.tidewire.testing.ManualClock;
import dev.tidewire.testing.WrappedBroker;
import dev.tidewire.transport.Session;
import io.micrometer.core.instrument.Meter;
import io.micrometer.core.instrument.MeterRegistry;
import io.micrometer.core.instrument.Tag;
import io.micrometer.core.instrument.Tags;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import java.time.Duration;
import java.util.Set;
import java.util.concurrent.atomic.AtomicLong;
import java.util.stream.Collectors;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** The meters of a bus against what it did. */
class RealtimeMetricsTest {

  private static final String CANARY = "canary-7f3a";

  private final ManualClock clock = new ManualClock();
  private final WrappedBroker broker = new WrappedBroker(clock);
  private final Realtime realtime =
      Realtime.builder()
          .clock(clock)
          .broker(broker)
          .access(AccessPolicy.open())
          .limits(l -> l.queueBytes(400).historyPage(10))
          .build();
  private final AtomicLong nanoTime = new AtomicLong();
  private final MeterRegistry registry = new SimpleMeterRegistry();
  private final RealtimeMetrics metrics =
      new RealtimeMetrics(realtime, Tags.of("app", "shop"), nanoTime::get);

  @BeforeEach
  void bind() {
    metrics.bindTo(registry);
  }

  @AfterEach
  void close() {
    realtime.close();
  }

  private Session connect(String user, FakeConnection connection) {
    Session session = realtime.connect(connection, Identity.of(user));
    connection.attach(session);
    return session;
  }

  /** A second later, so that the bus is looked at again. */
  private double value(String name, String... tags) {
    nanoTime.addAndGet(1_000_000_000L);
    Meter meter = registry.get(name).tags("app", "shop").tags(tags).meter();
    return meter.measure().iterator().next().getValue();
  }

  @Test
  void everyNumberIsTheOneOfTheTraffic() {
    FakeConnection ada = new FakeConnection();
    FakeConnection bob = new FakeConnection();
    Session speaking = connect("ada", ada);
    connect("bob", bob).receive(json("{'id':'1','type':'subscribe','topic':'t'}"));
    speaking.receive(json("{'id':'1','type':'subscribe','topic':'t'}"));
    speaking.receive(json("{'id':'2','type':'track','topic':'t'}"));
    speaking.receive(json("{'id':'3','type':'history','topic':'t','limit':11}"));
    speaking.receive(json("{'id':'4','type':'subscribe','topic':'u','since':'another.1'}"));
    for (int i = 0; i < 3; i++) {
      speaking.receive(json("{'id':'p','type':'publish','topic':'t','event':'e','data':1}"));
    }
    await(realtime.channel("t").publish("e", 1, PublishOptions.NONE.withKey("k")));
    await(realtime.channel("t").publish("e", 1, PublishOptions.NONE.withKey("k")));
    broker.failWith(new RealtimeException("away", null));
    speaking.receive(json("{'id':'f','type':'publish','topic':'t','event':'e','data':1}"));
    broker.failWith(null);

    assertThat(value("tidewire.connections", "transport", "other")).isEqualTo(2);
    assertThat(value("tidewire.connections", "transport", "websocket")).isZero();
    assertThat(value("tidewire.connections.opened")).isEqualTo(2);
    assertThat(value("tidewire.channels")).isEqualTo(2);
    assertThat(value("tidewire.channels.held")).isEqualTo(2);
    assertThat(value("tidewire.subscriptions")).isEqualTo(3);
    assertThat(value("tidewire.publications", "outcome", "accepted")).isEqualTo(4);
    assertThat(value("tidewire.publications", "outcome", "repeated")).isEqualTo(1);
    assertThat(value("tidewire.publications", "outcome", "failed")).isEqualTo(1);
    assertThat(value("tidewire.publications.active")).isZero();
    assertThat(value("tidewire.deliveries")).isEqualTo(8);
    assertThat(value("tidewire.sent.messages"))
        .isEqualTo(ada.messages().size() + bob.messages().size());
    assertThat(value("tidewire.sent")).isEqualTo(bytes(ada) + bytes(bob));
    assertThat(value("tidewire.presence")).isEqualTo(1);
    assertThat(value("tidewire.presence.changes")).isEqualTo(1);
    assertThat(value("tidewire.recoveries")).isZero();
    assertThat(value("tidewire.resets", "reason", "epoch")).isEqualTo(1);
    assertThat(value("tidewire.resets", "reason", "evicted")).isZero();
    assertThat(value("tidewire.refusals", "limit", "history_page")).isEqualTo(1);
    assertThat(value("tidewire.refusals", "limit", "drain")).isZero();
  }

  private static long bytes(FakeConnection connection) {
    return connection.messages().stream().mapToLong(m -> m.getBytes(UTF_8).length).sum();
  }

  @Test
  void queuesSlowReadersAndRecoveriesAreTold() {
    FakeConnection slow = new FakeConnection();
    Session ada = connect("ada", slow);
    ada.receive(json("{'id':'1','type':'subscribe','topic':'t'}"));
    var first = await(realtime.channel("t").publish("e", 1));
    slow.behave(Sending.STALL);
    await(realtime.channel("t").publish("e", 1));
    await(realtime.channel("t").publish("e", 1));
    assertThat(value("tidewire.queue")).isPositive().isEqualTo(value("tidewire.queue.longest"));
    for (int i = 0; i < 5; i++) {
      await(realtime.channel("t").publish("e", 1));
    }
    assertThat(value("tidewire.readers.slow")).isEqualTo(1);
    assertThat(value("tidewire.refusals", "limit", "queue_bytes")).isEqualTo(1);
    assertThat(value("tidewire.queue")).isZero();
    connect("ada", new FakeConnection())
        .receive(json("{'id':'1','type':'subscribe','topic':'t','since':'" + first + "'}"));
    // more was missed than a queue of 400 bytes may take at once: told to load again
    assertThat(value("tidewire.recoveries") + value("tidewire.resets", "reason", "evicted"))
        .isEqualTo(1);
  }

  @Test
  void exactlyOneStatusIsOn() {
    assertThat(value("tidewire.health", "status", "up")).isEqualTo(1);
    broker.reachable(false);
    assertThat(value("tidewire.health", "status", "up")).isZero();
    assertThat(value("tidewire.health", "status", "degraded")).isEqualTo(1);
    connect("ada", new FakeConnection());
    realtime.drain(Duration.ofHours(1));
    assertThat(value("tidewire.health", "status", "draining")).isEqualTo(1);
    assertThat(value("tidewire.health", "status", "degraded")).isZero();
  }

  @Test
  void aBusIsLookedAtOnceForAllThatIsReadWithinASecond() {
    connect("ada", new FakeConnection());
    assertThat(value("tidewire.connections.opened")).isEqualTo(1);
    connect("bob", new FakeConnection());
    nanoTime.addAndGet(-1_000_000_000L);
    assertThat(value("tidewire.connections.opened")).isEqualTo(1);
    assertThat(value("tidewire.connections.opened")).isEqualTo(2);
  }

  @Test
  void nothingThatClientsSayBecomesATag() {
    Set<Meter.Id> before = ids();
    FakeConnection link = new FakeConnection();
    Session session = connect(CANARY, link);
    session.receive(json("{'id':'1','type':'subscribe','topic':'" + CANARY + "'}"));
    session.receive(
        json(
            "{'id':'2','type':'publish','topic':'"
                + CANARY
                + "','event':'"
                + CANARY
                + "','data':'"
                + CANARY
                + "'}"));
    assertThat(String.join("", link.messages())).contains(CANARY);

    assertThat(ids()).isEqualTo(before);
    assertThat(before)
        .allSatisfy(
            id -> {
              assertThat(id.getName()).matches("tidewire(\\.[a-z]+)+");
              assertThat(id.getTags().stream().map(Tag::getKey))
                  .isSubsetOf("app", "transport", "outcome", "reason", "limit", "status");
              assertThat(id.toString()).doesNotContain(CANARY);
            });
  }

  private Set<Meter.Id> ids() {
    return registry.getMeters().stream().map(Meter::getId).collect(Collectors.toSet());
  }

  @Test
  void nothingIsLeftInARegistryAfterTheBus() {
    MeterRegistry second = new SimpleMeterRegistry();
    Realtime other = Realtime.builder().build();
    RealtimeMetrics.of(other, Tags.of("app", "blog")).bindTo(registry);
    metrics.bindTo(second);
    realtime.close();

    assertThat(second.getMeters()).isEmpty();
    assertThat(registry.getMeters())
        .isNotEmpty()
        .allMatch(meter -> meter.getId().getTag("app").equals("blog"));
    other.close();
    assertThat(registry.getMeters()).isEmpty();
  }
}
