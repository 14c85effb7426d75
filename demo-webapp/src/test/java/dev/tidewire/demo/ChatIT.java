package dev.tidewire.demo;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;

/** The chat in two windows. */
class ChatIT extends BrowserTest {

  private static void say(Tab tab, String text) {
    tab.find("#composer input").fill(text);
    tab.find("#composer input").press("Enter");
  }

  @Test
  void messageOfOneShowsInTheOtherOnce() {
    Tab ada = ada("chat.html");
    Tab grace = grace("chat.html");

    say(ada, "Hello from Ada");

    grace.expectCount(".message:has-text('Hello from Ada')", 1);
    grace.expectText(".message:has-text('Hello from Ada') .meta", "Ada Lovelace");
    ada.expectCount(".message.mine[data-state='sent']:has-text('Hello from Ada')", 1);
    assertThat(ada.complaints()).isEmpty();
    assertThat(grace.complaints()).isEmpty();
  }

  @Test
  void whoComesLaterReadsTheHistory() {
    Tab ada = ada("chat.html");
    say(ada, "Said before you came");
    ada.expectCount(".message.mine[data-state='sent']:has-text('Said before you came')", 1);

    Tab grace = grace("chat.html");

    grace.expectCount(".message:has-text('Said before you came')", 1);
  }

  @Test
  void markupIsShownAsText() {
    Tab ada = ada("chat.html");
    Tab grace = grace("chat.html");

    say(ada, "<img src=x onerror=alert(1)><b>bold</b>");

    grace.expectText(".message .words >> nth=-1", "<img src=x onerror=alert(1)><b>bold</b>");
    grace.expectCount(".message .words :is(img, b)", 0);
  }

  @Test
  void typingIsToldAndEndsWithTheMessage() {
    Tab ada = ada("chat.html");
    Tab grace = grace("chat.html");
    ada.find("#composer input").pressSequentially("Hm");
    grace.expectText("#typing", "Ada Lovelace is typing");
    ada.find("#composer input").press("Enter");
    grace.expectCount(".message:has-text('Hm')", 1);
    grace.expect("#typing").hasText("");
  }

  @Test
  void onlineListFollowsWhoIsThere() {
    Tab ada = ada("chat.html");
    ada.expectText("#online-count", "1");
    Tab grace = grace("chat.html");
    ada.expectText("#online", "Grace Hopper");
    ada.expectText("#online-count", "2");

    grace.close();

    ada.expectText("#online-count", "1");
    ada.expect("#online").not().containsText("Grace Hopper");
  }

  @Test
  void earlierMessagesAreLoadedPageByPage() {
    Tab ada = ada("chat.html");
    ada.page()
        .evaluate(
            """
            async () => {
              const { app } = await import(new URL('js/app.js', location.href));
              const chat = app.realtime.channel('chat/general');
              for (let i = 1; i <= 230; i++) {
                await chat.publish('message', { id: `bulk-${i}`, name: 'Bulk', color: 'teal', text: `bulk ${i}` }, { persist: true });
                if (i % 40 === 0) await new Promise((resolve) => setTimeout(resolve, 1000));
              }
            }
            """);

    Tab grace = grace("chat.html");

    grace.expectCount(".message:has-text('bulk')", 100);
    grace.find("#earlier").click();
    grace.expectCount(".message:has-text('bulk')", 200);
    grace.find("#earlier").click();
    grace.expectCount(".message:has-text('bulk')", 230);
    grace.expect(".message:has-text('bulk') .words >> nth=0").hasText("bulk 1");
    grace.expect("#earlier").isHidden();
  }

  @Test
  void whoLooksAwayIsAwayUntilBack() {
    Tab ada = ada("chat.html");
    Tab grace = grace("chat.html");
    ada.expectText("#online", "Grace Hopper");
    look(grace, "hidden");
    ada.expectCount("#online li:has-text('Grace Hopper'):has-text('away')", 1);
    ada.expectCount("#site-people .avatar.away[title='Grace Hopper, away']", 1);
    look(grace, "visible");
    ada.expectCount("#online li:has-text('away')", 0);
  }

  private static void look(Tab tab, String visibility) {
    tab.page()
        .evaluate(
            "visibility => { Object.defineProperty(document, 'visibilityState', { value: visibility, configurable: true });"
                + " document.dispatchEvent(new Event('visibilitychange')) }",
            visibility);
  }

  @Test
  void messagesOfAnotherShapeAreShownToo() {
    Tab ada = ada("chat.html");
    ada.page()
        .evaluate(
            """
            async () => {
              const { app } = await import(new URL('js/app.js', location.href));
              const chat = app.realtime.channel('chat/general');
              await chat.publish('message', { text: 'without an id, one' }, { persist: true });
              await chat.publish('message', { text: 'without an id, two' });
              await chat.publish('message', 'just words');
              await chat.publish('message', null);
            }
            """);
    ada.expectCount(".message:has-text('without an id')", 2);
    ada.expectCount(".message:has-text('just words')", 1);
    assertThat(ada.complaints()).isEmpty();
  }
}
