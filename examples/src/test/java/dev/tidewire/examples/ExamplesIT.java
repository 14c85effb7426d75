package dev.tidewire.examples;

import static org.assertj.core.api.Assertions.assertThat;

import dev.tidewire.examples.spring.ShopServer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.stream.Stream;
import org.apache.catalina.Context;
import org.apache.catalina.LifecycleState;
import org.apache.catalina.startup.Tomcat;
import org.apache.tomcat.util.scan.StandardJarScanner;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The applications of {@code docs/integrate.md}, run: publish from a bean, hear it, stop. */
class ExamplesIT {

  @TempDir private Path folder;
  private Tomcat server;

  @AfterEach
  void stop() throws Exception {
    server.destroy();
  }

  /** Deploys a folder as a WAR whose libraries are the test's own. */
  private void deploy(Path war) throws Exception {
    server = new Tomcat();
    server.setBaseDir(folder.toString());
    server.setPort(0);
    Context context = server.addWebapp("/shop", war.toAbsolutePath().toString());
    StandardJarScanner scanner = new StandardJarScanner();
    scanner.setScanClassPath(false); // only what would be in the WAR
    context.setJarScanner(scanner);
    server.start();
    assertThat(context.getState()).isEqualTo(LifecycleState.STARTED);
  }

  @Test
  void springBeansPublishAndTheContextClosesTheBus() throws Exception {
    server = ShopServer.start(0);
    Audience audience = new Audience(server, "");
    assertThat(audience.post("/orders/7/ship")).isEqualTo(200);
    audience.awaitShipped("{\"id\":7}");
    server.stop();
    audience.awaitGone();
  }

  @Test
  void aListenerInWebXmlIsEnough() throws Exception {
    deploy(Path.of("src", "main", "webxml"));
    Audience audience = new Audience(server, "/shop");
    assertThat(audience.post("/shop/ship/8")).isEqualTo(404);
    assertThat(audience.post("/ship/8")).isEqualTo(200);
    audience.awaitShipped("{\"id\":\"8\"}");
    server.stop();
    audience.awaitGone();
  }

  @Test
  void cdiProducesTheBusAndInjectsIt() throws Exception {
    Path classes = Files.createDirectories(folder.resolve("war/WEB-INF/classes"));
    Files.writeString(folder.resolve("war/WEB-INF/beans.xml"), "");
    copyPackage("dev/tidewire/examples/cdi", classes);
    deploy(folder.resolve("war"));
    Audience audience = new Audience(server, "/shop");
    assertThat(audience.post("/ship/9")).isEqualTo(200);
    audience.awaitShipped("{\"id\":\"9\"}");
    server.stop();
    audience.awaitGone();
  }

  private static void copyPackage(String name, Path classes) throws Exception {
    Path to = Files.createDirectories(classes.resolve(name));
    try (Stream<Path> files = Files.list(Path.of("target", "classes").resolve(name))) {
      for (Path file : files.toList()) {
        Files.copy(file, to.resolve(file.getFileName()));
      }
    }
  }
}
