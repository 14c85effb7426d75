package dev.tidewire.benchmarks.fanout;

import static java.nio.charset.StandardCharsets.US_ASCII;

import com.sun.management.OperatingSystemMXBean;
import java.io.BufferedReader;
import java.io.InputStreamReader;
import java.lang.management.ManagementFactory;

/**
 * The server's JVM. Its standard input and output are the side channel: {@code cpu} is answered by
 * the nanoseconds of processor time used so far (user and system), {@code heap} by the bytes in use
 * after collections; the end of input ends it.
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
        System.out.println(command.equals("heap") ? heapBytes() : cpuNanos());
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
}
