package dev.tidewire.demo;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import com.google.gson.JsonObject;
import com.microsoft.playwright.Browser;
import com.microsoft.playwright.BrowserContext;
import com.microsoft.playwright.CDPSession;
import com.microsoft.playwright.Page;
import java.net.URI;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

/** The launcher with {@code -Dtls}, in a browser: everything goes over HTTP/2. */
class TlsIT extends BrowserTest {
  private static final int STREAMS = 12; // browsers have six connections to an HTTP/1.1 server

  private Process process;
  private URI secure;

  @BeforeAll
  void launch() throws Exception {
    process = LauncherIT.command("-Dport=0", "-Dtls").start();
    secure =
        process
            .inputReader()
            .lines()
            .map(LauncherIT.URL::matcher)
            .filter(line -> line.find())
            .map(line -> URI.create(line.group(1)))
            .findFirst()
            .orElseThrow(() -> new AssertionError("it told no address"));
  }

  @AfterAll
  void end() {
    process.destroyForcibly();
  }

  private Page page() {
    BrowserContext context =
        keep(browser().newContext(new Browser.NewContextOptions().setIgnoreHTTPSErrors(true)));
    context.setDefaultTimeout(Tab.PATIENCE_MS);
    return context.newPage();
  }

  @Test
  void aPageMayHaveMoreThanSixStreamsOfEvents() {
    assertThat(secure.getScheme()).isEqualTo("https");
    Page page = page();
    page.navigate(secure.resolve("chat.html").toString());

    page.evaluate(
        """
        count => {
          window.heard = [];
          window.ready = 0;
          window.streams = Array.from({ length: count }, (_, i) => {
            const stream = new EventSource('realtime/sse?topic=chat/tls');
            stream.addEventListener('subscribed', () => window.ready++);
            stream.addEventListener('message', event => window.heard.push(`${i} ${JSON.parse(event.data).data}`));
            return stream;
          });
        }
        """,
        STREAMS);
    page.waitForFunction("count => window.ready === count", STREAMS);
    page.evaluate(
        """
        () => fetch('realtime/publish', {
          method: 'POST',
          headers: { 'Content-Type': 'application/json' },
          body: JSON.stringify({ topic: 'chat/tls', event: 'message', data: 'all' }),
        })
        """);
    page.waitForFunction("count => window.heard.length >= count", STREAMS);

    assertThat(page.evaluate("() => new Set(window.heard).size === window.heard.length"))
        .isEqualTo(true);
    assertThat(
            page.evaluate(
                "() => performance.getEntriesByType('resource')"
                    + ".map(entry => entry.nextHopProtocol).filter(name => name !== 'h2')"))
        .isEqualTo(List.of());
  }

  @Test
  void theWebSocketIsAStreamOfTheSameConnection() {
    Page page = page();
    CDPSession wire = page.context().newCDPSession(page);
    List<JsonObject> answers = new CopyOnWriteArrayList<>();
    wire.on("Network.webSocketHandshakeResponseReceived", answers::add);
    wire.send("Network.enable");

    page.navigate(secure.resolve("chat.html").toString());
    page.waitForSelector("body[data-status='connected']");

    await()
        .atMost(Duration.ofSeconds(30))
        .untilAsserted(
            () -> {
              page.title(); // lets events of the wire in
              assertThat(answers)
                  .singleElement()
                  .extracting(answer -> answer.getAsJsonObject("response").get("status").getAsInt())
                  .isEqualTo(200); // 101 would be an HTTP/1.1 connection of its own
            });
  }
}
