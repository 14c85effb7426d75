package dev.tidewire.demo;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.PrintWriter;
import java.io.UncheckedIOException;
import java.lang.ref.WeakReference;
import java.net.URI;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Set;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import org.eclipse.jetty.ee11.annotations.AnnotationConfiguration;
import org.eclipse.jetty.ee11.webapp.WebAppContext;
import org.eclipse.jetty.server.Server;
import org.eclipse.jetty.server.ServerConnector;
import org.eclipse.jetty.server.handler.ContextHandlerCollection;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The WAR file as an administrator would deploy it, and what is left of it afterwards. */
class WarDeploymentIT {
  private static final Path WAR = Path.of(Stage.WAR + ".war");
  private static final Duration PATIENCE = Duration.ofSeconds(90);
  private static final Pattern LOCAL_FILE =
      Pattern.compile("(?:src|href)=\"((?!https?:)[^\"#]+)(?:#[^\"]*)?\"");

  @TempDir private Path folder;

  /** All pages with all their files, and a row written by SQL as everybody hears of it. */
  private static Wire use(URI base) {
    Api api = new Api(base);
    for (String page : new String[] {"", "auction.html", "todos.html", "chat.html", "sql.html"}) {
      URI address = base.resolve(page);
      HttpResponse<String> answer = api.send(api.request(address.toString()).GET());
      assertThat(answer.statusCode()).as(page).isEqualTo(200);
      assertThat(answer.body()).contains("<title>");
      Matcher file = LOCAL_FILE.matcher(answer.body());
      while (file.find()) {
        assertThat(api.send(api.request(address.resolve(file.group(1)).toString()).GET()))
            .as(file.group(1))
            .extracting(HttpResponse::statusCode)
            .isEqualTo(200);
      }
    }
    assertThat(api.send(api.request(base.resolve("realtime/client.js").toString()).GET()).body())
        .contains("createRealtime");
    Wire wire = new Wire(base, "orders");
    api.sql("insert into orders (customer, total, status) values ('Deployed', 1.50, 'pending')");
    wire.awaitOnBoth("\"operation\":\"INSERT\"");
    return wire;
  }

  @Test
  void tomcatRunsTheWarAndKeepsNothingOfIt() throws Exception {
    Path errors = folder.resolve("errors.txt");
    Process process =
        new ProcessBuilder(
                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "-XX:TieredStopAtLevel=1",
                "-XX:+UseSerialGC",
                // as Tomcat's own script does, so that it can look for what is left behind
                "--add-opens=java.base/java.lang=ALL-UNNAMED",
                "--add-opens=java.base/java.io=ALL-UNNAMED",
                "--add-opens=java.base/java.util=ALL-UNNAMED",
                "--add-opens=java.base/java.util.concurrent=ALL-UNNAMED",
                "--add-opens=java.rmi/sun.rmi.transport=ALL-UNNAMED",
                "-cp",
                Path.of("target", "containers", "tomcat-11").toAbsolutePath() + "/*",
                Path.of("src", "test", "containers", "TomcatRunner.java").toString(),
                WAR.toString(),
                folder.toString())
            .redirectError(errors.toFile())
            .start();
    try (PrintWriter commands =
        new PrintWriter(process.outputWriter(StandardCharsets.UTF_8), true)) {
      BlockingQueue<String> said = lines(process);
      URI base = URI.create("http://127.0.0.1:" + heard(said, "PORT") + "/demo/");
      for (int i = 0; i < 2; i++) {
        if (i > 0) {
          commands.println("deploy");
          heard(said, "DEPLOYED");
        }
        Wire wire = use(base);
        commands.println("undeploy");
        heard(said, "UNDEPLOYED");
        wire.awaitGone();
      }
      await("leftovers")
          .atMost(PATIENCE)
          .untilAsserted(
              () -> {
                commands.println("leftovers");
                // the container may hold on to the last class loader
                assertThat(heard(said, "LEFTOVERS")).isIn("[] 0", "[] 1");
              });
      // Tomcat looks for these; threads that just end it takes for left behind
      assertThat(Files.readAllLines(errors))
          .noneMatch(line -> line.contains("JDBC driver") || line.contains("ThreadLocal"));
    } finally {
      process.destroyForcibly();
    }
  }

  private static BlockingQueue<String> lines(Process process) {
    BlockingQueue<String> said = new LinkedBlockingQueue<>();
    Thread reader =
        new Thread(
            () -> {
              try (BufferedReader output = process.inputReader(StandardCharsets.UTF_8)) {
                output.lines().forEach(said::add);
              } catch (IOException | UncheckedIOException e) {
                said.add("GONE");
              }
            },
            "container-output");
    reader.setDaemon(true);
    reader.start();
    return said;
  }

  /** What was said after this word. */
  private static String heard(BlockingQueue<String> said, String word) throws InterruptedException {
    while (true) {
      String line = said.poll(120, TimeUnit.SECONDS);
      assertThat(line).as(word).isNotNull();
      if (line.startsWith(word)) {
        return line.substring(word.length()).trim();
      }
    }
  }

  @Test
  void jettyRunsTheWarAndKeepsNothingOfIt() throws Exception {
    Server server = new Server();
    ServerConnector connector = new ServerConnector(server);
    connector.setHost("127.0.0.1");
    server.addConnector(connector);
    ContextHandlerCollection contexts = new ContextHandlerCollection(true);
    server.setHandler(contexts);
    server.start();
    try {
      Set<Thread> before = Thread.getAllStackTraces().keySet();
      URI base = URI.create("http://127.0.0.1:" + connector.getLocalPort() + "/demo/");
      WeakReference<ClassLoader> first = deployUseUndeploy(contexts, base);
      deployUseUndeploy(contexts, base); // the container may hold on to the last one

      await("class loader")
          .atMost(PATIENCE)
          .untilAsserted(
              () -> {
                System.gc();
                assertThat(first.get()).isNull();
              });
      await("threads")
          .atMost(PATIENCE)
          .untilAsserted(
              () ->
                  assertThat(
                          Thread.getAllStackTraces().keySet().stream()
                              .filter(thread -> !before.contains(thread))
                              .map(Thread::getName)
                              .filter(
                                  name ->
                                      !name.matches(
                                          "qtp.*|Scheduler-.*|HttpClient-.*|.*session.*|awaitility.*"))
                              .collect(Collectors.toSet()))
                      .isEmpty());
    } finally {
      server.stop();
    }
  }

  private WeakReference<ClassLoader> deployUseUndeploy(ContextHandlerCollection contexts, URI base)
      throws Exception {
    WebAppContext context = new WebAppContext(WAR.toString(), "/demo");
    context.setTempDirectory(Files.createTempDirectory(folder, "jetty").toFile());
    context.addConfiguration(new AnnotationConfiguration());
    context.setThrowUnavailableOnStartupException(true);
    // the test's own class path has the same classes, and the application must not see those
    context
        .getHiddenClassMatcher()
        .add(
            "dev.tidewire.",
            "ch.qos.logback.",
            "org.slf4j.",
            "org.jooq.",
            "org.h2.",
            "org.postgresql.",
            "com.zaxxer.",
            "tools.jackson.",
            "com.fasterxml.",
            "logback.xml");
    contexts.addHandler(context);
    context.start();
    contexts.mapContexts();
    Wire wire = use(base);
    WeakReference<ClassLoader> loader = new WeakReference<>(context.getClassLoader());
    context.stop();
    contexts.removeHandler(context);
    wire.awaitGone();
    context.destroy();
    return loader;
  }
}
