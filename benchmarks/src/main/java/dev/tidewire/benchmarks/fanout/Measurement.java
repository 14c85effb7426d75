package dev.tidewire.benchmarks.fanout;

import dev.tidewire.benchmarks.fanout.Scenario.Kind;
import java.io.IOException;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.concurrent.TimeUnit;

/** One scenario on one server that has just been started. Not thread-safe. */
final class Measurement {

  static final String COST = "CPU, µs per delivery";
  static final String JOINED = "deliveries per message";
  static final String P50 = "p50, ms";
  static final String P99 = "p99, ms";
  static final String HEAP = "heap per connection, KB";
  static final String CONNECT = "CPU, ms per connection";
  static final String RESIDENT = "resident memory, MB";

  /** Connections that are there before the heap is looked at, so that what is shared is. */
  private static final int FIRST_CONNECTIONS = 100;

  /** So long the compiler is watched before it is asked whether it is at rest. */
  private static final long ROUND_NANOS = TimeUnit.SECONDS.toNanos(3);

  /** It is if it worked less than this part of the time. */
  private static final double AT_REST = 0.01;

  private static final int QUIET_ROUNDS = 5;

  private static final int PORTIONS = 20;

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
    try (LoadClient client = new LoadClient(scenario, wire, server.port(), settings.payload())) {
      return scenario.kind() == Kind.IDLE ? idle(client) : deliver(client);
    }
  }

  private Map<String, Double> idle(LoadClient client) throws IOException {
    int first = Math.min(FIRST_CONNECTIONS, scenario.connections() / 2);
    client.connect(first);
    long before = server.heapBytes();
    long cpu = server.cpuNanos();
    client.connect(scenario.connections());
    double nanos = server.cpuNanos() - cpu;
    double bytes = server.heapBytes() - before;
    int count = scenario.connections() - first;
    Map<String, Double> figures = new LinkedHashMap<>();
    figures.put(HEAP, bytes / count / 1024);
    figures.put(CONNECT, nanos / count / TimeUnit.MILLISECONDS.toNanos(1));
    figures.put(RESIDENT, server.residentBytes() / 1024.0 / 1024);
    return figures;
  }

  private Map<String, Double> deliver(LoadClient client) throws IOException {
    client.connect(scenario.connections());
    warmUp(client);
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

  /**
   * Publishes until the server's compiler has been at rest for a while: it works in fits, the last
   * ones for what is called seldom. A warm-up of a given length would favour whoever has less code
   * to compile, or sends more messages for the same deliveries.
   */
  private void warmUp(LoadClient client) throws IOException {
    long start = System.nanoTime();
    int quiet = 0;
    do {
      long round = System.nanoTime();
      long before = server.compilerMillis();
      long took;
      do {
        client.publish(Math.max(1, settings.closedLoop(scenario) / PORTIONS), 0);
        took = System.nanoTime() - round;
      } while (took < Math.min(ROUND_NANOS, settings.warmUpNanos()));
      long worked = TimeUnit.MILLISECONDS.toNanos(server.compilerMillis() - before);
      quiet = worked > AT_REST * took ? 0 : quiet + 1;
    } while (quiet < QUIET_ROUNDS && System.nanoTime() - start < settings.warmUpNanos());
  }
}
