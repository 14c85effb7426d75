package dev.tidewire.demo;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.tidewire.demo.launcher.DemoServer;
import java.time.Duration;
import java.util.HashSet;
import java.util.Set;
import org.junit.jupiter.api.Test;

/** The WAR under another path than the root, and what is left of it when it is gone. */
class DeploymentIT extends BrowserTest {

  @Test
  void everyPageWorksUnderAContextPath() throws Exception {
    DemoServer server = keep(DemoServer.start(Stage.WAR, "127.0.0.1", 0, "/demo", null));
    assertThat(server.url().getPath()).isEqualTo("/demo/");
    Tab ada = keep(Tab.open(browser(), server.url(), "", "Ada Lovelace", "violet"));
    Tab grace = keep(Tab.open(browser(), server.url(), "sql.html", "Grace Hopper", "amber"));

    ada.find("#write-one").click();
    grace.expectCount(".event[data-operation='INSERT']:has-text('orders')", 1);
    for (String page : new String[] {"Auction", "Todos", "Chat", "SQL", "Dashboard"}) {
      ada.find("nav a:has-text('" + page + "')").click();
      ada.expectText("nav a[aria-current]", page);
      ada.expectStatus("connected");
      assertThat(ada.page().url()).startsWith(server.url().toString());
    }
    ada.expectCount("#orders tbody tr", 12);
    assertThat(ada.complaints()).isEmpty();
    assertThat(grace.complaints()).isEmpty();
  }

  @Test
  void stoppedDemoLeavesNoThread() throws Exception {
    Set<Thread> before = new HashSet<>(Thread.getAllStackTraces().keySet());
    DemoServer server = DemoServer.start(Stage.WAR, "127.0.0.1", 0, null);
    Tab ada = keep(Tab.open(browser(), server.url(), "", "Ada Lovelace", "violet"));
    ada.find("#stream").click(); // what the server says of it comes a moment later
    ada.expectCount("#orders tbody tr", 12);

    server.close();

    await()
        .atMost(Duration.ofSeconds(30))
        .untilAsserted(
            () ->
                assertThat(Thread.getAllStackTraces().keySet())
                    .filteredOn(thread -> !before.contains(thread))
                    .extracting(Thread::getName)
                    .noneMatch(
                        name -> name.matches("(?i).*(tidewire|hikari|h2|mvstore|postgres).*")));
  }
}
