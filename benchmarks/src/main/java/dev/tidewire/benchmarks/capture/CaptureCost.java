package dev.tidewire.benchmarks.capture;

import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.TreeMap;
import org.openjdk.jmh.results.RunResult;
import org.openjdk.jmh.runner.Runner;
import org.openjdk.jmh.runner.options.CommandLineOptions;
import org.openjdk.jmh.runner.options.OptionsBuilder;
import org.openjdk.jmh.util.Statistics;

/** Runs {@link CaptureBenchmark} and prints captured ÷ plain. */
public final class CaptureCost {

  private CaptureCost() {}

  /** Takes JMH's own arguments, for example {@code -p database=h2} or {@code -f 1}. */
  public static void main(String[] args) throws Exception {
    CommandLineOptions given = new CommandLineOptions(args);
    OptionsBuilder options = new OptionsBuilder();
    options.parent(given);
    if (given.getIncludes().isEmpty()) {
      options.include(CaptureBenchmark.class.getName());
    }
    System.out.printf("%n%s%n", table(new Runner(options.build()).run()));
  }

  private static String table(Collection<RunResult> results) {
    Map<String, Map<String, Double>> operations = new TreeMap<>();
    for (RunResult result : results) {
      String operation =
          result.getParams().getParam("database") + " | " + result.getPrimaryResult().getLabel();
      double micros = median(result) / result.getParams().getMeasurement().getBatchSize();
      operations
          .computeIfAbsent(operation, o -> new TreeMap<>())
          .put(result.getParams().getParam("mode"), micros);
    }
    List<String> lines = new ArrayList<>();
    lines.add("| database | operation | plain, µs | captured, µs | captured ÷ plain |");
    lines.add("| --- | --- | --- | --- | --- |");
    operations.forEach(
        (operation, micros) -> {
          double plain = micros.getOrDefault("plain", Double.NaN);
          double captured = micros.getOrDefault("captured", Double.NaN);
          lines.add(
              String.format(
                  Locale.ROOT,
                  "| %s | %.1f | %.1f | %.2f |",
                  operation,
                  plain,
                  captured,
                  captured / plain));
        });
    return String.join("\n", lines);
  }

  private static double median(RunResult result) {
    Statistics times = result.getPrimaryResult().getStatistics();
    return times.getPercentile(50);
  }
}
