package dev.tidewire.benchmarks;

import dev.tidewire.benchmarks.capture.CaptureCost;
import dev.tidewire.benchmarks.capture.CommitLatency;
import dev.tidewire.benchmarks.fanout.FanOut;
import java.util.Arrays;

/** Chooses what to measure by the first argument. */
public final class Benchmarks {

  private Benchmarks() {}

  /**
   * {@code fanout …}, {@code capture …}, {@code commit …} or {@code jmh …}, each with arguments of
   * its own.
   */
  public static void main(String[] args) throws Exception {
    String what = args.length == 0 ? "" : args[0];
    String[] rest = args.length == 0 ? args : Arrays.copyOfRange(args, 1, args.length);
    switch (what) {
      case "fanout" -> FanOut.main(rest);
      case "capture" -> CaptureCost.main(rest);
      case "commit" -> CommitLatency.main(rest);
      case "jmh" -> org.openjdk.jmh.Main.main(rest);
      default -> {
        System.err.println(
            "what to measure: fanout, capture, commit or jmh; see docs/performance.md");
        System.exit(2);
      }
    }
  }
}
