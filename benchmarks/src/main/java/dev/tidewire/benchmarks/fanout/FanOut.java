package dev.tidewire.benchmarks.fanout;

import com.sun.management.UnixOperatingSystemMXBean;
import java.io.IOException;
import java.lang.management.ManagementFactory;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Locale;
import java.util.Map;

/**
 * Compares the bus with a bare Jakarta endpoint on the same Jetty: what a delivery costs the
 * server, how long it takes, what an idle connection holds. Every launch is a new JVM with the same
 * heap, the two servers take turns, and every single delivery is checked.
 */
public final class FanOut {

  /** Files besides connections. */
  private static final int SPARE_FILES = 500;

  private final Settings settings;
  private final List<String> prefix;
  private final Report report = new Report();

  private FanOut(Settings settings, List<String> prefix) {
    this.settings = settings;
    this.prefix = prefix;
  }

  /** Measures as {@code name=value} arguments say, and prints a table. */
  public static void main(String[] args) throws Exception {
    Settings settings = Settings.parse(args);
    List<String> prefix = settings.pinned() ? Pinning.apply() : List.of();
    new FanOut(prefix.isEmpty() ? settings.unpinned() : settings, prefix).run();
  }

  private void run() throws Exception {
    for (Scenario scenario : settings.scenarios()) {
      requireFiles(scenario.connections());
      for (int launch = 0; launch < settings.launches(); launch++) {
        List<Wire> turns = new ArrayList<>(settings.servers());
        if (launch % 2 == 1) {
          Collections.reverse(turns);
        }
        for (Wire wire : turns) {
          measure(scenario, wire);
        }
      }
    }
    System.out.printf("%n%s%n", report.table());
  }

  private void measure(Scenario scenario, Wire wire) throws IOException, InterruptedException {
    try (ServerProcess server = ServerProcess.start(wire, prefix, settings.jvm())) {
      Map<String, Double> figures = new Measurement(settings, scenario, wire, server).run();
      report.add(scenario, wire, figures);
      System.out.printf(Locale.ROOT, "%-16s %-9s %s%n", scenario.name(), wire.title(), figures);
    }
  }

  private static void requireFiles(int connections) {
    if (ManagementFactory.getOperatingSystemMXBean() instanceof UnixOperatingSystemMXBean system
        && system.getMaxFileDescriptorCount() < connections + SPARE_FILES) {
      throw new IllegalStateException(
          "a process may open %d files, too few for %d connections: ulimit -n %d"
              .formatted(
                  system.getMaxFileDescriptorCount(), connections, connections + SPARE_FILES));
    }
  }
}
