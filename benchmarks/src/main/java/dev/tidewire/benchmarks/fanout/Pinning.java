package dev.tidewire.benchmarks.fanout;

import java.io.IOException;
import java.util.List;

/**
 * Gives the server the first processor and the load the second, so that each has what it needs and
 * the server is what limits. Where that is not possible both share all processors. Immutable, safe
 * for any thread.
 */
final class Pinning {

  private static final List<String> SERVER = List.of("taskset", "-c", "0");

  private Pinning() {}

  /** Moves this JVM to the second processor; returns what a server's command line begins with. */
  static List<String> apply() throws IOException, InterruptedException {
    if (Runtime.getRuntime().availableProcessors() < 2) {
      return List.of();
    }
    String self = Long.toString(ProcessHandle.current().pid());
    try {
      Process moved =
          new ProcessBuilder("taskset", "-a", "-c", "-p", "1", self)
              .redirectOutput(ProcessBuilder.Redirect.DISCARD)
              .redirectErrorStream(true)
              .start();
      return moved.waitFor() == 0 ? SERVER : List.of();
    } catch (IOException e) {
      System.err.println("not pinned: " + e.getMessage());
      return List.of();
    }
  }
}
