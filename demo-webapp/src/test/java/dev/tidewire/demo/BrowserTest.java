package dev.tidewire.demo;

import com.microsoft.playwright.Browser;
import java.net.URI;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.extension.ExtendWith;

/** A running demo and a browser; every window that a test opens is closed after it. One thread. */
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
@ExtendWith(Stage.Resolver.class)
abstract class BrowserTest {
  private final List<AutoCloseable> open = new ArrayList<>();
  private Stage stage;

  @BeforeAll
  void enter(Stage newStage) {
    stage = newStage;
  }

  @AfterEach
  void closeWindows() throws Exception {
    for (AutoCloseable each : open) {
      each.close();
    }
    open.clear();
  }

  URI url() {
    return stage.server().url();
  }

  Browser browser() {
    return stage.browser();
  }

  Tab ada(String path) {
    return keep(Tab.open(browser(), url(), path, "Ada Lovelace", "violet"));
  }

  Tab grace(String path) {
    return keep(Tab.open(browser(), url(), path, "Grace Hopper", "amber"));
  }

  <T extends AutoCloseable> T keep(T closeable) {
    open.add(closeable);
    return closeable;
  }

  Api api() {
    return new Api(url());
  }
}
