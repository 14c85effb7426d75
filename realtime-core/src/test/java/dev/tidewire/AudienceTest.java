package dev.tidewire;

import static dev.tidewire.Client.connect;
import static dev.tidewire.Client.eventually;
import static org.assertj.core.api.Assertions.assertThat;

import dev.tidewire.testing.Parallel;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/** Producers that only work while somebody listens. */
class AudienceTest {

  private final List<String> told = new CopyOnWriteArrayList<>();
  private final CountDownLatch go = new CountDownLatch(1);
  private final CountDownLatch begun = new CountDownLatch(1);
  private final Realtime realtime =
      Realtime.builder()
          .access(AccessPolicy.open())
          .limits(limits -> limits.frames(0, 0))
          .channels(
              "prices/*",
              c -> c.whileOccupied(topic -> told.add("+" + topic), topic -> told.add("-" + topic)))
          .channels(
              "slow",
              c ->
                  c.whileOccupied(
                      topic -> {
                        told.add("+" + topic);
                        begun.countDown();
                        await();
                      },
                      topic -> told.add("-" + topic)))
          .channels(
              "failing",
              c ->
                  c.whileOccupied(
                      topic -> {
                        begun.countDown();
                        throw new IllegalStateException();
                      },
                      topic -> told.add("-" + topic)))
          .build();

  private void await() {
    try {
      go.await();
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  @AfterEach
  void close() {
    go.countDown();
    realtime.close();
  }

  private void told(String... expected) {
    eventually().until(() -> told.size() >= expected.length);
    assertThat(told).containsExactly(expected);
  }

  @Test
  void theFirstClientOccupiesAndTheLastVacates() {
    Client ada = connect(realtime, "ada").subscribed("prices/a");
    Client bob = connect(realtime, "bob").subscribed("prices/a").subscribed("other");
    told("+prices/a");
    ada.acked("'type':'unsubscribe','topic':'prices/a'");
    ada.acked("'type':'ping'");
    told("+prices/a");
    bob.connection().drop(1006);

    told("+prices/a", "-prices/a");
  }

  @Test
  void subscribersOfTheServerItselfDoNotCount() {
    Subscription own = realtime.channel("prices/a").on("*", message -> {});
    Client ada = connect(realtime, "ada").subscribed("prices/a");
    told("+prices/a");
    ada.connection().drop(1000);

    told("+prices/a", "-prices/a");
    own.close();
  }

  @Test
  void aSecondSubscribeOfOneClientIsStillOneClient() {
    Client ada = connect(realtime, "ada").subscribed("prices/a").subscribed("prices/a");
    told("+prices/a");
    ada.acked("'type':'unsubscribe','topic':'prices/a'");

    told("+prices/a", "-prices/a");
  }

  @Test
  void whatComesAndGoesDuringACallIsToldByHowItStandsAfterIt() throws Exception {
    Client ada = connect(realtime, "ada").subscribed("slow");
    begun.await();
    for (int i = 0; i < 5; i++) {
      ada.acked("'type':'unsubscribe','topic':'slow'");
      ada.subscribed("slow");
    }
    ada.acked("'type':'unsubscribe','topic':'slow'");
    connect(realtime, "bob").subscribed("prices/a"); // nobody else waits
    told("+slow", "+prices/a");
    go.countDown();

    told("+slow", "+prices/a", "-slow");
  }

  @Test
  void oneThatFailsIsToldAllTheSameWhenItIsOver() throws Exception {
    Client ada = connect(realtime, "ada").subscribed("failing");
    begun.await(); // who comes and goes before the call is not told
    ada.connection().drop(1000);

    told("-failing");
  }

  @Test
  void theCallsOfAChannelComeInTurnHoweverFastClientsComeAndGo() {
    AtomicInteger names = new AtomicInteger();
    Parallel.times(
        4,
        () -> {
          Client client = connect(realtime, "u" + names.incrementAndGet());
          for (int i = 0; i < 300; i++) {
            client.subscribed("prices/a");
            client.acked("'type':'unsubscribe','topic':'prices/a'");
          }
        });
    eventually().until(() -> !told.isEmpty() && told.get(told.size() - 1).startsWith("-"));

    for (int i = 0; i < told.size(); i++) {
      assertThat(told.get(i)).isEqualTo((i % 2 == 0 ? "+" : "-") + "prices/a");
    }
  }
}
