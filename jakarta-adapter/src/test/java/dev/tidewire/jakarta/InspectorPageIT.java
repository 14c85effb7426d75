package dev.tidewire.jakarta;

import static com.microsoft.playwright.assertions.PlaywrightAssertions.assertThat;
import static org.assertj.core.api.Assertions.assertThat;

import com.microsoft.playwright.Browser;
import com.microsoft.playwright.BrowserContext;
import com.microsoft.playwright.BrowserType;
import com.microsoft.playwright.Locator;
import com.microsoft.playwright.Page;
import com.microsoft.playwright.Playwright;
import com.microsoft.playwright.options.ColorScheme;
import dev.tidewire.AccessPolicy;
import dev.tidewire.browser.InstalledBrowser;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** like. */
class InspectorPageIT {

  private static final String HOSTILE = "<img src=x onerror=document.title='broken'>";
  private static Playwright playwright;
  private static Browser browser;

  private final List<String> complaints = new ArrayList<>();
  private TestServer server;

  @BeforeAll
  static void launch() {
    Path executable = InstalledBrowser.path();
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

  @AfterAll
  static void quit() {
    if (playwright != null) {
      playwright.close();
    }
  }

  @BeforeEach
  void start() throws Exception {
    server =
        TestServer.start(
            EndpointOptions.defaults().inspector(),
            b -> b.access(AccessPolicy.open().inspectedBy(who -> who.userId().equals("root"))));
  }

  @AfterEach
  void stop() throws Exception {
    server.close();
  }

  private Page open(int width, int height, ColorScheme scheme) {
    BrowserContext context =
        browser.newContext(
            new Browser.NewContextOptions()
                .setViewportSize(width, height)
                .setColorScheme(scheme)
                .setExtraHTTPHeaders(Map.of("X-Test-User", "root")));
    context.setDefaultTimeout(WireClient.PATIENCE.toMillis());
    Page page = context.newPage();
    page.onConsoleMessage(
        message -> {
          if (message.type().equals("error") || message.type().equals("warning")) {
            complaints.add(message.text());
          }
        });
    page.onPageError(complaints::add);
    page.navigate(server.uri("/realtime/inspector/").toString());
    return page;
  }

  private static void expect(Locator locator, String text) {
    assertThat(locator)
        .containsText(
            text,
            new com.microsoft.playwright.assertions.LocatorAssertions.ContainsTextOptions()
                .setTimeout(WireClient.PATIENCE.toMillis()));
  }

  @Test
  void itShowsWhoIsThereAndWhatBecameOfAnEventAndNeverTakesANameForMarkup() throws Exception {
    try (WireClient ada = server.connect("X-Test-User", "ada");
        WireClient hostile = server.connect("X-Test-User", HOSTILE)) {
      ada.send("{\"id\":\"s\",\"type\":\"subscribe\",\"topic\":\"chat/1\"}").awaitAnswer("s");
      Page page = open(1280, 900, ColorScheme.LIGHT);
      Locator rows = page.locator("#view tbody");
      expect(rows, "ada");
      expect(rows, HOSTILE);
      expect(page.locator("#status"), "Live");
      assertThat(rows.locator("img")).hasCount(0);

      try (WireClient late = server.connect("X-Test-User", "late")) {
        late.awaitType("welcome");
        expect(rows, "late"); // without anybody asking
      }
      server.realtime().emit("message", "x", "chat/1");
      String id = ada.awaitEvent("message").path("id").asString();

      rows.getByText(HOSTILE).click();
      expect(page.locator("#view h2"), HOSTILE);
      page.getByText("Explain an event").click();
      page.locator("input[name=who]").fill("ada");
      page.locator("input[name=topic]").fill("chat/1");
      page.locator("input[name=id]").fill(id);
      page.keyboard().press("Enter");
      expect(page.locator(".conclusion"), "Sent");
      expect(page.locator("#answer"), "Clients do not acknowledge deliveries");
      page.locator("input[name=who]").fill(HOSTILE);
      page.keyboard().press("Enter");
      expect(page.locator(".conclusion"), "Not subscribed");
      page.locator("input[name=id]").fill("nowhere.7");
      page.keyboard().press("Enter");
      expect(page.locator(".conclusion"), "Another life of the stream");

      page.locator("nav").getByText("Channels").click();
      rows.getByText("chat/1").click();
      expect(page.locator(".facts"), id);
      expect(page.locator("#view table").first(), "ada");

      assertThat(page).hasTitle("Inspector · Tidewire");
      assertThat(complaints).isEmpty();
      assertThat(
              (List<?>)
                  page.evaluate(
                      "() => performance.getEntriesByType('resource').map(r => r.name)"
                          + ".filter(n => !n.startsWith(location.origin))"))
          .isEmpty();
    }
  }

  @Test
  void itPausesFitsAPhoneAndSaysWhenTheServerIsGone() throws Exception {
    try (WireClient ada = server.connect("X-Test-User", "ada")) {
      ada.awaitType("welcome");
      Page page = open(390, 844, ColorScheme.DARK);
      expect(page.locator("#view tbody"), "ada");
      for (String view : List.of("Channels", "Explain", "Connections")) {
        page.locator("nav").getByText(view).click();
        assertThat(page.locator("nav a[aria-current]")).hasText(view);
        assertThat(page.evaluate("() => document.documentElement.scrollWidth")).isEqualTo(390);
      }
      page.locator("#pause").click();
      expect(page.locator("#status"), "Paused");
      page.locator("#pause").click();
      expect(page.locator("#status"), "Live");
      assertThat(complaints).isEmpty();

      server.undeploy();
      expect(page.locator("#status"), "Disconnected");
      expect(page.locator("#banner"), "Trying again");
      expect(page.locator("#view tbody"), "ada"); // as it was
    }
  }
}
