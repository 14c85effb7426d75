package dev.tidewire.demo;

import static com.microsoft.playwright.assertions.PlaywrightAssertions.assertThat;
import static org.assertj.core.api.Assertions.assertThat;

import com.microsoft.playwright.Browser;
import com.microsoft.playwright.BrowserContext;
import com.microsoft.playwright.Locator;
import com.microsoft.playwright.Page;
import com.microsoft.playwright.assertions.LocatorAssertions;
import dev.tidewire.sync.yjs.MemoryYjsStore;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import org.eclipse.jetty.server.Server;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** TipTap with its own collaboration extensions, bundled as an application would. */
class TipTapIT extends BrowserTest {

  private static final double PATIENCE_MS = 60_000;

  @TempDir Path pages;

  @Test
  void twoEditorsShowEachOthersWordsAndCursors() throws Exception {
    Npm.require();
    Npm.run(
        pages,
        "node_modules/.bin/esbuild",
        "page.js",
        "--bundle",
        "--minify",
        "--outfile=" + pages.resolve("page.bundle.js"));
    Files.copy(Npm.DIRECTORY.resolve("page.html"), pages.resolve("page.html"));
    Server server = YjsServer.start(0, YjsServer.bus(new MemoryYjsStore()), pages);
    try (BrowserContext adas = context(browser());
        BrowserContext graces = context(browser());
        BrowserContext lins = context(browser())) {
      Page ada = open(adas, server.getURI(), "Ada", "%230ea5e9");
      Page grace = open(graces, server.getURI(), "Grace", "%23d97706");

      editor(ada).click();
      ada.keyboard().type("We meet on Tuesday.");
      expect(editor(grace), "We meet on Tuesday.");
      editor(grace).click();
      grace.keyboard().press("End");
      grace.keyboard().type(" At nine.");
      expect(editor(ada), "At nine.");

      expect(ada.locator(".collaboration-carets__label"), "Grace");
      expect(grace.locator(".collaboration-carets__label"), "Ada");
      Page lin = open(lins, server.getURI(), "Lin", "%2316a34a"); // sees both cursors
      assertThat(lin.locator(".collaboration-carets__label"))
          .hasCount(2, new LocatorAssertions.HasCountOptions().setTimeout(PATIENCE_MS));
      Path picture = Path.of("target/tiptap-two-cursors.png");
      lin.screenshot(new Page.ScreenshotOptions().setPath(picture));
      assertThat(picture).isNotEmptyFile();

      adas.setOffline(true); // an edit made offline, and one made meanwhile, are both kept
      editor(ada).click();
      ada.keyboard().press("Home");
      ada.keyboard().type("Agreed: ");
      grace.keyboard().type(" Sharp.");
      adas.setOffline(false);
      expect(editor(grace), "Agreed: ");
      expect(editor(ada), "Sharp.");
      assertThat(text(ada)).isEqualTo("Agreed: We meet on Tuesday. At nine. Sharp.");
      assertThat(text(grace)).isEqualTo(text(ada));
    } finally {
      server.stop();
    }
  }

  private static BrowserContext context(Browser browser) {
    return browser.newContext(new Browser.NewContextOptions().setViewportSize(720, 420));
  }

  private static Page open(BrowserContext context, URI server, String name, String color) {
    Page page = context.newPage();
    page.navigate(
        server.resolve("/app/page.html")
            + "?room=minutes/tuesday&name="
            + name
            + "&color="
            + color);
    return page;
  }

  private static Locator editor(Page page) {
    return page.locator(".ProseMirror");
  }

  /** Without the names at the cursors. */
  private static Object text(Page page) {
    return page.evaluate("shared.editor.getText()");
  }

  private static void expect(Locator locator, String text) {
    assertThat(locator)
        .containsText(text, new LocatorAssertions.ContainsTextOptions().setTimeout(PATIENCE_MS));
  }
}
