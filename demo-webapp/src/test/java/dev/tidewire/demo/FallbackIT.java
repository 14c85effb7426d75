package dev.tidewire.demo;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import com.microsoft.playwright.Route;
import java.time.Duration;
import java.util.List;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

/** Networks that let no WebSocket through: pages go on over others, and come back. */
class FallbackIT extends BrowserTest {

  private static final String PAGE =
      "const { app } = await import(new URL('js/app.js', location.href)); const { realtime } = app; ";

  private static Object run(Tab tab, String statements) {
    return tab.page().evaluate("async () => { " + PAGE + statements + " }");
  }

  private static void expectTransport(Tab tab, String transport) {
    await()
        .pollInSameThread()
        .atMost(Duration.ofSeconds(60))
        .untilAsserted(
            () -> assertThat(run(tab, "return realtime.transport")).isEqualTo(transport));
  }

  /** Notes what arrives on a channel with its members, and every change of status. */
  private static void listen(Tab tab, String topic) {
    run(
        tab,
        """
        window.got = []; window.left = 0; window.statuses = [];
        realtime.onStatusChange((status) => statuses.push(status));
        await realtime.channel('%s')
          .on('n', ({ data }) => got.push(data.n))
          .on('presence:leave', () => left++)
          .track({ here: true }).subscribe().ready;
        """
            .formatted(topic));
  }

  private static void publish(Tab tab, String topic, int from, int to) {
    run(
        tab,
        """
        for (let n = %d; n <= %d; n++) {
          for (;;) {
            try {
              await realtime.channel('%s').publish('n', { n, words: 'two\\nlines' }, { key: `%s-${n}` });
              break;
            } catch {
              await new Promise((resolve) => setTimeout(resolve, 100));
            }
          }
        }
        """
            .formatted(from, to, topic, topic));
  }

  private static void expectAll(Tab tab, int to) {
    List<Integer> all = IntStream.rangeClosed(1, to).boxed().toList();
    await()
        .pollInSameThread()
        .atMost(Duration.ofSeconds(60))
        .untilAsserted(
            () ->
                assertThat(((List<?>) tab.page().evaluate("got")).size())
                    .isGreaterThanOrEqualTo(to));
    assertThat(tab.page().evaluate("got")).isEqualTo(all);
  }

  @Test
  void refusedWebSocketIsReplacedByAStreamAndComesBackUnnoticed() throws Exception {
    Proxy network = keep(new Proxy(url().getPort()));
    network.webSockets(Proxy.Upgrade.REFUSED);
    Tab ada = keep(Tab.open(browser(), network.url(), "chat.html", "Ada Lovelace", "violet"));
    Tab grace = grace("chat.html");
    expectTransport(ada, "sse");
    grace.expectText("#online", "Ada Lovelace");
    ada.expectText("#online", "Grace Hopper");

    ada.find("#composer input").fill("Over a stream");
    ada.find("#composer input").press("Enter");
    grace.expectCount(".message:has-text('Over a stream')", 1);
    ada.expectCount(".message.mine[data-state='sent']:has-text('Over a stream')", 1);

    listen(ada, "fallback/back");
    listen(grace, "fallback/back");
    publish(grace, "fallback/back", 1, 20);
    network.webSockets(Proxy.Upgrade.OPEN);
    for (int n = 21;
        n <= 400 && !"websocket".equals(run(ada, "return realtime.transport"));
        n += 20) {
      publish(grace, "fallback/back", n, n + 19);
      publish(ada, "fallback/own", n, n + 19);
    }
    expectTransport(ada, "websocket");
    publish(grace, "fallback/back", 1_000, 1_000);
    await()
        .pollInSameThread()
        .atMost(Duration.ofSeconds(30))
        .until(() -> (Boolean) ada.page().evaluate("got.at(-1) === 1000"));
    assertThat(ada.page().evaluate("got.every((n, i) => n === i + 1 || i === got.length - 1)"))
        .isEqualTo(true);
    assertThat(ada.page().evaluate("statuses")).isEqualTo(List.of());
    assertThat(grace.page().evaluate("left")).isEqualTo(0);
    ada.expectText("#online-count", "2");
  }

  @Test
  void webSocketCutInMidStreamIsReplacedAndNothingIsLostOrRepeated() throws Exception {
    Proxy network = keep(new Proxy(url().getPort()));
    Tab ada = keep(Tab.open(browser(), network.url(), "chat.html", "Ada Lovelace", "violet"));
    Tab grace = grace("chat.html");
    expectTransport(ada, "websocket");
    listen(ada, "fallback/cut");
    publish(grace, "fallback/cut", 1, 10);

    network.webSockets(Proxy.Upgrade.REFUSED);
    network.cut();
    publish(grace, "fallback/cut", 11, 30);
    network.mend();
    expectTransport(ada, "sse");
    publish(grace, "fallback/cut", 31, 40);
    network.cut();
    publish(grace, "fallback/cut", 41, 50);
    network.mend();
    publish(ada, "fallback/cut", 51, 60);
    expectAll(ada, 60);
  }

  @Test
  void blockedStreamIsReplacedByPollsWithEverythingOnThem() throws Exception {
    Proxy network = keep(new Proxy(url().getPort()));
    network.webSockets(Proxy.Upgrade.SILENT);
    Tab ada = keep(Tab.blank(browser(), network.url(), 1280, 860));
    ada.page().route("**/realtime/sse**", Route::abort);
    ada.introduce("Ada Lovelace", "violet");
    ada.go("chat.html");
    Tab grace = grace("chat.html");
    expectTransport(ada, "poll");
    ada.expectText("#online-count", "2");
    grace.expectText("#online-count", "2");

    listen(ada, "fallback/poll");
    publish(grace, "fallback/poll", 1, 30);
    publish(ada, "fallback/poll", 31, 40);
    expectAll(ada, 40);
    assertThat(
            run(
                ada,
                """
                const orders = realtime.channel('orders', { where: { id: { gt: 0 } }, snapshot: true });
                const rows = await new Promise((resolve) => orders.on('snapshot', (m) => resolve(m.rows.length)).subscribe());
                return rows > 0;
                """))
        .isEqualTo(true);

    ada.find("#composer input").fill("Over polls");
    ada.find("#composer input").press("Enter");
    grace.expectCount(".message:has-text('Over polls')", 1);
    ada.page().navigate("about:blank");
    grace.expectText("#online-count", "1");
  }
}
