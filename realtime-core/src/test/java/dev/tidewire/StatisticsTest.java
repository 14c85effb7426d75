package dev.tidewire;

import static dev.tidewire.Client.connect;
import static dev.tidewire.Client.eventually;
import static dev.tidewire.testing.Drafts.await;
import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.tidewire.Statistics.Reset;
import dev.tidewire.broker.Tail;
import dev.tidewire.channel.Position;
import dev.tidewire.testing.FakeConnection;
import dev.tidewire.testing.FakeConnection.Sending;
import dev.tidewire.testing.ManualClock;
import dev.tidewire.testing.WrappedBroker;
import dev.tidewire.transport.Transport;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/** What a bus tells about itself, against what its clients saw. */
class StatisticsTest {

  private final ManualClock clock = new ManualClock();
  private final WrappedBroker broker = new WrappedBroker(clock);
  private final Realtime.Builder settings =
      Realtime.builder()
          .clock(clock)
          .broker(broker)
          .access(AccessPolicy.open())
          .limits(l -> l.frames(0, 0).userConnections(0));
  private Realtime realtime;

  @AfterEach
  void close() {
    realtime.close();
  }

  private Realtime bus() {
    if (realtime == null) {
      realtime = settings.build();
    }
    return realtime;
  }

  private Position publish(String topic, Object data) {
    return await(bus().channel(topic).publish("e", data));
  }

  private static long bytes(Client... clients) {
    return Stream.of(clients)
        .flatMap(client -> client.connection().messages().stream())
        .mapToLong(message -> message.getBytes(UTF_8).length)
        .sum();
  }

  @Test
  void aNewBusHasDoneNothing() {
    Statistics none = bus().statistics();

    assertThat(none.since()).isEqualTo(clock.instant());
    assertThat(none.connections()).containsOnlyKeys(Transport.values());
    assertThat(none.connections().values()).containsOnly(0);
    assertThat(none.channels() + none.channelsInMemory() + none.subscriptions()).isZero();
    assertThat(none.publishing()).isEqualTo(new Statistics.Publishing(0, 0, 0, 0));
    assertThat(none.delivery()).isEqualTo(new Statistics.Delivery(0, 0, 0, 0, 0, 0));
    assertThat(none.recovery().resets()).containsOnlyKeys(Reset.values());
    assertThat(none.recovery().resets().values()).containsOnly(0L);
    assertThat(none.refusals()).containsOnlyKeys(Limit.values());
    assertThat(none.refusals().values()).containsOnly(0L);
  }

  @Test
  void everyPublicationCountsOnceAndEveryDeliveryForEachSubscriber() {
    Client ada = connect(bus(), "ada").subscribed("t");
    Client bob = connect(bus(), "bob").subscribed("t").subscribed("u");
    List<String> heard = new CopyOnWriteArrayList<>();
    bus().channel("t").on("*", message -> heard.add(message.json()));
    eventually().until(() -> bus().statistics().subscriptions() == 4);
    for (int i = 0; i < 5; i++) {
      publish("t", "größer " + i);
    }
    publish("u", 1);
    publish("nobody", 1);

    eventually().until(() -> heard.size() == 5);
    assertThat(ada.heard()).hasSize(5);
    assertThat(bob.heard()).hasSize(6);
    Statistics now = bus().statistics();
    assertThat(now.publishing()).isEqualTo(new Statistics.Publishing(7, 0, 0, 0));
    assertThat(now.channels()).isEqualTo(2);
    assertThat(now.channelsInMemory()).isEqualTo(3);
    assertThat(now.subscriptions()).isEqualTo(4);
    assertThat(now.connections()).containsEntry(Transport.OTHER, 2);
    assertThat(now.connectionCount()).isEqualTo(2);
    assertThat(now.delivery().deliveries()).isEqualTo(5 * 3 + 1);
    assertThat(now.delivery().messages())
        .isEqualTo(ada.connection().messages().size() + bob.connection().messages().size());
    assertThat(now.delivery().bytes()).isEqualTo(bytes(ada, bob));
    assertThat(now.delivery().waitingBytes()).isZero();
  }

  @Test
  void whatGoneConnectionsWereSentStillCounts() {
    Client ada = connect(bus(), "ada").subscribed("t");
    Client bob = connect(bus(), "bob").subscribed("t");
    publish("t", 1);
    ada.connection().drop(1000);
    eventually().until(() -> bus().statistics().subscriptions() == 1);
    publish("t", 2);

    Statistics now = bus().statistics();
    assertThat(now.connectionCount()).isEqualTo(1);
    assertThat(now.connectionsOpened()).isEqualTo(2);
    assertThat(now.delivery().deliveries()).isEqualTo(3);
    assertThat(now.delivery().bytes()).isEqualTo(bytes(ada, bob));
  }

  @Test
  void whatWaitsForClientsIsTold() {
    FakeConnection slow = new FakeConnection();
    Client ada = connect(bus(), Identity.of("ada"), slow);
    ada.subscribed("t");
    Client bob = connect(bus(), "bob").subscribed("t");
    slow.behave(Sending.STALL);
    publish("t", "in flight");
    int before = bob.connection().messages().size();
    publish("t", "waits");
    publish("t", "waits, too");

    long waiting =
        bob.connection().messages(before).stream().mapToLong(m -> m.getBytes(UTF_8).length).sum();
    assertThat(bus().statistics().delivery().waitingBytes()).isEqualTo(waiting);
    assertThat(bus().statistics().delivery().longestQueueBytes()).isEqualTo(waiting);

    slow.release(Sending.AT_ONCE);
    assertThat(bus().statistics().delivery().waitingBytes()).isZero();
    assertThat(bus().statistics().delivery().bytes()).isEqualTo(bytes(ada, bob));
  }

  @Test
  void slowReadersCountWhetherTooMuchWaitsOrNothingIsTaken() {
    SteppedThreads threads = new SteppedThreads();
    settings.threads = () -> threads;
    settings.limits(l -> l.queueBytes(300)).heartbeat(Duration.ZERO, Duration.ZERO);
    FakeConnection full = new FakeConnection();
    connect(bus(), Identity.of("ada"), full).subscribed("t");
    full.behave(Sending.STALL);
    for (int i = 0; i < 4; i++) {
      publish("t", "x".repeat(80));
    }
    FakeConnection stuck = new FakeConnection();
    connect(bus(), Identity.of("bob"), stuck).subscribed("u");
    stuck.behave(Sending.STALL);
    publish("u", 1);

    assertThat(full.closed().code()).isEqualTo(4008);
    assertThat(bus().statistics().delivery().slowReaders()).isEqualTo(1);
    assertThat(bus().statistics().refusals()).containsEntry(Limit.QUEUE_BYTES, 1L);
    threads.tick();
    clock.advance(Duration.ofSeconds(31));
    threads.tick();
    assertThat(stuck.closed().code()).isEqualTo(4008);
    assertThat(bus().statistics().delivery().slowReaders()).isEqualTo(2);
    assertThat(bus().statistics().refusals()).containsEntry(Limit.QUEUE_BYTES, 1L);
  }

  @Test
  void recoveriesAndResetsAreCountedByReason() {
    settings.channels("short", c -> c.retain(1, Duration.ofHours(1)));
    TableChannel table = bus().tableChannel("orders");
    Position first = publish("t", 1);
    Position gone = publish("short", 1);
    for (int i = 0; i < 3; i++) {
      publish("t", i);
      publish("short", i);
    }
    Client ada = connect(bus(), "ada");
    ada.acked("'type':'subscribe','topic':'t','since':'" + first + "'");
    ada.acked("'type':'subscribe','topic':'short','since':'" + gone + "'");
    ada.acked("'type':'subscribe','topic':'never','since':'another.7'");
    ada.subscribed("orders");
    await(table.reset());
    broker.lose("t", Tail.Outcome.EPOCH, new Position("z", 1));

    Statistics.Recovery now = bus().statistics().recovery();
    assertThat(now.complete()).isEqualTo(1);
    assertThat(now.resets())
        .containsEntry(Reset.EVICTED, 1L)
        .containsEntry(Reset.EPOCH, 2L)
        .containsEntry(Reset.UNKNOWN_CHANGE, 1L);
    assertThat(ada.told("reset", 4)).hasSize(4);
  }

  @Test
  void presenceCountsWhoIsHereAndEveryChange() {
    Client ada = connect(bus(), "ada");
    ada.acked("'type':'track','topic':'t','data':{'a':1}");
    ada.acked("'type':'track','topic':'t','data':{'a':2}");
    ada.acked("'type':'track','topic':'u'");
    connect(bus(), "bob").acked("'type':'track','topic':'t'");

    assertThat(bus().statistics().presence()).isEqualTo(new Statistics.Presence(3, 4));
    ada.acked("'type':'untrack','topic':'u'");
    assertThat(bus().statistics().presence()).isEqualTo(new Statistics.Presence(2, 5));
    ada.connection().drop(1000);
    eventually()
        .untilAsserted(
            () ->
                assertThat(bus().statistics().presence()).isEqualTo(new Statistics.Presence(1, 6)));
  }

  @Test
  void repeatsAndFailuresAreNoPublications() {
    PublishOptions once = PublishOptions.NONE.withKey("k");
    await(bus().channel("t").publish("e", 1, once));
    await(bus().channel("t").publish("e", 1, once));
    broker.failWith(new RealtimeException("away", null));
    assertThatThrownBy(() -> publish("t", 2)).hasRootCauseInstanceOf(RealtimeException.class);
    broker.failWith(new IllegalStateException("away"));
    assertThatThrownBy(() -> publish("t", 2)).hasRootCauseInstanceOf(IllegalStateException.class);

    assertThat(bus().statistics().publishing()).isEqualTo(new Statistics.Publishing(1, 1, 2, 0));
  }

  @Test
  void totalsNeverFallWhileConnectionsComeAndGo() throws InterruptedException {
    AtomicBoolean done = new AtomicBoolean();
    List<Client> clients = new CopyOnWriteArrayList<>();
    List<Thread> threads = new ArrayList<>();
    bus();
    for (int i = 0; i < 2; i++) {
      String user = "u" + i;
      threads.add(
          new Thread(
              () -> {
                for (int n = 0; n < 300; n++) {
                  Client client = connect(realtime, user).subscribed("t");
                  clients.add(client);
                  publish("t", n);
                  client.connection().drop(1000);
                }
              }));
    }
    List<Statistics.Delivery> seen = new ArrayList<>();
    Thread reader =
        new Thread(
            () -> {
              while (!done.get()) {
                seen.add(realtime.statistics().delivery());
              }
            });
    reader.start();
    threads.forEach(Thread::start);
    for (Thread thread : threads) {
      thread.join();
    }
    done.set(true);
    reader.join();

    assertThat(seen).isSortedAccordingTo((a, b) -> Long.compare(a.bytes(), b.bytes()));
    assertThat(seen).isSortedAccordingTo((a, b) -> Long.compare(a.messages(), b.messages()));
    Statistics last = realtime.statistics();
    assertThat(last.connectionsOpened()).isEqualTo(600);
    assertThat(last.publishing().accepted()).isEqualTo(600);
    long told = clients.stream().mapToLong(c -> c.connection().messages().size()).sum();
    assertThat(last.delivery().messages()).isEqualTo(told);
  }
}
