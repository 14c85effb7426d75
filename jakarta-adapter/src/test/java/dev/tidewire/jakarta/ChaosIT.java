package dev.tidewire.jakarta;

import static org.assertj.core.api.Assertions.assertThat;

import dev.tidewire.AccessPolicy;
import dev.tidewire.channel.Position;
import dev.tidewire.jakarta.ChaosReader.Transport;
import java.net.URI;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.locks.LockSupport;
import java.util.function.BooleanSupplier;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/**
 * Readers and writers behind a network that misbehaves at random, on every transport: what is
 * published is heard once and in order, what is published by a client is published once.
 *
 * <p>{@code -Dtidewire.seed=…} takes the same seed again, {@code -Dtidewire.messages=…} another
 * length.
 */
class ChaosIT {

  private static final List<String> TOPICS = List.of("chaos/a", "chaos/b", "few/c");
  private static final int READERS = 3;
  private static final int WRITERS = 2;

  /** How far publishers may be ahead of a reader, far less than is kept for it. */
  private static final int MAX_AHEAD = 300;

  enum Network {
    WEBSOCKET(Transport.WEBSOCKET),
    SSE(Transport.SSE),
    POLL(Transport.POLL),
    SWITCHING(Transport.WEBSOCKET, Transport.SSE, Transport.POLL);

    final List<Transport> transports;

    Network(Transport... transports) {
      this.transports = List.of(transports);
    }
  }

  private final long seed = Long.getLong("tidewire.seed", System.nanoTime());
  private final int messages = Integer.getInteger("tidewire.messages", 2_000);

  @ParameterizedTest
  @EnumSource
  void nothingIsLostDoubledOrReordered(Network network) throws Exception {
    try (TestServer server = server();
        ChaosProxy proxy = new ChaosProxy(server.port(), seed).storm(true)) {
      URI base = URI.create("http://127.0.0.1:" + proxy.port() + "/app/realtime/");
      ChaosOracle oracle = new ChaosOracle(server.realtime(), TOPICS);
      List<ChaosReader> readers = new ArrayList<>();
      for (int i = 0; i < READERS; i++) {
        readers.add(new ChaosReader(base, TOPICS, network.transports, oracle, seed + i));
      }
      List<ChaosWriter> writers = new ArrayList<>();
      for (int i = 0; i < WRITERS; i++) {
        writers.add(new ChaosWriter(base, TOPICS, oracle, "w" + i, seed + 100 + i));
      }
      play(server, network, oracle, readers, writers);

      System.out.printf(
          "%s, seed %d%n  network: %s%n  readers: %s%n  writers: %s%n",
          network, seed, proxy, readers, writers);
      oracle.isSatisfied(network + ", seed " + seed);
      assertThat(proxy.broken()).as("connections broken, seed %d", seed).isPositive();
    }
  }

  private static TestServer server() throws Exception {
    return TestServer.start(
        builder ->
            builder
                .access(AccessPolicy.open())
                .limits(l -> l.frames(0, 0).recovery(20_000, 8 << 20).queueBytes(8 << 20))
                .limits(l -> l.userConnections(0).addressConnections(0).addressRequests(0, 0))
                .channels("chaos/*", c -> c.retain(20_000, Duration.ofHours(1)))
                .channels("few/*", c -> c.retain(50, Duration.ofHours(1))));
  }

  private void play(
      TestServer server,
      Network network,
      ChaosOracle oracle,
      List<ChaosReader> readers,
      List<ChaosWriter> writers)
      throws Exception {
    ExecutorService threads = Executors.newCachedThreadPool();
    AtomicBoolean written = new AtomicBoolean();
    try {
      List<CompletableFuture<Void>> reading = new ArrayList<>();
      for (ChaosReader reader : readers) {
        reading.add(
            CompletableFuture.runAsync(
                () -> {
                  while (!(written.get() && isUpToDate(reader, oracle))) {
                    reader.readSome();
                  }
                },
                threads));
      }
      awaitBeginning(readers, reading); // so that all that is published is theirs to hear
      List<CompletableFuture<Void>> writing = new ArrayList<>();
      for (ChaosWriter writer : writers) {
        writing.add(
            CompletableFuture.runAsync(
                () -> write(writer, network, () -> isNear(readers, oracle)), threads));
      }
      writing.add(CompletableFuture.runAsync(() -> publish(server, readers, oracle), threads));
      all(writing).get(15, TimeUnit.MINUTES);
      int count = messages * 3 / 4 + WRITERS * (messages / 8);
      WireClient.soon("the log").until(() -> oracle.published() >= count);
      written.set(true);
      all(reading).get(2, TimeUnit.MINUTES);
    } finally {
      written.set(true);
      threads.shutdownNow();
    }
  }

  private static CompletableFuture<Void> all(List<CompletableFuture<Void>> tasks) {
    CompletableFuture<Void> all =
        CompletableFuture.allOf(tasks.toArray(new CompletableFuture<?>[0]));
    CompletableFuture<Void> first = new CompletableFuture<>(); // one that fails ends it at once
    all.thenAccept(first::complete);
    tasks.forEach(
        task ->
            task.whenComplete(
                (nothing, failure) -> {
                  if (failure != null) {
                    first.completeExceptionally(failure);
                  }
                }));
    return first;
  }

  private static void awaitBeginning(
      List<ChaosReader> readers, List<CompletableFuture<Void>> reading) {
    while (!readers.stream().allMatch(r -> TOPICS.stream().allMatch(t -> r.position(t) != null))) {
      assertThat(reading).noneMatch(CompletableFuture::isCompletedExceptionally);
      LockSupport.parkNanos(1_000_000);
    }
  }

  private void write(ChaosWriter writer, Network network, BooleanSupplier near) {
    int count = messages / 8;
    try {
      if (network.transports.contains(Transport.WEBSOCKET)) {
        writer.overSockets(count, near);
      } else {
        writer.overHttp(count, near);
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  private void publish(TestServer server, List<ChaosReader> readers, ChaosOracle oracle) {
    Random random = new Random(seed + 200);
    int burst = 0;
    for (int i = 0; i < messages * 3 / 4; i++) {
      while (!isNear(readers, oracle)) {
        LockSupport.parkNanos(500_000);
      }
      if (++burst > random.nextInt(60)) {
        burst = 0;
        LockSupport.parkNanos(random.nextInt(5_000_000));
      }
      String topic = TOPICS.get(random.nextInt(TOPICS.size()));
      server.realtime().emit("n", "s" + i, topic).toCompletableFuture().join();
    }
  }

  private static boolean isNear(List<ChaosReader> readers, ChaosOracle oracle) {
    for (String topic : TOPICS) {
      Position end = oracle.end(topic);
      for (ChaosReader reader : readers) {
        Position at = reader.position(topic);
        if (end != null && at != null && end.offset() - at.offset() > MAX_AHEAD) {
          return false;
        }
      }
    }
    return true;
  }

  private static boolean isUpToDate(ChaosReader reader, ChaosOracle oracle) {
    return TOPICS.stream()
        .allMatch(
            topic -> {
              Position end = oracle.end(topic);
              return end == null || end.equals(reader.position(topic));
            });
  }
}
