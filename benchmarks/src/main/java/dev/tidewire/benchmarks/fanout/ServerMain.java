package dev.tidewire.benchmarks.fanout;

import static java.nio.charset.StandardCharsets.US_ASCII;

import com.sun.management.OperatingSystemMXBean;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.lang.management.ManagementFactory;
import java.nio.file.Files;
import java.nio.file.Path;

/**
 * The server's JVM. Its standard input and output are the side channel: {@code cpu} is answered by
 * the nanoseconds of processor time used so far (user and system), {@code compiler} by the
 * milliseconds that the compiler has worked, {@code heap} by the bytes in use after collections;
 * the end of input ends it.
 */
final class ServerMain {

  private static final int COLLECTIONS = 5;
  private static final long PAUSE_MS = 200;

  private ServerMain() {}

  public static void main(String[] args) throws Exception {
    try (BenchServer server = BenchServer.start(Wire.valueOf(args[0]));
        BufferedReader commands = new BufferedReader(new InputStreamReader(System.in, US_ASCII))) {
      System.out.println(server.port());
      for (String command = commands.readLine(); command != null; command = commands.readLine()) {
        System.out.println(
            switch (command) {
              case "heap" -> heapBytes();
              case "resident" -> residentBytes();
              case "compiler" -> ManagementFactory.getCompilationMXBean().getTotalCompilationTime();
              default -> cpuNanos();
            });
      }
    }
    System.exit(0);
  }

  private static long cpuNanos() {
    return ((OperatingSystemMXBean) ManagementFactory.getOperatingSystemMXBean())
        .getProcessCpuTime();
  }

  private static long heapBytes() throws InterruptedException {
    for (int i = 0; i < COLLECTIONS; i++) {
      System.gc();
      Thread.sleep(PAUSE_MS); // what the collection made reachable for cleaners is freed
    }
    return ManagementFactory.getMemoryMXBean().getHeapMemoryUsage().getUsed();
  }

  private static long residentBytes() throws IOException {
    Path status = Path.of("/proc/self/status");
    if (!Files.exists(status)) {
      return 0;
    }
    String line =
        Files.readAllLines(status).stream()
            .filter(l -> l.startsWith("VmRSS:"))
            .findFirst()
            .orElseThrow();
    return Long.parseLong(line.replaceAll("\\D", "")) * 1024;
  }
}
