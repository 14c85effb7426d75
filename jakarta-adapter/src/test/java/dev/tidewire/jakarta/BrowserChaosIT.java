package dev.tidewire.jakarta;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import com.microsoft.playwright.Page;
import dev.tidewire.AccessPolicy;
import dev.tidewire.browser.StartedBrowser;
import dev.tidewire.channel.Position;
import dev.tidewire.presence.Member;
import jakarta.servlet.http.HttpServlet;
import jakarta.servlet.http.HttpServletRequest;
import jakarta.servlet.http.HttpServletResponse;
import java.io.IOException;
import java.io.InputStream;
import java.time.Duration;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.locks.LockSupport;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

/**
 * The browser client in a real browser behind a network that misbehaves, or falls silent. {@code
 * -Dtidewire.seed=…} takes the same seed again, {@code -Dtidewire.messages=…} another length.
 */
class BrowserChaosIT {

  private static final List<String> TOPICS = List.of("chaos/a", "chaos/b", "few/c");
  private static final Duration LONG = Duration.ofMinutes(5);
  private static StartedBrowser browser;

  private final long seed = Long.getLong("tidewire.seed", System.nanoTime());
  private final int messages = Integer.getInteger("tidewire.messages", 2_000);
  private final Map<String, ChaosOracle.Story> stories = new HashMap<>();
  private final Map<String, Position> reached = new HashMap<>();
  private int acknowledged;
  private String counts = "";

  @BeforeAll
  static void launch() {
    browser = new StartedBrowser();
  }

  @AfterAll
  static void quit() {
    if (browser != null) {
      browser.close();
    }
  }

  private static TestServer server() throws Exception {
    return TestServer.start(
        EndpointOptions.defaults(),
        builder ->
            builder
                .access(AccessPolicy.open())
                .heartbeat(Duration.ofMillis(500), Duration.ofMillis(500))
                .limits(l -> l.frames(0, 0).recovery(20_000, 8 << 20).queueBytes(8 << 20))
                .limits(l -> l.userConnections(0).addressConnections(0).addressRequests(0, 0))
                .channels("chaos/*", c -> c.retain(20_000, Duration.ofHours(1)))
                .channels("few/*", c -> c.retain(50, Duration.ofHours(1))),
        context -> context.addServlet(new Pages(), "/pages/*"));
  }

  private static Page open(ChaosProxy network) {
    Page page = browser.browser().newPage();
    page.setDefaultTimeout(WireClient.PATIENCE.toMillis());
    page.navigate("http://127.0.0.1:" + network.port() + "/app/pages/chaos.html");
    page.waitForFunction("() => window.chaos !== undefined");
    page.evaluate("topics => chaos.hear(topics)", TOPICS);
    return page;
  }

  @Test
  void aPageHearsEverythingOnceAndPublishesOnce() throws Exception {
    int own = messages / 4;
    try (TestServer server = server();
        ChaosProxy network = new ChaosProxy(server.port(), seed)) {
      ChaosOracle oracle = new ChaosOracle(server.realtime(), TOPICS);
      Page page = open(network);
      network.storm(true);
      page.evaluate(
          "([topics, count]) => chaos.publishAll('page', topics, count)", List.of(TOPICS, own));
      CompletableFuture<Void> publisher =
          CompletableFuture.runAsync(() -> publish(server, messages - own));
      await("everything heard, seed " + seed)
          .pollInSameThread()
          .atMost(LONG)
          .until(
              () -> {
                look(page, oracle);
                boolean all = publisher.isDone() && oracle.published() >= messages;
                return all && acknowledged >= own && isUpToDate(oracle);
              });
      publisher.join();
      page.close();

      System.out.printf("Browser, seed %d%n  network: %s%n  page: %s%n", seed, network, counts);
      oracle.isSatisfied("Browser (client, event stream and polling at once), seed " + seed);
      assertThat(oracle.published()).as("published once, seed %d", seed).isEqualTo(messages);
      assertThat(network.broken()).as("connections broken, seed %d", seed).isPositive();
    }
  }

  private void look(Page page, ChaosOracle oracle) {
    Map<?, ?> news = (Map<?, ?>) page.evaluate("() => chaos.news()");
    assertThat((List<?>) news.get("failures")).as("seed %d", seed).isEmpty();
    for (Object each : (List<?>) news.get("heard")) {
      List<?> entry = (List<?>) each;
      String way = entry.get(0) + " " + entry.get(1);
      Position at = Position.parse((String) entry.get(2));
      stories
          .computeIfAbsent(way, w -> oracle.story((String) entry.get(1)))
          .add(new ChaosOracle.Heard(at, (String) entry.get(3)));
      reached.put(way, at);
    }
    for (Object each : (List<?>) news.get("acked")) {
      List<?> entry = (List<?>) each;
      oracle.acknowledged(
          (String) entry.get(0), Position.parse((String) entry.get(1)), (String) entry.get(2));
      acknowledged++;
    }
    counts =
        news.get("links")
            + " links of the client, "
            + news.get("attempts")
            + " attempts to publish";
  }

  private boolean isUpToDate(ChaosOracle oracle) {
    for (String way : List.of("client", "stream", "poll")) {
      for (String topic : TOPICS) {
        Position end = oracle.end(topic);
        if (end == null || !end.equals(reached.get(way + " " + topic))) {
          return false;
        }
      }
    }
    return true;
  }

  /** At the pace of the page's own publishing, so that it suffers while it publishes. */
  private void publish(TestServer server, int count) {
    Random random = new Random(seed + 1);
    for (int i = 0; i < count; i++) {
      String topic = TOPICS.get(random.nextInt(TOPICS.size()));
      server.realtime().emit("n", "s" + i, topic).toCompletableFuture().join();
      LockSupport.parkNanos(random.nextInt(10_000_000));
    }
  }

  @Test
  void aSilentServerIsLeftForANewConnectionAndASilentPageLeaves() throws Exception {
    try (TestServer server = server();
        ChaosProxy network = new ChaosProxy(server.port(), seed)) {
      Page page = open(network);
      page.evaluate("() => chaos.track('room')");
      WireClient.soon("the page's presence").until(() -> present(server).size() == 1);
      List<String> first = present(server);

      network.silence(); // no end of the connection is ever told, to either side

      page.waitForFunction("() => chaos.links() > 1");
      server.realtime().emit("n", "after", TOPICS.get(0)).toCompletableFuture().join();
      page.waitForFunction("() => chaos.has('after')");
      WireClient.soon("only the new connection's presence")
          .until(() -> present(server).size() == 1 && !present(server).equals(first));
      page.close();
    }
  }

  private static List<String> present(TestServer server) {
    return server
        .realtime()
        .channel("room")
        .presence()
        .toCompletableFuture()
        .join()
        .members()
        .stream()
        .map(Member::userId)
        .toList();
  }

  /** The page and its script. */
  private static final class Pages extends HttpServlet {
    private static final long serialVersionUID = 1L;

    @Override
    protected void doGet(HttpServletRequest request, HttpServletResponse response)
        throws IOException {
      if (request.getPathInfo().endsWith(".html")) {
        response.setContentType("text/html");
        response
            .getWriter()
            .write(
                "<!doctype html><link rel=icon href=data:,><script type=module"
                    + " src=chaos.js></script>");
        return;
      }
      response.setContentType("text/javascript");
      try (InputStream script = Pages.class.getResourceAsStream("/pages/chaos.js")) {
        script.transferTo(response.getOutputStream());
      }
    }
  }
}
