package dev.tidewire.client;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;

/** Throttle, debounce, typing and activity, to the millisecond. */
class PaceIT {

  @RegisterExtension final Stage stage = new Stage();

  @BeforeEach
  void freezeTime() {
    stage.loadWithFrozenTime("signals", "timing", "typing", "presence");
  }

  @Test
  void ratesAreThoseOfTheGuide() {
    assertThat(stage.value("Object.values(RATES).join()")).isEqualTo("33,16,200,100,3000");
  }

  @Test
  void throttleLetsTheFirstAndTheLatestThrough() {
    stage.run("window.move = throttle(n => note(n), RATES.cursorSent); move(1); move(2); move(3)");
    stage.awaitLog("1");
    stage.pass(32);
    stage.awaitLog("1");
    stage.pass(1);
    stage.awaitLog("1", "3");
    stage.pass(32);
    stage.run("move(4)");
    stage.awaitLog("1", "3");
    stage.pass(1);
    stage.awaitLog("1", "3", "4");
    stage.pass(33);
    stage.run("move(5)");
    stage.awaitLog("1", "3", "4", "5");
  }

  @Test
  void debounceWaitsForAPause() {
    stage.run("window.save = debounce(n => note(n), RATES.documentSent); save(1)");
    stage.pass(199);
    stage.run("save(2)");
    stage.pass(199);
    assertThat(stage.log()).isEmpty();
    stage.pass(1);
    stage.awaitLog("2");
  }

  @Test
  void waitingCallIsMadeNowOrDropped() {
    stage.run(
        "const a = debounce(n => note('a', n), 100), b = throttle(n => note('b', n), 100);"
            + "a(1); a.flush(); a(2); a.cancel(); b(1); b(2); b.flush(); b(3); b.cancel()");
    stage.pass(1_000);
    stage.awaitLog("a 1", "b 1", "b 2");
  }

  @Test
  void typingIsToldOnceAndEndsThreeSecondsAfterTheLastKey() {
    stage.run(
        "window.typing = createTyping({ send: m => note(m.type, m.isTyping), on: () => () => {} }, { userId: 'me' }); typing.input()");
    stage.pass(2_999);
    stage.run("typing.input()");
    stage.pass(2_999);
    stage.awaitLog("typing:start true");
    stage.pass(1);
    stage.awaitLog("typing:start true", "typing:stop false");
    stage.run("typing.input(); typing.stop(); typing.stop()");
    stage.pass(10_000);
    assertThat(stage.log()).hasSize(4);
  }

  @Test
  void typingUsesTheNameAndTheWayItIsGiven() {
    stage.run(
        "const socket = { send: m => note(m.type, m.isTyping), on: () => () => {} };"
            + "const a = createTyping(socket, { name: 'typing-start', stopAfter: 2000 }); a.input(); a.stop();"
            + "const b = createTyping(socket, { name: 'typing' }); b.input(); b.stop();"
            + "const c = createTyping(null, { send: isTyping => note('post', isTyping) }); c.input(); c.stop()");
    stage.awaitLog(
        "typing-start true",
        "typing-stop false",
        "typing true",
        "typing false",
        "post true",
        "post false");
  }

  @Test
  void typingOfOthersIsUnderstoodInAllThreeNames() {
    stage.run(
        "let hear; const socket = { send() {}, on: (e, f) => (hear = f, () => note('ended')) };"
            + "window.typing = createTyping(socket, { userId: 'me' }); window.hear = hear;"
            + "window.who = () => typing.users().map(u => u.username).join();"
            + "hear({ type: 'typing-start', userId: 'a', username: 'Ada' });"
            + "hear({ type: 'typing:start', payload: { userId: 'b', username: 'Bob' } });"
            + "hear({ type: 'typing', userId: 'c', username: 'Cyd', isTyping: true });"
            + "hear({ type: 'typing:start', userId: 'me', username: 'Me' }); hear({ type: 'else' }); hear(null)");
    assertThat(stage.value("who()")).isEqualTo("Ada,Bob,Cyd");
    stage.run(
        "hear({ type: 'typing-stop', userId: 'a' }); hear({ type: 'typing', userId: 'c', isTyping: false })");
    assertThat(stage.value("who()")).isEqualTo("Bob");
    stage.pass(60_000);
    assertThat(stage.value("who()")).isEqualTo("");
    stage.run("typing.close()");
    stage.awaitLog("ended");
  }

  @Test
  void awayAfterTwoMinutesWithoutASignOfLife() {
    stage.run("window.activity = trackActivity({ send: s => note(s) })");
    stage.pass(119_999);
    stage.run("dispatchEvent(new Event('mousemove'))");
    stage.pass(119_999);
    assertThat(stage.log()).isEmpty();
    stage.pass(1);
    stage.awaitLog("away");
    for (String sign : new String[] {"keydown", "touchstart", "scroll", "click"}) {
      stage.run("log.length = 0; document.body.dispatchEvent(new Event('" + sign + "'))");
      stage.awaitLog("online");
      stage.pass(120_000);
      stage.awaitLog("online", "away");
    }
    stage.run("log.length = 0; activity.stop(); document.body.dispatchEvent(new Event('click'))");
    stage.pass(600_000);
    stage.awaitLog("offline");
  }

  @Test
  void hiddenPageIsAwayAtOnceAndBackWhenSeen() {
    stage.run("window.activity = trackActivity({ send: s => note(s) })");
    stage.hide(true);
    stage.run("document.body.dispatchEvent(new Event('scroll'))");
    stage.awaitLog("away");
    stage.hide(false);
    stage.awaitLog("away", "online");
    assertThat(stage.value("activity.status()")).isEqualTo("online");
  }

  @Test
  void colourOfAUserIsAlwaysTheSame() {
    assertThat(stage.value("userColor('alice')")).isEqualTo("hsl(150, 70%, 55%)");
    assertThat(stage.value("userColor(7)")).isEqualTo("hsl(55, 70%, 55%)");
    assertThat(stage.value("userColor('')")).isEqualTo("hsl(0, 70%, 55%)");
  }
}
