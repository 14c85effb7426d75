package dev.tidewire.benchmarks.fanout;

import dev.tidewire.benchmarks.fanout.Scenario.Kind;
import java.io.IOException;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;

/** One scenario on one server that has just been started. Not thread-safe. */
final class Measurement {

  static final String COST = "CPU, µs per delivery";
  static final String JOINED = "deliveries per message";
  static final String P50 = "p50, ms";
  static final String P99 = "p99, ms";
  static final String HEAP = "heap per connection, KB";
  static final String FIRST_CONNECT = "CPU to open one of the first, ms";
  static final String CONNECT = "CPU to open one, ms";
  static final String RESIDENT = "resident memory, MB";

  /** Connections that are there before the heap is looked at, so that what is shared is. */
  private static final int FIRST_CONNECTIONS = 100;

  /** So long the compiler is watched before it is asked whether it is at rest. */
  private static final long ROUND_NANOS = TimeUnit.SECONDS.toNanos(3);

  /** It is if it worked less than this part of the time. */
  private static final double AT_REST = 0.01;

  private static final int QUIET_ROUNDS = 5;

  private static final int PORTIONS = 20;

  private static final long REST_NANOS = TimeUnit.MILLISECONDS.toNanos(500);

  /** What the side channel can tell of the server. */
  interface Server {
    int port();

    long cpuNanos() throws IOException;

    /** How long the compiler has worked, in milliseconds. */
    long compilerMillis() throws IOException;

    long heapBytes() throws IOException;

    /** What the whole process holds in memory; 0 where that is not told. */
    long residentBytes() throws IOException;
  }

  private final Settings settings;
  private final Scenario scenario;
  private final Wire wire;
  private final Server server;

  Measurement(Settings settings, Scenario scenario, Wire wire, Server server) {
    this.settings = settings;
    this.scenario = scenario;
    this.wire = wire;
    this.server = server;
  }

  /** The figures by what they tell. */
  Map<String, Double> run() throws IOException {
    return scenario.kind() == Kind.IDLE ? idle() : deliver();
  }

  private LoadClient load() throws IOException {
    return new LoadClient(scenario, wire, server.port(), settings.payload(), settings.awake());
  }

  private Map<String, Double> idle() throws IOException {
    Map<String, Double> figures = new LinkedHashMap<>();
    int first = Math.min(FIRST_CONNECTIONS, scenario.connections() / 2);
    try (LoadClient client = load()) {
      client.connect(first);
      figures.put(FIRST_CONNECT, connect(client));
    }
    warmUp(() -> openSome(first));
    awaitRest();
    try (LoadClient client = load()) {
      client.connect(first);
      client.enter(0);
      long before = server.heapBytes();
      figures.put(CONNECT, connect(client));
      client.enter(first);
      double bytes = server.heapBytes() - before;
      figures.put(HEAP, bytes / (scenario.connections() - first) / 1024);
      figures.put(RESIDENT, server.residentBytes() / 1024.0 / 1024);
    }
    return figures;
  }

  private double connect(LoadClient client) throws IOException {
    int count = scenario.connections() - client.connections();
    long cpu = server.cpuNanos();
    client.connect(scenario.connections());
    double nanos = server.cpuNanos() - cpu;
    return nanos / count / TimeUnit.MILLISECONDS.toNanos(1);
  }

  private void openSome(int count) throws IOException {
    try (LoadClient client = load()) {
      client.connect(count);
      client.enter(0);
    }
  }

  /** Until what was closed is done with: its memory is not to be taken for that of the next. */
  private void awaitRest() throws IOException {
    long before;
    long now = server.cpuNanos();
    do {
      before = now;
      LockSupport.parkNanos(REST_NANOS);
      now = server.cpuNanos();
    } while (now - before > AT_REST * REST_NANOS);
  }

  private Map<String, Double> deliver() throws IOException {
    try (LoadClient client = load()) {
      client.connect(scenario.connections());
      warmUp(() -> client.publish(Math.max(1, settings.closedLoop(scenario) / PORTIONS), 0));
      return deliver(client);
    }
  }

  private Map<String, Double> deliver(LoadClient client) throws IOException {
    Deliveries deliveries = client.deliveries();
    if (scenario.kind() == Kind.LATENCY) {
      deliveries.startRecording();
    }
    long from = deliveries.total();
    long messages = client.messages();
    long cpu = server.cpuNanos();
    client.publish(settings.publications(scenario), scenario.rate());
    double nanos = server.cpuNanos() - cpu;
    client.awaitSilence();
    Map<String, Double> figures = new LinkedHashMap<>();
    double delivered = deliveries.total() - from;
    figures.put(COST, nanos / delivered / TimeUnit.MICROSECONDS.toNanos(1));
    figures.put(JOINED, delivered / (client.messages() - messages));
    if (scenario.kind() == Kind.LATENCY) {
      figures.put(P50, deliveries.percentileMillis(50));
      figures.put(P99, deliveries.percentileMillis(99));
    }
    return figures;
  }

  @FunctionalInterface
  private interface Portion {
    void run() throws IOException;
  }

  /**
   * Works until the server's compiler has been at rest for a while: it works in fits, the last ones
   * for what is called seldom. A warm-up of a given length would favour whoever has less code to
   * compile, or sends more messages for the same deliveries.
   */
  private void warmUp(Portion portion) throws IOException {
    long start = System.nanoTime();
    int quiet = 0;
    do {
      long round = System.nanoTime();
      long before = server.compilerMillis();
      long took;
      do {
        portion.run();
        took = System.nanoTime() - round;
      } while (took < Math.min(ROUND_NANOS, settings.warmUpNanos()));
      long worked = TimeUnit.MILLISECONDS.toNanos(server.compilerMillis() - before);
      quiet = worked > AT_REST * took ? 0 : quiet + 1;
    } while (quiet < QUIET_ROUNDS && System.nanoTime() - start < settings.warmUpNanos());
  }
}
