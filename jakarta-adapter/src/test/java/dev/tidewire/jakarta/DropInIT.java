package dev.tidewire.jakarta;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.lang.ref.WeakReference;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import org.eclipse.jetty.ee11.annotations.AnnotationConfiguration;
import org.eclipse.jetty.ee11.webapp.WebAppContext;
import org.eclipse.jetty.server.Server;
import org.eclipse.jetty.server.ServerConnector;
import org.eclipse.jetty.server.handler.ContextHandlerCollection;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** A WAR with one class and the jars: the container does the rest. */
class DropInIT {

  private final Server jetty = new Server();
  private final ServerConnector connector = new ServerConnector(jetty);
  private final ContextHandlerCollection contexts = new ContextHandlerCollection(true);
  @TempDir private Path war;

  @BeforeEach
  void start() throws Exception {
    connector.setHost("127.0.0.1");
    jetty.addConnector(connector);
    jetty.setStopTimeout(0);
    jetty.setHandler(contexts);
    jetty.start();
    TestWar.write(war);
  }

  @AfterEach
  void stop() throws Exception {
    jetty.stop();
  }

  @Test
  void theContainerFindsTheConfigurerAndServesTheClient() throws Exception {
    deploy("/shop");
    try (WireClient client = connect("/shop")) {
      client.send("{\"id\":\"c\",\"type\":\"call\",\"method\":\"where\"}");

      assertThat(client.awaitAnswer("c").path("payload").path("data").asString())
          .isEqualTo("/shop");
      assertThat(get("/shop/realtime/client.js").body()).contains("createRealtime");
      assertThat(get("/shop/index.html").body()).contains("live");
    }
  }

  @Test
  void applicationThatCannotSeeTheContainersClassesSendsThroughThePortableInterface()
      throws Exception {
    WebAppContext shop = deploy("/shop");
    assertThatThrownBy(
            () -> Class.forName(JettyConnection.class.getName(), true, shop.getClassLoader()))
        .isInstanceOf(NoClassDefFoundError.class);
    try (WireClient client = connect("/shop")) {
      client.send("{\"id\":\"s\",\"type\":\"subscribe\",\"topic\":\"t\"}").awaitAnswer("s");
      client.send("{\"type\":\"publish\",\"topic\":\"t\",\"event\":\"e\",\"data\":\"é€😀\"}");
      assertThat(client.awaitEvent("e").path("data").asString()).isEqualTo("é€😀");
    }
  }

  @Test
  void twoApplicationsInOneContainerDoNotMeet() throws Exception {
    deploy("/one");
    deploy("/two");
    try (WireClient one = connect("/one");
        WireClient two = connect("/two")) {
      one.send("{\"id\":\"s\",\"type\":\"subscribe\",\"topic\":\"t\"}").awaitAnswer("s");
      two.send("{\"id\":\"s\",\"type\":\"subscribe\",\"topic\":\"t\"}").awaitAnswer("s");
      two.send("{\"type\":\"publish\",\"topic\":\"t\",\"event\":\"e\",\"data\":2}");
      one.send("{\"id\":\"p\",\"type\":\"publish\",\"topic\":\"t\",\"event\":\"e\",\"data\":1}");
      one.awaitAnswer("p");
      two.awaitEvent("e");

      assertThat(one.frames("event")).singleElement().matches(f -> f.path("data").asInt() == 1);
      assertThat(two.frames("event")).singleElement().matches(f -> f.path("data").asInt() == 2);
    }
  }

  /**
   * The first half watched closely, the second under load; {@code -Dtidewire.redeployments=…} for
   * more.
   */
  @Test
  void redeployingTenTimesLeavesNoThreadAndNoClassLoader() throws Exception {
    List<WeakReference<ClassLoader>> loaders = new ArrayList<>();
    for (int i = 0; i < 5; i++) {
      loaders.add(deployUseUndeploy());
    }
    int times = Integer.getInteger("tidewire.redeployments", 5);
    URI base = URI.create("http://127.0.0.1:" + connector.getLocalPort() + "/again/");
    try (Visitors visitors = new Visitors(base)) {
      for (int i = 0; i < times; i++) {
        WebAppContext context = deploy("/again");
        loaders.add(new WeakReference<>(context.getClassLoader()));
        visitors.awaitAll();
        undeploy(context);
      }
      assertThat(visitors.ends()).as("each was told").isNotEmpty().containsOnly(1001);
      System.out.printf(
          "JETTY: %d redeployments, %d published, %d sockets told to come back%n",
          times, visitors.published(), visitors.ends().size());
    }

    WireClient.soon("threads")
        .until(
            () ->
                Thread.getAllStackTraces().keySet().stream()
                    .noneMatch(t -> t.getName().startsWith("tidewire-")));
    WireClient.soon("class loaders")
        .pollInterval(Duration.ofMillis(250)) // each look is a garbage collection
        .untilAsserted(
            () -> {
              System.gc();
              // The container itself may hold on to the last one.
              assertThat(loaders.stream().filter(l -> l.get() != null).count())
                  .isLessThanOrEqualTo(1);
            });
  }

  private WeakReference<ClassLoader> deployUseUndeploy() throws Exception {
    WebAppContext context = deploy("/again");
    WireClient client = connect("/again");
    client.send("{\"id\":\"s\",\"type\":\"subscribe\",\"topic\":\"t\"}").awaitAnswer("s");
    client.send("{\"type\":\"track\",\"topic\":\"t\",\"data\":{}}");
    String base = "http://127.0.0.1:" + connector.getLocalPort() + "/again/realtime/";
    SseClient stream = SseClient.open(URI.create(base + "sse?topic=t"));
    stream.awaitEvent("subscribed");
    String cursor = get("/again/realtime/poll?topic=t").headers().firstValue("ETag").orElseThrow();
    CompletableFuture<HttpResponse<String>> poll =
        SseClient.HTTP.sendAsync(
            HttpRequest.newBuilder(URI.create(base + "poll?topic=t&wait=25"))
                .header("If-None-Match", cursor)
                .build(),
            HttpResponse.BodyHandlers.ofString());
    WeakReference<ClassLoader> loader = new WeakReference<>(context.getClassLoader());
    undeploy(context);
    assertThat(client.awaitClose()).isEqualTo(1001);
    assertThat(stream.awaitEvent("close").json().at("/payload/code").asInt()).isEqualTo(1001);
    stream.awaitEnd();
    // 503 if it waited; the container's own refusal if it came while the application was stopping
    assertThat(poll.get(30, TimeUnit.SECONDS).statusCode()).isBetween(404, 503);
    return loader;
  }

  private void undeploy(WebAppContext context) throws Exception {
    context.stop();
    contexts.removeHandler(context);
    context.destroy();
  }

  private WebAppContext deploy(String path) throws Exception {
    WebAppContext context = new WebAppContext(war.toString(), path);
    context.addConfiguration(new AnnotationConfiguration());
    context.setThrowUnavailableOnStartupException(true);
    // The test's own class path has the same classes; the application must not see those.
    context.getHiddenClassMatcher().add("dev.tidewire.", "tools.jackson.", "com.fasterxml.");
    contexts.addHandler(context);
    context.start();
    contexts.mapContexts();
    return context;
  }

  private WireClient connect(String path) {
    return WireClient.connect(
        URI.create("ws://127.0.0.1:" + connector.getLocalPort() + path + "/realtime/ws"));
  }

  private HttpResponse<String> get(String path) throws Exception {
    URI uri = URI.create("http://127.0.0.1:" + connector.getLocalPort() + path);
    return HttpClient.newHttpClient()
        .send(HttpRequest.newBuilder(uri).build(), HttpResponse.BodyHandlers.ofString());
  }
}
