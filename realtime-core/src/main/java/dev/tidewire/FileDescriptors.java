package dev.tidewire;

import com.sun.management.UnixOperatingSystemMXBean;
import java.lang.management.ManagementFactory;

/** How many connections the process can have open. Stateless. */
final class FileDescriptors {

  private static final int MOST = 19_000;

  /** For files, the database, the container's own. */
  private static final int OTHERS = 1_000;

  private FileDescriptors() {}

  static int connections() {
    return connections(available());
  }

  /**
   * @param available file descriptors of the process, 0 or less if not known
   */
  static int connections(long available) {
    return available <= 0
        ? MOST
        : (int) Math.min(MOST, Math.max(available - OTHERS, available / 2));
  }

  private static long available() {
    try {
      return ManagementFactory.getOperatingSystemMXBean() instanceof UnixOperatingSystemMXBean unix
          ? unix.getMaxFileDescriptorCount()
          : 0;
    } catch (LinkageError e) { // a JVM without it
      return 0;
    }
  }
}
