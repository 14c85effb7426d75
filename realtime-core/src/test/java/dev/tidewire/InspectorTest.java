package dev.tidewire;

import static dev.tidewire.Client.connect;
import static dev.tidewire.Client.eventually;
import static dev.tidewire.testing.Drafts.await;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.tidewire.inspector.ChannelDetail;
import dev.tidewire.inspector.ConnectionDetail;
import dev.tidewire.inspector.Listing;
import dev.tidewire.inspector.LiveChannel;
import dev.tidewire.inspector.LiveConnection;
import dev.tidewire.inspector.LiveMember;
import dev.tidewire.testing.FakeConnection.Sending;
import dev.tidewire.transport.Transport;
import java.time.Clock;
import java.time.Instant;
import java.time.ZoneId;
import java.time.ZoneOffset;
import java.util.Set;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/** Who is there and what happens, seen from outside. */
class InspectorTest {

  private final AtomicLong time = new AtomicLong(1_000_000);
  private final Realtime.Builder settings =
      Realtime.builder()
          .access(AccessPolicy.open())
          .limits(l -> l.frames(0, 0).userConnections(0))
          .clock(
              new Clock() {
                @Override
                public ZoneId getZone() {
                  return ZoneOffset.UTC;
                }

                @Override
                public Clock withZone(ZoneId zone) {
                  return this;
                }

                @Override
                public Instant instant() {
                  return Instant.ofEpochMilli(time.get());
                }
              });
  private @Nullable Realtime realtime;

  @AfterEach
  void close() {
    bus().close();
  }

  private Realtime bus() {
    if (realtime == null) {
      realtime = settings.build();
    }
    return realtime;
  }

  private Inspector inspector() {
    return bus().inspector();
  }

  private void publish(String topic, int times) {
    for (int i = 0; i < times; i++) {
      bus().emit("e", "x".repeat(100), topic).toCompletableFuture().join();
    }
  }

  @Test
  void connectionsAreToldWithWhatWaitsForThem() {
    Client slow = connect(bus(), "ada").subscribed("chat");
    time.addAndGet(5_000);
    connect(bus(), Identity.guest("visitor"));
    slow.connection().behave(Sending.STALL);
    publish("chat", 3);

    Listing<LiveConnection> all = inspector().connections("", LiveConnection.Order.QUEUE, 10);
    assertThat(all.total()).isEqualTo(2);
    LiveConnection first = all.items().get(0);
    assertThat(first.userId()).isEqualTo("ada");
    assertThat(first.id()).isEqualTo(slow.session().id());
    assertThat(first.queuedBytes()).isGreaterThan(200);
    assertThat(first.address()).isEqualTo("192.0.2.1");
    assertThat(first.transport()).isEqualTo(Transport.OTHER);
    assertThat(first.since()).isEqualTo(1_000_000);
    assertThat(first.subscriptions()).isEqualTo(1);
    assertThat(all.items().get(1).guest()).isTrue();
    assertThat(inspector().connections("", LiveConnection.Order.SINCE, 1).items())
        .extracting(LiveConnection::userId)
        .containsExactly("visitor");
  }

  @Test
  void connectionsAreFoundByUserConnectionAddressAndChannel() {
    Client ada = connect(bus(), "Ada").subscribed("chat/1");
    connect(bus(), "bob");

    for (String search : new String[] {"ada", "AD", ada.session().id(), "chat/1"}) {
      Listing<LiveConnection> found =
          inspector().connections(search, LiveConnection.Order.QUEUE, 10);
      assertThat(found.matched()).as(search).isEqualTo(1);
      assertThat(found.total()).isEqualTo(2);
      assertThat(found.items().get(0).userId()).isEqualTo("Ada");
    }
    assertThat(inspector().connections("192.0.2", LiveConnection.Order.QUEUE, 10).matched())
        .isEqualTo(2);
    assertThat(inspector().connections("nobody", LiveConnection.Order.QUEUE, 10).items()).isEmpty();
  }

  @Test
  void noMoreIsToldThanWasAskedFor() {
    for (int i = 0; i < 5; i++) {
      connect(bus(), "u" + i).subscribed("c" + i);
    }
    Listing<LiveConnection> some =
        inspector().connections("", LiveConnection.Order.SUBSCRIPTIONS, 2);
    assertThat(some.items()).hasSize(2);
    assertThat(some.matched()).isEqualTo(5);
    assertThat(inspector().channels("", LiveChannel.Order.TOPIC, 2).items())
        .extracting(LiveChannel::topic)
        .containsExactly("c0", "c1");
    for (int limit : new int[] {0, -1, Listing.MAX + 1}) {
      assertThatThrownBy(() -> inspector().connections("", LiveConnection.Order.QUEUE, limit))
          .isInstanceOf(IllegalArgumentException.class);
    }
  }

  @Test
  void aConnectionIsToldWithItsSubscriptions() {
    Client ada = connect(bus(), "ada").subscribed("b").subscribed("a");

    ConnectionDetail detail = inspector().connection(ada.session().id());
    assertThat(detail).isNotNull();
    assertThat(detail.subscriptions()).extracting(s -> s.topic()).containsExactly("a", "b");
    assertThat(inspector().connection("no-such")).isNull();
  }

  @Test
  void channelsAreToldWithTheirPositionAndRate() {
    connect(bus(), "ada").subscribed("busy").subscribed("quiet");
    publish("busy", 1);
    assertThat(channels().get("busy").perSecond()).isNull();
    time.addAndGet(1_000);
    channels();
    publish("busy", 40);
    time.addAndGet(2_000);

    LiveChannel busy = channels().get("busy");
    assertThat(busy.perSecond()).isEqualTo(20.0);
    assertThat(busy.subscribers()).isEqualTo(1);
    assertThat(busy.position()).isNotNull();
    assertThat(busy.position().offset()).isEqualTo(41);
    assertThat(channels().get("quiet").perSecond()).isEqualTo(0.0);
    assertThat(inspector().channels("", LiveChannel.Order.RATE, 1).items())
        .extracting(LiveChannel::topic)
        .containsExactly("busy");
    time.addAndGet(60_000);
    assertThat(channels().get("busy").perSecond()).isNull();
  }

  private java.util.Map<String, LiveChannel> channels() {
    return inspector().channels("", LiveChannel.Order.TOPIC, Listing.MAX).items().stream()
        .collect(java.util.stream.Collectors.toMap(LiveChannel::topic, channel -> channel));
  }

  @Test
  void aChannelIsToldWithItsSubscribersAndMembersButNotTheirState() {
    connect(bus(), "ada").subscribed("room").acked("'type':'track','topic':'room','data':{'s':1}");
    bus().channel("room").on("*", message -> {});
    publish("room", 3);

    ChannelDetail detail = await(inspector().channel("room"));
    assertThat(detail.position().offset()).isEqualTo(3);
    assertThat(detail.retained()).isEqualTo(3);
    assertThat(detail.javaSubscribers()).isEqualTo(1);
    assertThat(detail.connections()).extracting(LiveConnection::userId).containsExactly("ada");
    assertThat(detail.members()).isNotNull();
    assertThat(detail.members().items())
        .extracting(LiveMember::userId, LiveMember::online, LiveMember::connections)
        .containsExactly(org.assertj.core.api.Assertions.tuple("ada", true, 1));

    ChannelDetail unused = await(inspector().channel("unused"));
    assertThat(unused.channel()).isNull();
    assertThat(unused.retained()).isZero();
    assertThat(unused.connections()).isEmpty();
  }

  @Test
  void whoMayInspectIsAskedOfThePolicyAndNobodyByDefault() {
    Identity admin = Identity.of("root").withRoles(Set.of("admin"));
    assertThatThrownBy(() -> inspector().require(null)).hasMessageContaining("log in");
    assertThatThrownBy(() -> inspector().require(Identity.guest("g")))
        .hasMessageContaining("log in");
    assertThatThrownBy(() -> inspector().require(admin)).hasMessageContaining("canInspect");

    try (Realtime other =
        Realtime.builder()
            .access(AccessPolicy.open().inspectedBy(who -> who.roles().contains("admin")))
            .build()) {
      other.inspector().require(admin);
      assertThatThrownBy(() -> other.inspector().require(Identity.of("ada")))
          .isInstanceOf(Rejection.class);
      assertThat(other.admitsGuests()).isTrue();
    }
    try (Realtime broken =
        Realtime.builder()
            .access(
                AccessPolicy.open()
                    .inspectedBy(
                        who -> {
                          throw new IllegalStateException("broken");
                        }))
            .build()) {
      assertThatThrownBy(() -> broken.inspector().require(admin)).isInstanceOf(Rejection.class);
    }
  }

  /** Whoever looks neither waits for a client's command nor holds one up. */
  @Test
  void aCommandThatBlocksDoesNotKeepAnybodyFromLooking() throws InterruptedException {
    CountDownLatch entered = new CountDownLatch(1);
    CountDownLatch go = new CountDownLatch(1);
    bus()
        .onCall(
            "wait",
            request -> {
              entered.countDown();
              go.await();
              return null;
            });
    Client ada = connect(bus(), "ada").subscribed("chat");
    Thread blocked = new Thread(() -> ada.tell("'type':'call','method':'wait','data':1"));
    blocked.start();
    assertThat(entered.await(30, TimeUnit.SECONDS)).isTrue();
    try {
      assertThat(inspector().connections("ada", LiveConnection.Order.QUEUE, 1).matched())
          .isEqualTo(1);
      assertThat(await(inspector().channel("chat")).connections()).hasSize(1);
    } finally {
      go.countDown();
      blocked.join();
    }
    eventually().until(() -> ada.told("ack").size() >= 2);
  }
}
