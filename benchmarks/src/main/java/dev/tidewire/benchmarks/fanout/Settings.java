package dev.tidewire.benchmarks.fanout;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.concurrent.TimeUnit;

/**
 * What the command line asks for. Immutable, safe for any thread.
 *
 * @param scenarios what is measured, one after the other
 * @param launches how often each server is started for each scenario; the median counts
 * @param payload bytes of what is published
 * @param deliveries deliveries to measure, about
 * @param warmUp seconds after which the warm-up ends though the compiler is still at work
 * @param seconds how long latency is measured
 * @param jvm options of the servers' JVMs
 * @param pinned whether server and load have a processor each
 * @param awake whether the load looks for news without ever sleeping; only where it is pinned
 * @param servers which servers
 */
record Settings(
    List<Scenario> scenarios,
    int launches,
    int payload,
    long deliveries,
    int warmUp,
    int seconds,
    List<String> jvm,
    boolean pinned,
    boolean awake,
    List<Wire> servers) {

  private static final Map<String, String> DEFAULTS =
      Map.ofEntries(
          Map.entry(
              "scenarios", "fan:100,fan:1000,fan:5000,many:1000x5,echo,latency:1000@10,idle:10000"),
          Map.entry("launches", "3"),
          Map.entry("window", "8"),
          Map.entry("payload", "200"),
          Map.entry("deliveries", "1000000"),
          Map.entry("warmup", "180"),
          Map.entry("seconds", "15"),
          Map.entry("heap", "1g"),
          Map.entry("jvm", ""),
          Map.entry("pinned", "true"),
          Map.entry("awake", "true"),
          Map.entry("servers", "tidewire,bare"));
  private static final int MIN_PUBLICATIONS = 50;
  private static final int MAX_PUBLICATIONS = 400_000;

  /**
   * Reads arguments of the form {@code name=value}.
   *
   * @throws IllegalArgumentException if there is no such setting, or it cannot have that value
   */
  static Settings parse(String... args) {
    Map<String, String> given = new HashMap<>(DEFAULTS);
    for (String arg : args) {
      int equals = arg.indexOf('=');
      String name = equals < 0 ? arg : arg.substring(0, equals);
      if (equals < 0 || !given.containsKey(name)) {
        throw new IllegalArgumentException("no such setting: " + arg + "; there are " + DEFAULTS);
      }
      given.put(name, arg.substring(equals + 1));
    }
    int window = number(given, "window");
    List<String> jvm = new ArrayList<>();
    jvm.add("-Xms" + given.get("heap"));
    jvm.add("-Xmx" + given.get("heap"));
    jvm.addAll(list(given, "jvm", ";"));
    boolean pinned = Boolean.parseBoolean(given.get("pinned"));
    return new Settings(
        list(given, "scenarios", ",").stream().map(text -> Scenario.parse(text, window)).toList(),
        number(given, "launches"),
        number(given, "payload"),
        number(given, "deliveries"),
        number(given, "warmup"),
        number(given, "seconds"),
        jvm,
        pinned,
        pinned && Boolean.parseBoolean(given.get("awake")),
        list(given, "servers", ",").stream()
            .map(name -> Wire.valueOf(name.toUpperCase(Locale.ROOT)))
            .toList());
  }

  private static List<String> list(Map<String, String> given, String name, String separator) {
    return Arrays.stream(given.getOrDefault(name, "").split(separator))
        .filter(item -> !item.isBlank())
        .toList();
  }

  private static int number(Map<String, String> given, String name) {
    int number = Integer.parseInt(given.getOrDefault(name, ""));
    if (number <= 0) {
      throw new IllegalArgumentException(name + " is positive: " + number);
    }
    return number;
  }

  /** The same where server and load have to share their processors. */
  Settings unpinned() {
    return new Settings(
        scenarios, launches, payload, deliveries, warmUp, seconds, jvm, false, false, servers);
  }

  /** Publications that are measured. */
  long publications(Scenario scenario) {
    return scenario.kind() == Scenario.Kind.LATENCY
        ? (long) scenario.rate() * seconds
        : closedLoop(scenario);
  }

  long warmUpNanos() {
    return TimeUnit.SECONDS.toNanos(warmUp);
  }

  /** Publications that make the deliveries that are to be measured. */
  long closedLoop(Scenario scenario) {
    long wanted = deliveries / scenario.members();
    return Math.max(MIN_PUBLICATIONS, Math.min(MAX_PUBLICATIONS, wanted));
  }
}
