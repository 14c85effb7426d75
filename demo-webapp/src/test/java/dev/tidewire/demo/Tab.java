package dev.tidewire.demo;

import static com.microsoft.playwright.assertions.PlaywrightAssertions.assertThat;
import static org.assertj.core.api.Assertions.assertThat;

import com.microsoft.playwright.Browser;
import com.microsoft.playwright.BrowserContext;
import com.microsoft.playwright.Locator;
import com.microsoft.playwright.Page;
import com.microsoft.playwright.assertions.LocatorAssertions;
import com.microsoft.playwright.options.RequestOptions;
import java.net.URI;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CopyOnWriteArrayList;

/**
 * One visitor's browser window, with cookies of its own. Not thread-safe: all windows belong to the
 * test's thread.
 */
final class Tab implements AutoCloseable {
  static final double PATIENCE_MS = 30_000;

  private final BrowserContext context;
  private final Page page;
  private final URI base;
  private final List<String> complaints = new CopyOnWriteArrayList<>();

  private Tab(BrowserContext context, URI base) {
    this.context = context;
    this.base = base;
    context.setDefaultTimeout(PATIENCE_MS);
    page = context.newPage();
    page.onConsoleMessage(
        message -> {
          if (message.type().equals("error") || message.type().equals("warning")) {
            complaints.add(message.text());
          }
        });
    page.onPageError(complaints::add);
  }

  /** A window of somebody who has chosen name and colour, on {@code path}, connected. */
  static Tab open(Browser browser, URI base, String path, String name, String color) {
    Tab tab = blank(browser, base, 1280, 860);
    tab.introduce(name, color);
    tab.go(path);
    return tab;
  }

  /** A window of somebody who was never here. */
  static Tab blank(Browser browser, URI base, int width, int height) {
    return new Tab(
        browser.newContext(new Browser.NewContextOptions().setViewportSize(width, height)), base);
  }

  void introduce(String name, String color) {
    var answer =
        context
            .request()
            .post(
                base.resolve("api/session").toString(),
                RequestOptions.create().setData(Map.of("name", name, "color", color)));
    assertThat(answer.status()).as(answer.text()).isEqualTo(200);
  }

  void go(String path) {
    page.navigate(base.resolve(path).toString());
    expectStatus("connected");
  }

  void expectStatus(String status) {
    expect("body[data-status='" + status + "']")
        .hasCount(1, new LocatorAssertions.HasCountOptions().setTimeout(PATIENCE_MS));
  }

  Page page() {
    return page;
  }

  Locator find(String selector) {
    return page.locator(selector);
  }

  LocatorAssertions expect(String selector) {
    return assertThat(page.locator(selector));
  }

  void expectText(String selector, String text) {
    expect(selector)
        .containsText(text, new LocatorAssertions.ContainsTextOptions().setTimeout(PATIENCE_MS));
  }

  void expectCount(String selector, int count) {
    expect(selector)
        .hasCount(count, new LocatorAssertions.HasCountOptions().setTimeout(PATIENCE_MS));
  }

  /** What the browser complained about so far: errors, refused scripts and styles, warnings. */
  List<String> complaints() {
    return complaints;
  }

  @Override
  public void close() {
    context.close();
  }
}
