package dev.tidewire;

import static dev.tidewire.Client.connect;
import static dev.tidewire.testing.Drafts.await;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.tidewire.protocol.Command;
import dev.tidewire.protocol.Reply;
import dev.tidewire.testing.FakeConnection;
import dev.tidewire.testing.FakeConnection.Sending;
import dev.tidewire.testing.FaultyStreams;
import dev.tidewire.testing.ManualClock;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.concurrent.CompletableFuture;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import tools.jackson.databind.JsonNode;

/** A node whose clients are sent elsewhere; time and threads are in the test's hands. */
class DrainTest {

  private final ManualClock clock = new ManualClock();
  private final FaultyStreams streams = new FaultyStreams(clock);
  private final FaultyStreams.Node broker = streams.node();
  private final SteppedThreads threads = new SteppedThreads();
  private Realtime realtime;

  private Realtime.Builder settings() {
    return Realtime.builder()
        .clock(clock)
        .access(AccessPolicy.open())
        .limits(l -> l.frames(0, 0).userConnections(0));
  }

  @BeforeEach
  void open() {
    Realtime.Builder settings = settings().broker(broker);
    settings.threads = () -> threads;
    realtime = settings.build();
  }

  @AfterEach
  void close() {
    realtime.close();
  }

  /** A second passes. */
  private void tick() {
    clock.advance(Duration.ofSeconds(1));
    threads.tick();
    runAll();
  }

  private void runAll() {
    while (threads.step(0)) {
      // what is left
    }
  }

  private List<Client> clients(int count) {
    return IntStream.range(0, count).mapToObj(i -> connect(realtime, "u" + i)).toList();
  }

  private static long closed(List<Client> clients) {
    return clients.stream().filter(Client::isClosed).count();
  }

  private static String advice(Client client) {
    return client.told("advice", 1).get(0).get("payload").toString();
  }

  @Test
  void clientsLeaveInWavesOfTheSameSizeUntilTheTimeIsUp() {
    List<Client> clients = clients(95);
    CompletableFuture<Void> done = realtime.drain(Duration.ofSeconds(10)).toCompletableFuture();
    List<Long> gone = new ArrayList<>();
    for (int second = 1; second <= 10; second++) {
      assertThat(done).isNotDone();
      tick();
      gone.add(closed(clients));
    }

    assertThat(gone).containsExactly(9L, 19L, 28L, 38L, 47L, 57L, 66L, 76L, 85L, 95L);
    assertThat(done).isCompleted();
    for (Client client : clients) {
      assertThat(client.closeCode()).isEqualTo(1001);
      assertThat(advice(client)).isEqualTo("{\"reconnect\":\"retry\",\"delayMs\":[0,1000]}");
    }
  }

  @Test
  void whoLeavesByItselfIsOneLessToSendAway() {
    List<Client> clients = clients(10);
    realtime.drain(Duration.ofSeconds(5));
    clients.subList(0, 4).forEach(client -> client.connection().drop(1000));
    tick();
    assertThat(closed(clients)).isEqualTo(4);
    tick();
    assertThat(closed(clients)).isEqualTo(4);
    tick();
    assertThat(closed(clients)).isEqualTo(6);
  }

  @Test
  void withoutATimeAllGoAtOnceAndComeBackSpread() {
    List<Client> clients = clients(3);
    realtime.drain(Duration.ZERO);
    tick();

    assertThat(closed(clients)).isEqualTo(3);
    assertThat(advice(clients.get(0))).isEqualTo("{\"reconnect\":\"retry\",\"delayMs\":[0,15000]}");
  }

  @Test
  void nobodyNewIsLetInAndEachIsCounted() {
    Client here = connect(realtime, "ada").subscribed("t");
    realtime.drain(Duration.ofSeconds(10));

    for (Runnable attempt :
        List.<Runnable>of(
            () -> realtime.admission().handshake("192.0.2.7"),
            () -> realtime.admission().poll("192.0.2.7"),
            () ->
                realtime
                    .streams()
                    .send(Identity.of("bob"), "192.0.2.7", null, "{\"type\":\"ping\"}"))) {
      assertThatThrownBy(attempt::run)
          .isInstanceOfSatisfying(
              Rejection.class,
              e -> {
                assertThat(e.toReply().status()).isEqualTo(503);
                assertThat(e.toReply().retryAfterMs()).isEqualTo(2_000);
              });
    }
    Reply reply = await(realtime.request(Identity.of("bob"), new Command.Members("1", "t")));
    assertThat(reply)
        .isInstanceOfSatisfying(Reply.Failure.class, f -> assertThat(f.status()).isEqualTo(503));
    assertThat(realtime.statistics().refusedWhileDraining()).isEqualTo(4);
    realtime.admission().request("192.0.2.7"); // of those who are here
    here.acked("'type':'publish','topic':'t','event':'e','data':1");
    assertThat(here.heard()).containsExactly("1");
    assertThat(realtime.statistics().refusedWhileDraining()).isEqualTo(4);
  }

  @Test
  void aClientWhoseHandshakeWasUnderWayGoesWithTheOthers() {
    realtime.drain(Duration.ofSeconds(3));
    tick();
    Client late = connect(realtime, "late");
    tick();
    assertThat(late.closeCode()).isEqualTo(1001);
  }

  @Test
  void aPublicationThatIsUnderWayIsAnsweredBeforeItsClientIsSentAway() {
    Client ada = connect(realtime, "ada").subscribed("t");
    Client bob = connect(realtime, "bob");
    broker.holdAnswers();
    String id = ada.tell("'type':'publish','topic':'t','event':'e','data':1");
    assertThat(realtime.statistics().publishing().underWay()).isEqualTo(1);
    CompletableFuture<Void> done = realtime.drain(Duration.ZERO).toCompletableFuture();
    tick();
    assertThat(bob.isClosed()).isTrue();
    assertThat(ada.isClosed()).isFalse();
    broker.answer();
    assertThat(ada.answer(id).get("type").asString()).isEqualTo("ack");
    assertThat(done).isNotDone();
    tick();

    assertThat(ada.closeCode()).isEqualTo(1001);
    assertThat(ada.heard()).containsExactly("1");
    assertThat(done).isCompleted();
    assertThat(realtime.statistics().publishing().underWay()).isZero();
  }

  @Test
  void anAnswerThatNeverComesIsNotWaitedForForEver() {
    Client ada = connect(realtime, "ada");
    broker.holdAnswers();
    ada.tell("'type':'publish','topic':'t','event':'e','data':1");
    CompletableFuture<Void> done = realtime.drain(Duration.ofSeconds(2)).toCompletableFuture();
    for (int second = 1; second < 7; second++) {
      tick();
    }
    assertThat(ada.isClosed()).isFalse();
    tick();
    assertThat(ada.closeCode()).isEqualTo(1001);
    assertThat(done).isNotDone();
    for (int second = 8; second <= 12; second++) {
      tick();
    }
    assertThat(done).isCompleted();
  }

  @Test
  void aClientThatDoesNotReadIsCut() {
    FakeConnection stuck = new FakeConnection();
    connect(realtime, Identity.of("ada"), stuck).subscribed("t");
    stuck.behave(Sending.STALL);
    await(realtime.channel("t").publish("e", 1));
    CompletableFuture<Void> done = realtime.drain(Duration.ofSeconds(1)).toCompletableFuture();
    for (int second = 1; second <= 7; second++) {
      assertThat(done).isNotDone();
      tick();
    }
    assertThat(stuck.closed().code()).isEqualTo(1001);
    tick();
    assertThat(done).isCompleted();
    assertThat(realtime.connectionCount()).isZero();
  }

  @Test
  void closingSendsTheRestAwayAtOnce() {
    List<Client> clients = clients(4);
    CompletableFuture<Void> done = realtime.drain(Duration.ofHours(1)).toCompletableFuture();
    realtime.close();

    assertThat(done).isCompleted();
    assertThat(closed(clients)).isEqualTo(4);
    assertThat(realtime.health().status()).isEqualTo(Health.Status.DOWN);
  }

  @Test
  void whereNobodyIsThereIsNothingToWaitFor() {
    assertThat(realtime.drain(Duration.ofHours(1)).toCompletableFuture()).isCompleted();
  }

  @Test
  void aSecondCallChangesNothing() {
    List<Client> clients = clients(4);
    realtime.drain(Duration.ofSeconds(4));
    CompletableFuture<Void> done = realtime.drain(Duration.ZERO).toCompletableFuture();
    tick();
    assertThat(closed(clients)).isEqualTo(1);
    assertThat(done).isNotDone();
    assertThatThrownBy(() -> realtime.drain(Duration.ofSeconds(-7)))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("PT-7S");
  }

  /** One that goes to another node when it is sent away, and asks for what it missed. */
  private static final class Mover {
    private final List<Client> stays = new ArrayList<>();

    Mover(Realtime first, String user) {
      Client here = connect(first, user);
      here.tell("'type':'subscribe','topic':'t'");
      stays.add(here);
    }

    /** Goes if it was sent away. */
    void move(Realtime to, String user) {
      if (stays.size() == 1 && stays.get(0).isClosed()) {
        Client there = connect(to, user);
        stays.add(there);
        JsonNode ack = there.acked("'type':'subscribe','topic':'t','since':'" + last() + "'");
        assertThat(ack.get("recovered").asBoolean()).isTrue();
      }
    }

    private String last() {
      List<JsonNode> events = stays.get(0).told("event");
      return events.isEmpty() ? "shared.0" : events.get(events.size() - 1).get("id").asString();
    }

    List<String> heard() {
      return stays.stream()
          .flatMap(client -> client.connection().frames().stream())
          .flatMap(
              frame ->
                  frame.get("type").asString().equals("event")
                      ? Stream.of(frame)
                      : frame.at("/payload/messages").valueStream())
          .map(event -> event.get("data").toString())
          .toList();
    }
  }

  @Test
  void whoMovesToAnotherNodeHearsEverythingOnceAndInOrder() {
    long seed = new Random().nextLong();
    System.out.println("DrainTest seed " + seed);
    Random random = new Random(seed);
    try (Realtime other = settings().broker(streams.node()).build()) {
      List<Mover> movers =
          IntStream.range(0, 40).mapToObj(i -> new Mover(realtime, "u" + i)).toList();
      runAll();
      CompletableFuture<Void> done = realtime.drain(Duration.ofSeconds(8)).toCompletableFuture();
      int published = 0;
      for (int second = 0; second < 10; second++) {
        for (int i = random.nextInt(30); i >= 0; i--) {
          await((random.nextBoolean() ? realtime : other).channel("t").publish("e", published++));
          if (random.nextInt(4) == 0) {
            threads.step(random.nextInt(4));
          }
        }
        tick();
        for (int i = 0; i < movers.size(); i++) {
          movers.get(i).move(other, "u" + i);
        }
      }
      assertThat(done).isCompleted();
      List<String> all = IntStream.range(0, published).mapToObj(String::valueOf).toList();
      for (Mover mover : movers) {
        Client.eventually().untilAsserted(() -> assertThat(mover.heard()).isEqualTo(all));
      }
      assertThat(other.statistics().recovery().complete()).isEqualTo(40);
    }
  }
}
