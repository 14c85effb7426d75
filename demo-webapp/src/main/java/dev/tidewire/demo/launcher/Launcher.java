package dev.tidewire.demo.launcher;

import java.net.BindException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import org.jspecify.annotations.Nullable;

/**
 * Runs the demo: {@code ./mvnw -Pdemo [-Dport=8080] [-Dhost=127.0.0.1] [-Dtls
 * [-Dtls.keystore=file.p12 -Dtls.password=…]] [-Ddb.url=… -Ddb.user=… -Ddb.password=…]
 * [-Dredis.url=…]}. Stays in the foreground until Ctrl-C or SIGTERM; then its clients are sent away
 * within {@code -Ddrain=2} seconds.
 */
public final class Launcher {
  private static final int DRAIN_SECONDS = 2;

  private Launcher() {}

  public static void main(String[] args) throws Exception {
    try {
      DemoServer server = start();
      Runtime.getRuntime().addShutdownHook(new Thread(() -> stop(server), "demo-shutdown"));
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

  private static void stop(DemoServer server) {
    try {
      server.drainAndClose(Duration.ofSeconds(Integer.getInteger("drain", DRAIN_SECONDS)));
    } catch (Exception e) {
      System.err.println("Tidewire demo: not stopped in order: " + e);
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
    Path data = port == 0 ? null : war.resolveSibling("demo-data").resolve(String.valueOf(port));
    try {
      return DemoServer.start(war, host, port, "/", data, certificate(host));
    } catch (Exception e) {
      throw refusal(e, port);
    }
  }

  /** None without {@code -Dtls}; with it the keystore's, or one that is made now. */
  private static @Nullable Certificate certificate(String host) throws Exception {
    String tls = System.getProperty("tls", "false");
    String keystore = System.getProperty("tls.keystore", "");
    if (!tls.isEmpty() && !Boolean.parseBoolean(tls)) {
      return null;
    }
    if (keystore.isEmpty()) {
      return Certificate.selfSigned(host);
    }
    try {
      return Certificate.of(Path.of(keystore), System.getProperty("tls.password", ""));
    } catch (IllegalArgumentException e) {
      throw new Refused(e.getMessage() + "; see -Dtls.keystore and -Dtls.password");
    }
  }

  /** What the user can put right is told in a line; anything else goes on as it is. */
  private static Exception refusal(Exception failure, int port) {
    for (Throwable cause = failure; cause != null; cause = cause.getCause()) {
      if (cause instanceof BindException) {
        return new Refused(
            "port " + port + " is taken; choose another one with -Dport=" + (port + 1));
      }
      String message = cause.getMessage();
      if (message != null && message.startsWith("The demo cannot")) {
        return new Refused(message);
      }
    }
    return failure;
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
