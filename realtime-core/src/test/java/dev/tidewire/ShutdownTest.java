package dev.tidewire;

import static dev.tidewire.Client.connect;
import static dev.tidewire.Client.eventually;
import static dev.tidewire.testing.Drafts.await;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.tidewire.broker.Broker;
import dev.tidewire.history.HistoryStore;
import dev.tidewire.history.MemoryHistoryStore;
import dev.tidewire.presence.MemoryPresenceTracker;
import dev.tidewire.presence.PresenceTracker;
import dev.tidewire.testing.FakeConnection;
import dev.tidewire.testing.FakeConnection.Sending;
import dev.tidewire.testing.WrappedBroker;
import java.lang.reflect.Proxy;
import java.time.Clock;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;

class ShutdownTest {

  private final Realtime.Builder settings = Realtime.builder().access(AccessPolicy.open());

  private static Set<Thread> busThreads() {
    return Thread.getAllStackTraces().keySet().stream()
        .filter(t -> t.getName().startsWith("tidewire-"))
        .collect(Collectors.toSet());
  }

  @Test
  void everyClientIsAdvisedAndClosedAfterWhatWaited() {
    Realtime realtime = settings.build();
    Client ada = connect(realtime, "ada").subscribed("t");
    Client unknown = connect(realtime, (Identity) null);
    await(realtime.channel("t").publish("e", 1));
    realtime.close();

    for (Client client : List.of(ada, unknown)) {
      assertThat(client.closeCode()).isEqualTo(1001);
      assertThat(client.told("advice", 1).get(0).get("payload").toString())
          .isEqualTo("{\"reconnect\":\"retry\",\"delayMs\":[0,15000]}");
    }
    assertThat(ada.heard()).containsExactly("1");
    assertThat(realtime.connectionCount()).isZero();
  }

  @Test
  void noThreadIsLeft() {
    Set<Thread> before = busThreads();
    Realtime realtime = settings.build();
    for (int i = 0; i < 12; i++) {
      connect(realtime, "u" + i).subscribed("t");
    }
    List<String> heard = new CopyOnWriteArrayList<>();
    realtime.channel("t").on("*", message -> heard.add(message.json()));
    await(realtime.channel("t").publish("e", 1));
    eventually().until(() -> heard.size() == 1);
    assertThat(busThreads()).hasSizeGreaterThan(before.size());

    realtime.close();

    eventually()
        .until(
            () -> {
              Set<Thread> now = busThreads();
              now.removeAll(before);
              return now.isEmpty();
            });
  }

  @Test
  void messagesThatWaitForJavaSubscribersAreHandedOver() {
    Realtime realtime = settings.build();
    List<String> heard = new CopyOnWriteArrayList<>();
    CountDownLatch gate = new CountDownLatch(1);
    realtime
        .channel("t")
        .on(
            "*",
            message -> {
              try {
                assertThat(gate.await(30, TimeUnit.SECONDS)).isTrue();
              } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
              }
              heard.add(message.json());
            });
    for (int i = 0; i < 500; i++) {
      await(realtime.channel("t").publish("e", i));
    }
    Thread closing = new Thread(realtime::close);
    closing.start();
    eventually().until(() -> closing.getState() == Thread.State.TIMED_WAITING);
    gate.countDown();

    eventually().until(() -> !closing.isAlive());
    assertThat(heard).hasSize(500);
  }

  @Test
  void aClientThatDoesNotReadDoesNotHoldUpTheEnd() {
    Realtime realtime = settings.build();
    FakeConnection stuck = new FakeConnection();
    Client ada = connect(realtime, Identity.of("ada"), stuck);
    ada.subscribed("t");
    stuck.behave(Sending.STALL);
    await(realtime.channel("t").publish("e", 1));
    realtime.close();

    assertThat(stuck.closed().code()).isEqualTo(1001);
    assertThat(realtime.connectionCount()).isZero();
  }

  @Test
  void whoConnectsDuringTheEndIsSentAway() {
    Realtime realtime = settings.build();
    realtime.close();
    Client late = connect(realtime, "late");

    assertThat(late.closeCode()).isEqualTo(1001);
    assertThat(late.told("advice", 1).get(0).at("/payload/delayMs/1").asInt()).isEqualTo(15_000);
    assertThat(realtime.connectionCount()).isZero();
    realtime.close();
  }

  @Test
  void everythingIsClosedEvenIfOnePartFails() {
    List<String> closed = new ArrayList<>();
    Clock clock = Clock.systemUTC();
    Realtime realtime =
        settings
            .broker(failingToClose(Broker.class, new WrappedBroker(clock), closed))
            .presence(
                failingToClose(PresenceTracker.class, new MemoryPresenceTracker(clock), closed))
            .history(failingToClose(HistoryStore.class, new MemoryHistoryStore(), closed))
            .build();
    realtime.close();
    realtime.close();

    assertThat(closed).containsExactly("PresenceTracker", "Broker", "HistoryStore");
  }

  @Test
  void presenceLeavesWithTheBus() {
    MemoryPresenceTracker tracker = new MemoryPresenceTracker(Clock.systemUTC());
    Realtime realtime = settings.presence(tracker).build();
    Client ada = connect(realtime, "ada");
    ada.acked("'type':'track','topic':'t'");
    realtime.close();

    assertThat(await(tracker.state("t")).members()).isEmpty();
  }

  @Test
  void aBuilderBuildsOnce() {
    Realtime realtime = settings.build();

    assertThatThrownBy(settings::build).isInstanceOf(IllegalStateException.class);
    realtime.close();
  }

  @Test
  void impossibleSettingsAreRefusedAndQuoted() {
    assertThatThrownBy(() -> settings.channels("a b*", c -> c))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("a b");
    assertThatThrownBy(() -> settings.channels("", c -> c))
        .isInstanceOf(IllegalArgumentException.class);
    assertThatThrownBy(() -> settings.heartbeat(Duration.ofSeconds(-1), Duration.ZERO))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("PT-1S");
    assertThatThrownBy(() -> settings.limits(l -> l.members(-7)))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("-7");
    assertThatThrownBy(() -> settings.limits(l -> l.authenticationTime(Duration.ofSeconds(-7))))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("PT-7S");
    settings.channels("*", c -> c).channels("chat/*", c -> c).channels("t", c -> c);
  }

  /** The same, but its end is noted, and fails. */
  private static <T> T failingToClose(Class<T> type, T target, List<String> closed) {
    return type.cast(
        Proxy.newProxyInstance(
            type.getClassLoader(),
            new Class<?>[] {type},
            (proxy, method, args) -> {
              if (method.getName().equals("close")) {
                closed.add(type.getSimpleName());
                throw new IllegalStateException("no");
              }
              return method.invoke(target, args);
            }));
  }
}
