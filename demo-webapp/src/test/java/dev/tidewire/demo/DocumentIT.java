package dev.tidewire.demo;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import com.microsoft.playwright.Page;
import dev.tidewire.demo.launcher.DemoServer;
import java.nio.file.Path;
import java.time.Duration;
import java.util.UUID;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The shared document in two windows. */
class DocumentIT extends BrowserTest {
  private static final String SAVED = "All changes saved";

  private String document = "";

  @BeforeEach
  void take() {
    document = "document.html?name=" + UUID.randomUUID();
  }

  @Test
  void twoWhoTypeAtTheSameTimeEndWithTheSameText() {
    Tab ada = ada(document);
    Tab grace = grace(document);
    write(ada, "The first paragraph.\nThe second one.");
    expectText(grace, "The first paragraph.\nThe second one.");

    put(ada, "The first paragraph.".length());
    put(grace, "The first paragraph.\nThe second one.".length());
    for (String letter : " Both type at once.".split("")) {
      ada.page().keyboard().insertText(letter);
      grace.page().keyboard().insertText(letter);
    }
    grace.page().keyboard().press("Enter");
    grace.page().keyboard().insertText("And a third.");

    String all =
        "The first paragraph. Both type at once.\nThe second one. Both type at once.\nAnd a third.";
    expectText(ada, all);
    expectText(grace, all);
    ada.expectText("#saved", SAVED);
    grace.expectText("#saved", SAVED);
    assertThat(ada.complaints()).isEmpty();
    assertThat(grace.complaints()).isEmpty();
  }

  @Test
  void paragraphsAreSplitAndJoinedWhileSomebodyElseWritesInTheNext() {
    Tab ada = ada(document);
    Tab grace = grace(document);
    write(ada, "One two\nThree");
    expectText(grace, "One two\nThree");

    put(grace, "One two\nThree".length());
    put(ada, "One".length());
    ada.page().keyboard().press("Enter");
    grace.page().keyboard().insertText(" four");
    expectText(ada, "One\n two\nThree four");
    ada.page().keyboard().insertText("and");
    expectText(grace, "One\nand two\nThree four");
    put(ada, "One\n".length());
    ada.page().keyboard().press("Backspace");
    grace.page().keyboard().insertText(" five"); // its caret has stayed where it was

    expectText(ada, "Oneand two\nThree four five");
    expectText(grace, "Oneand two\nThree four five");
  }

  @Test
  void caretsOfOthersCarryTheirNameAndGoWithThem() {
    Tab ada = ada(document);
    Tab grace = grace(document);
    write(ada, "Here and\nthere");
    expectText(grace, "Here and\nthere");
    ada.expectText("#here-count", "2");

    put(grace, "Here and\nthe".length());

    ada.expectText(".mirror p:nth-child(2) .caret[data-color='amber']", "Grace Hopper");
    ada.expectText("#here li:has-text('Grace Hopper')", "paragraph 2");
    grace.expectText(".mirror p:nth-child(2) .caret[data-color='violet']", "Ada Lovelace");
    grace.find("#title").focus();
    ada.expectCount(".mirror .caret", 0);
    ada.expectText("#here li:has-text('Grace Hopper')", "title");
    grace.close();
    ada.expectText("#here-count", "1");
    ada.expect("#here").not().containsText("Grace Hopper");
  }

  @Test
  void titleAndCommentsAreShared() {
    Tab ada = ada(document);
    Tab grace = grace(document);

    ada.find("#title").fill("Minutes");
    comment(ada, "Who brings <b>cake</b>?");
    grace.expectCount("#comments li:has-text('Who brings <b>cake</b>?')", 1);
    comment(grace, "I do");

    ada.expectCount("#comments li", 2);
    assertThat(ada.find("#comments .words").allTextContents())
        .containsExactly("Who brings <b>cake</b>?", "I do");
    grace.expect("#title").hasValue("Minutes");
    grace.expectCount("#comments button", 1); // one's own
    grace.find("#comments button").click();
    ada.expectCount("#comments li", 1);
  }

  @Test
  void whatIsWrittenOfflineIsMergedOnReturn() throws Exception {
    Proxy network = keep(new Proxy(url().getPort()));
    Tab ada = keep(Tab.open(browser(), network.url(), document, "Ada Lovelace", "violet"));
    Tab grace = grace(document);
    write(ada, "First\nSecond");
    expectText(grace, "First\nSecond");
    ada.expectText("#saved", SAVED);

    network.cut();
    ada.expectText("#saved", "Offline, all changes saved");
    put(ada, "First".length());
    ada.page().keyboard().insertText(" by Ada");
    ada.expectText("#saved", "Offline, changes are kept here");
    comment(ada, "Written offline");
    put(grace, "First\nSecond".length());
    grace.page().keyboard().insertText(" by Grace");
    grace.page().keyboard().press("Enter");
    grace.page().keyboard().insertText("Third");
    grace.expectText("#saved", SAVED);
    assertThat(text(ada)).isEqualTo("First by Ada\nSecond");
    network.mend();

    expectText(ada, "First by Ada\nSecond by Grace\nThird");
    expectText(grace, "First by Ada\nSecond by Grace\nThird");
    grace.expectCount("#comments li:has-text('Written offline')", 1);
    ada.expectText("#saved", SAVED);
  }

  @Test
  void whatWasWrittenOfflineSurvivesAReload() throws Exception {
    Proxy network = keep(new Proxy(url().getPort()));
    Tab ada = keep(Tab.open(browser(), network.url(), document, "Ada Lovelace", "violet"));
    Tab grace = grace(document);
    write(ada, "Kept");
    ada.expectText("#saved", SAVED);

    network.cut();
    ada.expectText("#saved", "Offline");
    ada.find("#text").press("End");
    ada.page().keyboard().insertText(" over a reload");
    ada.expectText("#saved", "Offline, changes are kept here");
    ada.page().navigate("about:blank");
    expectText(grace, "Kept");
    network.mend();
    ada.page().navigate(network.url().resolve(document).toString());

    expectText(ada, "Kept over a reload");
    expectText(grace, "Kept over a reload");
    ada.expectText("#saved", SAVED);
  }

  @Test
  void documentIsThereAfterARestart(@TempDir Path data) throws Exception {
    try (DemoServer before = DemoServer.start(Stage.WAR, "127.0.0.1", 0, data);
        Tab ada = Tab.open(browser(), before.url(), "document.html", "Ada Lovelace", "violet")) {
      ada.expect("#title").hasValue("Notes on the tides");
      ada.find("#title").fill("Our tides");
      write(ada, "Written before\nthe restart");
      comment(ada, "Keep this");
      ada.expectCount("#comments li", 1);
      ada.expectText("#saved", SAVED);
    }

    try (DemoServer after = DemoServer.start(Stage.WAR, "127.0.0.1", 0, data);
        Tab grace = Tab.open(browser(), after.url(), "document.html", "Grace Hopper", "amber")) {
      expectText(grace, "Written before\nthe restart");
      grace.expect("#title").hasValue("Our tides");
      grace.expectText("#comments", "Keep this");
    }
  }

  @Test
  void fieldsOfAnotherShapeAreShownToo() {
    Tab ada = ada(document);
    write(ada, "Well-formed");
    ada.expectText("#saved", SAVED);
    ada.page()
        .evaluate(
            """
            async (name) => {
              const { createSync } = await import(new URL('realtime/sync.js', location.href));
              const other = createSync(name, {}, { presence: false });
              const values = [null, 'just words', {}, { order: 7, text: 'no key' }, { order: 'zz', text: 'two\\nlines' }];
              values.forEach((value, i) => other.field(`p:odd-${i}`).set(value));
              other.field('comment:odd').set(null);
              other.connect();
            }
            """,
            document.substring(document.indexOf('=') + 1));

    ada.expectCount(".mirror p", 6);
    ada.expectCount("#comments li:has-text('Somebody')", 1);
    await()
        .atMost(Duration.ofSeconds(30))
        .untilAsserted(() -> assertThat(text(ada)).contains("Well-formed", "no key", "two lines"));
    assertThat(ada.complaints()).isEmpty();
  }

  @Test
  void pictureOfTwoCarets() {
    Tab ada = ada("document.html");
    Tab grace = grace("document.html");
    Tab lin = keep(Tab.open(browser(), url(), "document.html", "Lin Chen", "green"));
    ada.expect("#text").isEnabled();
    put(grace, 40);
    put(lin, 100);
    comment(grace, "Which moon is it tonight?");
    comment(lin, "New moon: spring tide on Thursday.");
    put(grace, 40);
    put(lin, 100);
    ada.expectCount("#comments li", 2);
    ada.expectCount(".mirror .caret", 2);
    Path wide = Path.of("target/document-two-cursors.png");
    ada.page().screenshot(new Page.ScreenshotOptions().setPath(wide));
    ada.page().setViewportSize(390, 844);
    Path narrow = Path.of("target/document-phone.png");
    ada.page().screenshot(new Page.ScreenshotOptions().setPath(narrow).setFullPage(true));
    assertThat(wide).isNotEmptyFile();
    assertThat(narrow).isNotEmptyFile();
  }

  private static void write(Tab tab, String text) {
    tab.expectCount("#text:enabled", 1);
    tab.find("#text").fill(text);
  }

  /** Sets the caret. */
  private static void put(Tab tab, int offset) {
    tab.expectCount("#text:enabled", 1);
    tab.find("#text").focus();
    tab.find("#text").evaluate("(area, at) => area.setSelectionRange(at, at)", offset);
  }

  private static void comment(Tab tab, String text) {
    tab.expectCount("#comment input:enabled", 1);
    tab.find("#comment input").fill(text);
    tab.find("#comment input").press("Enter");
  }

  private static String text(Tab tab) {
    return tab.find("#text").inputValue();
  }

  private static void expectText(Tab tab, String text) {
    await()
        .atMost(Duration.ofSeconds(30))
        .untilAsserted(() -> assertThat(text(tab)).isEqualTo(text));
  }
}
