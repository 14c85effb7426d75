package dev.tidewire.demo.launcher;

import java.io.IOException;
import java.net.BindException;
import java.nio.file.Files;
import java.nio.file.Path;

/**
 * Runs the demo: {@code ./mvnw -Pdemo [-Dport=8080] [-Dhost=127.0.0.1] [-Ddb.url=… -Ddb.user=…
 * -Ddb.password=…]}. Stays in the foreground until Ctrl-C or SIGTERM.
 */
public final class Launcher {
  private Launcher() {}

  public static void main(String[] args) throws Exception {
    try {
      DemoServer server = start();
      System.out.println();
      System.out.println("  Tidewire demo: " + server.url());
      System.out.println("  Open it in two windows. Ctrl-C stops it.");
      System.out.println();
      server.join();
    } catch (Refused e) {
      System.err.println("Tidewire demo: " + e.getMessage());
      System.exit(1);
    }
  }

  private static DemoServer start() throws Exception {
    Path war = Path.of(System.getProperty("demo.war", "target/demo-webapp"));
    if (!Files.isDirectory(war.resolve("WEB-INF"))) {
      throw new Refused(
          "there is no exploded WAR at " + war.toAbsolutePath() + "; build it with ./mvnw package");
    }
    int port = port(System.getProperty("port", "8080"));
    String host = System.getProperty("host", "127.0.0.1");
    try {
      Path data = port == 0 ? null : war.resolveSibling("demo-data").resolve(String.valueOf(port));
      return DemoServer.start(war, host, port, data);
    } catch (IOException e) {
      if (e instanceof BindException || e.getCause() instanceof BindException) {
        throw new Refused(
            "port " + port + " is taken; choose another one with -Dport=" + (port + 1));
      }
      throw e;
    }
  }

  private static int port(String text) {
    try {
      int port = Integer.parseInt(text.strip());
      if (port >= 0 && port <= 65_535) {
        return port;
      }
    } catch (NumberFormatException e) {
      // told below
    }
    throw new Refused(
        "-Dport must be a number from 0 (any free port) to 65535, not `" + text + "`");
  }

  /** A reason not to start that the user can do something about: one line, no trace. */
  private static final class Refused extends RuntimeException {
    Refused(String message) {
      super(message);
    }
  }
}
