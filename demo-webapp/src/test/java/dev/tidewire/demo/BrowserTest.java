package dev.tidewire.demo;

import com.microsoft.playwright.Browser;
import com.microsoft.playwright.BrowserType;
import com.microsoft.playwright.Playwright;
import dev.tidewire.demo.launcher.DemoServer;
import java.net.URI;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.TestInstance;

/** A running demo and a browser; every window that a test opens is closed after it. One thread. */
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
abstract class BrowserTest {
  static final Path WAR = Path.of(System.getProperty("demo.war", "target/demo-webapp"));

  private final List<AutoCloseable> open = new ArrayList<>();
  private Playwright playwright;
  private Browser browser;
  private DemoServer server;

  @BeforeAll
  void start() throws Exception {
    Path executable = InstalledBrowser.path();
    server = startServer();
    playwright =
        Playwright.create(
            new Playwright.CreateOptions().setEnv(Map.of("PLAYWRIGHT_SKIP_BROWSER_DOWNLOAD", "1")));
    browser =
        playwright
            .chromium()
            .launch(
                new BrowserType.LaunchOptions()
                    .setExecutablePath(executable)
                    .setArgs(
                        List.of(
                            "--no-sandbox",
                            "--disable-gpu",
                            "--disable-quic",
                            "--no-first-run",
                            "--disable-background-networking",
                            "--disable-component-update",
                            "--disable-sync")));
  }

  DemoServer startServer() throws Exception {
    return DemoServer.start(WAR, "127.0.0.1", 0, null);
  }

  @AfterEach
  void closeWindows() throws Exception {
    for (AutoCloseable each : open) {
      each.close();
    }
    open.clear();
  }

  @AfterAll
  void stop() throws Exception {
    if (playwright != null) {
      playwright.close();
    }
    if (server != null) {
      server.close();
    }
  }

  DemoServer server() {
    return server;
  }

  URI url() {
    return server.url();
  }

  Browser browser() {
    return browser;
  }

  Tab ada(String path) {
    return keep(Tab.open(browser, url(), path, "Ada Lovelace", "violet"));
  }

  Tab grace(String path) {
    return keep(Tab.open(browser, url(), path, "Grace Hopper", "amber"));
  }

  <T extends AutoCloseable> T keep(T closeable) {
    open.add(closeable);
    return closeable;
  }

  Api api() {
    return new Api(url());
  }
}
