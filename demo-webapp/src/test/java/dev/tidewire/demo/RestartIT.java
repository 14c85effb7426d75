package dev.tidewire.demo;

import static org.assertj.core.api.Assertions.assertThat;

import dev.tidewire.demo.launcher.DemoServer;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The demo with a folder of its own, stopped and started again. */
class RestartIT extends BrowserTest {

  @Test
  void chatIsThereAfterARestart(@TempDir Path data) throws Exception {
    try (DemoServer before = DemoServer.start(Stage.WAR, "127.0.0.1", 0, data);
        Tab ada = Tab.open(browser(), before.url(), "chat.html", "Ada Lovelace", "violet")) {
      for (String words : new String[] {"Said first", "Said second"}) {
        ada.find("#composer input").fill(words);
        ada.find("#composer input").press("Enter");
        ada.expectCount(".message.mine[data-state='sent']:has-text('" + words + "')", 1);
      }
    }

    try (DemoServer after = DemoServer.start(Stage.WAR, "127.0.0.1", 0, data);
        Tab grace = Tab.open(browser(), after.url(), "chat.html", "Grace Hopper", "amber")) {
      grace.expectCount(".message", 2);
      grace.expectText(".message >> nth=0", "Said first");
      grace.expectText(".message >> nth=1", "Said second");
      grace.find("#composer input").fill("Said later");
      grace.find("#composer input").press("Enter");
      grace.expectText(".message >> nth=2", "Said later");
      assertThat(grace.complaints()).isEmpty();
    }
  }
}
