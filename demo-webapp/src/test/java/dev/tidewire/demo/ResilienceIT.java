package dev.tidewire.demo;

import static org.assertj.core.api.Assertions.assertThat;

import dev.tidewire.demo.launcher.DemoServer;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The network breaks, the server restarts: nothing is lost, nothing doubled. */
class ResilienceIT extends BrowserTest {

  private static List<String> numbered(String text) {
    return IntStream.rangeClosed(1, 5).mapToObj(i -> text + " " + i).toList();
  }

  @Test
  void whatWasMissedWhileTheNetworkWasCutIsThereOnceWhenItIsBack() throws Exception {
    Proxy network = keep(new Proxy(url().getPort()));
    Tab ada = keep(Tab.open(browser(), network.url(), "chat.html", "Ada Lovelace", "violet"));
    Tab grace = grace("chat.html");
    grace.expectText("#online-count", "2");

    network.cut();
    ada.expectStatus("reconnecting");
    ada.expect(".banner").isVisible();
    ada.expect("#composer input").isDisabled();
    for (String text : numbered("Missed")) {
      grace.find("#composer input").fill(text);
      grace.find("#composer input").press("Enter");
      grace.expectCount(".message.mine[data-state='sent']:has-text('" + text + "')", 1);
    }
    network.mend();

    ada.expectStatus("connected");
    ada.expect("#composer input").isEnabled();
    // other tests have spoken in this room too
    String missed = "#message-list .words:has-text('Missed')";
    ada.expectCount(missed, 5);
    assertThat(ada.find(missed).allTextContents()).containsExactlyElementsOf(numbered("Missed"));
    ada.expectText("#online-count", "2");
    grace.expectText("#online-count", "2");
  }

  @Test
  void ordersCommittedWhileTheNetworkWasCutAreThereOnceWhenItIsBack() throws Exception {
    Proxy network = keep(new Proxy(url().getPort()));
    Tab ada = keep(Tab.open(browser(), network.url(), "", "Ada Lovelace", "violet"));
    ada.expectCount("#orders tbody tr", 12);

    network.cut();
    ada.expectStatus("reconnecting");
    for (String customer : numbered("Offline")) {
      api()
          .sql(
              "insert into orders (customer, total, status) values ('"
                  + customer
                  + "', 10, 'paid')");
    }
    api().sql("delete from orders where customer = 'Offline 3'");
    network.mend();

    ada.expectStatus("connected");
    ada.expectCount("#orders tbody tr:has-text('Offline')", 4);
    assertThat(ada.find("#orders tbody tr:has-text('Offline') td:nth-child(2)").allTextContents())
        .containsExactly("Offline 5", "Offline 4", "Offline 2", "Offline 1");
    String today =
        api().value("select count(*) from orders where created_at >= current_date").asString();
    ada.expectText("#orders-today", today);
  }

  @Test
  void pagesGoOnWhenTheServerWasRestarted(@TempDir Path data) throws Exception {
    DemoServer first = DemoServer.start(Stage.WAR, "127.0.0.1", 0, data);
    int port = first.url().getPort();
    Tab ada = keep(Tab.open(browser(), first.url(), "todos.html", "Ada Lovelace", "violet"));
    Tab grace = keep(Tab.open(browser(), first.url(), "todos.html", "Grace Hopper", "amber"));
    ada.find("#new-todo input").fill("Written before the restart");
    ada.find("#new-todo input").press("Enter");
    grace.expectCount("#todos li:has-text('Written before the restart')", 1);

    first.close();
    ada.expectStatus("reconnecting");
    grace.expectStatus("reconnecting");
    keep(DemoServer.start(Stage.WAR, "127.0.0.1", port, data));

    ada.expectStatus("connected");
    grace.expectStatus("connected");
    ada.expectCount("#todos li:has-text('Written before the restart')", 1);
    ada.find("#new-todo input").fill("Written after the restart");
    ada.find("#new-todo input").press("Enter");
    grace.expectCount("#todos li:has-text('Written after the restart')", 1);
    ada.expectText("#editors", "Editors: Ada Lovelace, Grace Hopper");
    ada.expectText("#me", "Ada Lovelace");
    ada.expectCount("dialog", 0);
  }
}
