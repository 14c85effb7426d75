package dev.tidewire.benchmarks.fanout;

import java.util.ArrayList;
import java.util.EnumMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;

/** All figures of a run, and the table of their medians. Not thread-safe. */
final class Report {

  private record Row(String scenario, String figure) {}

  private final Map<Row, Map<Wire, List<Double>>> rows = new LinkedHashMap<>();

  void add(Scenario scenario, Wire wire, Map<String, Double> figures) {
    figures.forEach(
        (figure, value) ->
            rows.computeIfAbsent(new Row(scenario.name(), figure), row -> new EnumMap<>(Wire.class))
                .computeIfAbsent(wire, w -> new ArrayList<>())
                .add(value));
  }

  /** Markdown: medians, with the least and the greatest, and the ratio of the medians. */
  String table() {
    StringBuilder table = new StringBuilder();
    table.append(
        "| scenario | figure | Tidewire | bare | ratio |\n| --- | --- | --- | --- | --- |\n");
    rows.forEach(
        (row, values) -> {
          List<Double> tidewire = values.getOrDefault(Wire.TIDEWIRE, List.of());
          List<Double> bare = values.getOrDefault(Wire.BARE, List.of());
          String ratio =
              tidewire.isEmpty() || bare.isEmpty()
                  ? ""
                  : String.format(Locale.ROOT, "%.2f", median(tidewire) / median(bare));
          table.append(
              "| %s | %s | %s | %s | %s |%n"
                  .formatted(row.scenario(), row.figure(), cell(tidewire), cell(bare), ratio));
        });
    return table.toString();
  }

  private static String cell(List<Double> values) {
    if (values.isEmpty()) {
      return "";
    }
    List<Double> sorted = values.stream().sorted().toList();
    return String.format(
        Locale.ROOT,
        "%.1f (%.1f–%.1f)",
        median(sorted),
        sorted.get(0),
        sorted.get(sorted.size() - 1));
  }

  static double median(List<Double> values) {
    List<Double> sorted = values.stream().sorted().toList();
    int middle = sorted.size() / 2;
    return sorted.size() % 2 == 1
        ? sorted.get(middle)
        : (sorted.get(middle - 1) + sorted.get(middle)) / 2;
  }
}
