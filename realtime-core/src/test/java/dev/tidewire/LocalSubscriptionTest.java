package dev.tidewire;

import static dev.tidewire.Client.connect;
import static dev.tidewire.Client.eventually;
import static dev.tidewire.testing.Drafts.await;
import static org.assertj.core.api.Assertions.assertThat;

import dev.tidewire.channel.Operation;
import dev.tidewire.channel.RowChange;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicReference;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

class LocalSubscriptionTest {

  private final Realtime realtime = Realtime.builder().access(AccessPolicy.open()).build();
  private final Channel channel = realtime.channel("t");
  private final List<String> heard = new CopyOnWriteArrayList<>();

  @AfterEach
  void close() {
    realtime.close();
  }

  private void publish(String event, Object data) {
    await(channel.publish(event, data));
  }

  private static RowChange change(Operation operation, int id) {
    return new RowChange("orders", operation, Map.of("id", id), null, "u", "tx", null);
  }

  @Test
  void aListenerHearsItsEventWithEverythingAboutIt() {
    AtomicReference<Message> got = new AtomicReference<>();
    channel.on("message", got::set);
    publish("other", 1);
    await(channel.publish("message", Map.of("text", "hi"), PublishOptions.NONE.as("ada")));
    eventually().until(() -> got.get() != null);

    Message message = got.get();
    assertThat(message.topic()).isEqualTo("t");
    assertThat(message.event()).isEqualTo("message");
    assertThat(message.userId()).isEqualTo("ada");
    assertThat(message.json()).isEqualTo("{\"text\":\"hi\"}");
    assertThat(message.as(Map.class).get("text")).isEqualTo("hi");
    assertThat(message.position().offset()).isEqualTo(2);
    assertThat(message.timestamp()).isPositive();
    assertThat(message.change()).isNull();
    assertThat(message).hasToString("t@" + message.position());
  }

  @Test
  void aStarListenerHearsEverythingInOrder() {
    channel.on("*", message -> heard.add(message.json()));
    List<String> expected = new ArrayList<>();
    for (int i = 0; i < 2_000; i++) {
      publish("e" + i % 3, i);
      expected.add("" + i);
    }

    eventually().until(() -> heard.size() == 2_000);
    assertThat(heard).isEqualTo(expected);
  }

  @Test
  void whatIsPublishedAfterTheCallReturnedIsHeard() {
    for (int i = 0; i < 200; i++) {
      CompletableFuture<String> first = new CompletableFuture<>();
      publish("e", "before");
      Subscription subscription = channel.on("*", message -> first.complete(message.json()));
      publish("e", i);

      assertThat(await(first)).isEqualTo("" + i);
      subscription.close();
    }
  }

  @Test
  void changesAndReloadsAreHeard() {
    TableChannel orders = realtime.tableChannel("orders");
    realtime
        .channel("orders")
        .onChange(
            change -> heard.add(change.operation() + " " + change.row().get("id")),
            () -> heard.add("reload"));
    realtime.channel("orders").on("INSERT", message -> heard.add("on " + message.change().row()));
    realtime.channel("orders").on(Message.RESET, message -> heard.add("on " + message.event()));
    realtime.channel("orders").onChange(change -> heard.add("only " + change.operation()));
    await(orders.publish(change(Operation.INSERT, 1)));
    await(orders.reset());
    await(orders.publish(change(Operation.DELETE, 1)));

    eventually().until(() -> heard.size() == 7);
    assertThat(heard)
        .contains("on {id=1}", "on reset", "only INSERT", "only DELETE")
        .containsSubsequence("INSERT 1", "reload", "DELETE 1");
  }

  @Test
  void aListenerThatThrowsHearsTheNextMessage() {
    channel.on(
        "*",
        message -> {
          heard.add(message.json());
          if (message.json().equals("1")) {
            throw new IllegalStateException("listener's trouble");
          }
          if (message.json().equals("2")) {
            throw new AssertionError("listener's trouble");
          }
        });
    for (int i = 0; i < 4; i++) {
      publish("e", i);
    }

    eventually().until(() -> heard.size() == 4);
    assertThat(heard).containsExactly("0", "1", "2", "3");
  }

  @Test
  void listenersThatBlockHoldUpNobodyElse() throws Exception {
    CountDownLatch gate = new CountDownLatch(1);
    CompletableFuture<Integer> future = new CompletableFuture<>();
    for (int i = 0; i < 25; i++) {
      channel.on("*", message -> awaitUninterruptibly(gate));
      channel.on("*", message -> future.join());
    }
    channel.on("*", message -> heard.add(message.json()));
    Client ada = connect(realtime, "ada").subscribed("t");
    for (int i = 0; i < 50; i++) {
      publish("e", i);
    }

    ada.told("event", 50);
    eventually().until(() -> heard.size() == 50);
    gate.countDown();
    future.complete(1);
  }

  @Test
  void moreListenersThatBlockThanThereAreThreadsAllHearEverything() {
    CompletableFuture<Integer> gate = new CompletableFuture<>();
    AtomicInteger count = new AtomicInteger();
    for (int i = 0; i < 100; i++) {
      channel.on(
          "*",
          message -> {
            gate.join();
            count.incrementAndGet();
          });
    }
    for (int i = 0; i < 5; i++) {
      publish("e", i);
    }
    gate.complete(1);

    eventually().until(() -> count.get() == 500);
  }

  private static void awaitUninterruptibly(CountDownLatch gate) {
    try {
      assertThat(gate.await(60, TimeUnit.SECONDS)).isTrue();
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  @Test
  void aListenerTooFarBehindIsToldToReloadAndHearsWhatFollows() {
    CountDownLatch gate = new CountDownLatch(1);
    AtomicInteger started = new AtomicInteger();
    channel.on(
        "e",
        message -> {
          started.incrementAndGet();
          awaitUninterruptibly(gate);
          heard.add(message.event() + message.position().offset());
        });
    publish("e", 1);
    eventually().until(() -> started.get() == 1);
    for (int i = 0; i < 10_001; i++) {
      publish("e", i);
    }
    publish("e", "after");
    gate.countDown();

    eventually().until(() -> heard.size() == 3);
    assertThat(heard).containsExactly("e1", "reset10002", "e10003");
  }

  @Test
  void aListenerMayUseTheBus() {
    channel.on(
        "ask",
        message -> {
          channel.publish("answer", message.as(Integer.class) + 1);
          realtime.channel("log").publish("e", 1);
          Subscription other = realtime.channel("t").on("x", m -> {});
          other.close();
        });
    channel.on("answer", message -> heard.add(message.json()));
    Client ada = connect(realtime, "ada").subscribed("t");
    ada.acked("'type':'publish','topic':'t','event':'ask','data':41");

    eventually().until(() -> heard.equals(List.of("42")));
    ada.told("event", 2);
  }

  @Test
  void aClosedSubscriptionHearsNothingMore() {
    AtomicReference<Subscription> self = new AtomicReference<>();
    CountDownLatch set = new CountDownLatch(1);
    self.set(
        channel.on(
            "*",
            message -> {
              awaitUninterruptibly(set);
              heard.add(message.json());
              self.get().close();
              self.get().close();
            }));
    set.countDown();
    for (int i = 0; i < 100; i++) {
      publish("e", i);
    }
    eventually().until(() -> realtime.hub().channelCount() == 0);

    assertThat(heard).containsExactly("0");
  }

  @Test
  void callbacksRunOnThreadsOfTheBusWithTheApplicationsClassLoader() {
    ClassLoader own = new java.net.URLClassLoader(new java.net.URL[0]);
    ClassLoader before = Thread.currentThread().getContextClassLoader();
    Thread.currentThread().setContextClassLoader(own);
    try (Realtime bus = Realtime.builder().build()) {
      Thread.currentThread().setContextClassLoader(before);
      AtomicReference<Thread> thread = new AtomicReference<>();
      AtomicReference<ClassLoader> loader = new AtomicReference<>();
      bus.channel("t")
          .on(
              "*",
              message -> {
                loader.set(Thread.currentThread().getContextClassLoader());
                thread.set(Thread.currentThread());
              });
      await(bus.channel("t").publish("e", 1));
      eventually().until(() -> thread.get() != null);

      assertThat(thread.get().getName()).startsWith("tidewire-callback-");
      assertThat(thread.get().isDaemon()).isTrue();
      assertThat(loader.get()).isSameAs(own);
    } finally {
      Thread.currentThread().setContextClassLoader(before);
    }
  }
}
