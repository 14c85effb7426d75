package dev.tidewire;

import static dev.tidewire.Client.eventually;
import static dev.tidewire.testing.Json.json;
import static org.assertj.core.api.Assertions.assertThat;

import dev.tidewire.channel.Position;
import dev.tidewire.testing.FakeConnection;
import dev.tidewire.testing.FakeConnection.Sending;
import dev.tidewire.testing.Parallel;
import dev.tidewire.transport.Session;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.atomic.AtomicInteger;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/** Subscribing, leaving and coming back while publishers never pause. */
class SubscribeUnderFireTest {

  private static final int DRIVERS = 3;
  private static final int CLIENTS_EACH = 17;
  private static final int STEPS = 30;

  private final ExecutorService network = Executors.newFixedThreadPool(2);
  private final AtomicInteger recoveries = new AtomicInteger();
  private final AtomicInteger refusals = new AtomicInteger();
  private final AtomicInteger reconnects = new AtomicInteger();
  private Realtime realtime;

  @AfterEach
  void close() {
    realtime.close();
    network.shutdownNow();
  }

  @Test
  void everySessionHearsEverythingOnceAndInOrder() {
    realtime =
        Realtime.builder()
            .access(AccessPolicy.open())
            .limits(l -> l.frames(0, 0).userConnections(0).queueBytes(0).recovery(0, 0))
            .channels("t", c -> c.retain(1_000_000, Duration.ofHours(1)))
            .build();
    play(false);

    assertThat(refusals).hasValue(0);
    assertThat(recoveries).hasPositiveValue();
  }

  @Test
  void whatIsNoLongerRetainedIsRefusedAndNeverPartial() {
    realtime =
        Realtime.builder()
            .access(AccessPolicy.open())
            .limits(l -> l.frames(0, 0).userConnections(0).queueBytes(0).recovery(0, 0))
            .channels("t", c -> c.retain(40, Duration.ofHours(1)))
            .build();
    play(false);

    assertThat(refusals).hasPositiveValue();
    assertThat(recoveries).hasPositiveValue();
  }

  @Test
  void slowConsumersThatAreCutComeBackAndLoseNothing() {
    realtime =
        Realtime.builder()
            .access(AccessPolicy.open())
            .limits(l -> l.frames(0, 0).userConnections(0).queueBytes(30_000).recovery(0, 0))
            .channels("t", c -> c.retain(1_000_000, Duration.ofHours(1)))
            .build();
    play(true);

    assertThat(reconnects).hasPositiveValue();
    assertThat(recoveries).hasPositiveValue();
  }

  private void play(boolean stalling) {
    long seed = new Random().nextLong();
    Channel channel = realtime.channel("t");
    AtomicInteger busy = new AtomicInteger(DRIVERS);
    AtomicInteger names = new AtomicInteger();
    List<Player> players = new ArrayList<>();
    List<Parallel.Task> tasks = new ArrayList<>();
    for (int i = 0; i < 2; i++) {
      Random random = new Random(seed + 100 + i);
      tasks.add(
          () -> {
            for (int n = 0; n < 3_000 && (busy.get() > 0 || n < 300); n++) {
              channel.publish("e", n);
              if (random.nextInt(8) == 0) {
                Thread.yield();
              }
            }
          });
    }
    for (int i = 0; i < DRIVERS; i++) {
      tasks.add(
          () -> {
            Random random = new Random(seed + names.incrementAndGet());
            List<Player> own = new ArrayList<>();
            for (int p = 0; p < CLIENTS_EACH; p++) {
              own.add(new Player("seed " + seed + " player " + p, random, stalling));
            }
            synchronized (players) {
              players.addAll(own);
            }
            for (int step = 0; step < STEPS * CLIENTS_EACH; step++) {
              own.get(random.nextInt(own.size())).step();
            }
            busy.decrementAndGet();
          });
    }
    Parallel.run(tasks);
    Position end = await(channel.publish("e", "last"));
    players.forEach(player -> player.finish(end));
  }

  private static Position await(java.util.concurrent.CompletionStage<Position> stage) {
    return dev.tidewire.testing.Drafts.await(stage);
  }

  /** One client over its connections. Driven by one thread. */
  private final class Player {
    private final String label;
    private final Random random;
    private final boolean stalling;
    private FakeConnection connection;
    private Session session;
    private StreamOracle oracle;
    private int commands;

    Player(String label, Random random, boolean stalling) {
      this.label = label;
      this.random = random;
      this.stalling = stalling;
      connect(null);
    }

    private void connect(@Nullable Position since) {
      connection = new FakeConnection();
      connection.behave(random.nextBoolean() ? Sending.AT_ONCE : Sending.on(network));
      session = realtime.connect(connection, Identity.of("u"));
      connection.attach(session);
      oracle = new StreamOracle(label + " connection " + commands, connection);
      if (since != null) {
        say(oracle.subscribe(id(), since));
      }
    }

    private String id() {
      return "c" + commands++;
    }

    private void say(String frame) {
      session.receive(json(frame));
    }

    void step() {
      if (connection.closed() != null) {
        reconnect();
        return;
      }
      switch (random.nextInt(8)) {
        case 0 -> say(oracle.subscribe(id(), null));
        case 1 -> say(oracle.subscribe(id(), before()));
        case 2 -> {
          if (oracle.look().isQuiet() && oracle.isSubscribed()) {
            say(oracle.unsubscribe(id()));
          }
        }
        case 3 -> {
          // A replay can be told from live messages only if nothing else is under way.
          Position before = before();
          if (oracle.isQuiet() && oracle.isSubscribed() && before != null) {
            say(oracle.sync(id(), before));
          }
        }
        case 4 -> reconnect();
        case 5 -> {
          if (stalling && random.nextInt(4) == 0) {
            connection.behave(Sending.STALL);
          }
        }
        default -> say(oracle.publish(id()));
      }
    }

    /** A position that the client knows, perhaps an old one. */
    private @Nullable Position before() {
      Position last = oracle.look().last();
      return last == null
          ? null
          : new Position(last.epoch(), Math.max(0, last.offset() - random.nextInt(60)));
    }

    private void reconnect() {
      connection.drop(1001);
      Position last = oracle.look().last();
      count();
      reconnects.incrementAndGet();
      connect(last);
    }

    private void count() {
      recoveries.addAndGet(oracle.recoveries());
      refusals.addAndGet(oracle.refusals());
    }

    void finish(Position end) {
      reconnect();
      say(oracle.subscribe(id(), null));
      eventually().until(() -> oracle.look().isQuiet() && end.equals(oracle.last()));
      count();
    }
  }
}
