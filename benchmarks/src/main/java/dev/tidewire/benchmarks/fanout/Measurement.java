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

  /** Connections that are there before the heap is looked at, so that what is shared is. */
  private static final int FIRST_CONNECTIONS = 100;

  /** What the side channel can tell of the server. */
  interface Server {
    int port();

    long cpuNanos() throws IOException;

    long heapBytes() throws IOException;
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
    client.connect(scenario.connections());
    double bytes = server.heapBytes() - before;
    return Map.of(HEAP, bytes / (scenario.connections() - first) / 1024);
  }

  private Map<String, Double> deliver(LoadClient client) throws IOException {
    client.connect(scenario.connections());
    client.publish(settings.warmUp(scenario), 0);
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
}
