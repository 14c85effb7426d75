package dev.tidewire.benchmarks.fanout;

import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * How many listen to what, and who publishes how fast. Immutable, safe for any thread.
 *
 * @param name as it was asked for
 * @param kind what is measured
 * @param channels number of channels
 * @param members connections of each channel; they publish in turn, whenever the channel is at rest
 * @param window publications, of all channels together, whose publisher still waits for its own
 *     copy, at most
 * @param rate publications a second, or 0 to publish whenever the window allows
 */
record Scenario(String name, Kind kind, int channels, int members, int window, int rate) {

  /** What is measured. */
  enum Kind {
    /** Processor time per delivery. */
    COST,
    /** The same, and the time from publishing to receiving. */
    LATENCY,
    /** Heap per connection. */
    IDLE
  }

  private static final Pattern FORM =
      Pattern.compile("(fan|many|latency|echo|idle)(:\\d+)?(x\\d+|@\\d+)?");
  private static final int MANY_WINDOW = 64;
  private static final int OPEN_BOUND = 4096;
  private static final int BOUND = 8;

  /**
   * Reads {@code fan:1000} (one channel with so many members), {@code many:1000x5} (channels x
   * members), {@code latency:1000@10} (members at publications a second), {@code echo} (a
   * connection alone in its channel) or {@code idle:10000} (connections).
   *
   * @param window the window of {@code fan}
   */
  static Scenario parse(String text, int window) {
    Matcher form = FORM.matcher(text);
    if (!form.matches()) {
      throw new IllegalArgumentException("no such scenario: " + text);
    }
    int count = number(form.group(2), 1_000);
    return switch (form.group(1)) {
      case "fan" -> new Scenario(text, Kind.COST, 1, count, window, 0);
      case "many" -> new Scenario(text, Kind.COST, count, number(form.group(3), 5), MANY_WINDOW, 0);
      case "latency" ->
          new Scenario(text, Kind.LATENCY, 1, count, window, number(form.group(3), 10));
      case "echo" -> new Scenario(text, Kind.COST, 1, 1, 1, 0);
      default -> new Scenario(text, Kind.IDLE, 1, count, 1, 0);
    };
  }

  private static int number(@Nullable String group, int otherwise) {
    int number = group == null ? otherwise : Integer.parseInt(group.substring(1));
    if (number == 0) {
      throw new IllegalArgumentException("a scenario of nothing");
    }
    return number;
  }

  /** Publications that somebody still waits for, at most. */
  int bound() {
    return kind == Kind.LATENCY ? OPEN_BOUND : BOUND * window;
  }

  int connections() {
    return channels * members;
  }
}
