package dev.tidewire.client;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;

/** The pollers, to the millisecond. */
class PollingIT {

  @RegisterExtension final Stage stage = new Stage();

  private int turns;

  @BeforeEach
  void freezeTime() {
    stage.loadWithFrozenTime("signals", "polling");
    stage.run(
        "window.pauses = []; const real = setTimeout;"
            + "window.setTimeout = (f, ms) => { pauses.push(ms); return real(f, ms) }");
  }

  /** Answers the next request and waits for the pause that follows. */
  private void answer(int status, String json, int pause, String... headers) throws Exception {
    stage.server().request().answer(status, json, headers);
    turns++;
    stage.awaitValue("pauses.length", turns);
    assertThat(stage.value("pauses.at(-1)")).isEqualTo(pause);
  }

  private void silentFor(long millis) {
    stage.pass(millis);
    assertThat(stage.server().hasRequest()).isFalse();
  }

  @Test
  void asksAtOnceAndThenEveryFiveSeconds() throws Exception {
    stage.run("window.poller = createPoller('api/stats')");
    assertThat(stage.value("poller.loading()")).isEqualTo(true);
    answer(200, "{'n':1}", 5_000);
    assertThat(stage.value("poller.data().n + '' + poller.loading()")).isEqualTo("1false");
    silentFor(4_999);
    stage.pass(1);
    answer(200, "{'n':2}", 5_000);
    assertThat(stage.value("poller.data().n")).isEqualTo(2);
    stage.run("poller.stop()");
    silentFor(60_000);
  }

  @Test
  void failureIsToldAndThePollingGoesOn() throws Exception {
    stage.run("window.poller = createPoller('api/stats')");
    answer(500, "{}", 5_000);
    assertThat(stage.value("poller.error().message")).isEqualTo("HTTP 500");
    stage.pass(5_000);
    answer(200, "{oops", 5_000);
    assertThat(stage.value("poller.error() instanceof SyntaxError")).isEqualTo(true);
    stage.pass(5_000);
    answer(200, "1", 5_000);
    assertThat(stage.value("poller.error() === null && poller.data()")).isEqualTo(1);
  }

  @Test
  void unchangedDataIsNotTransferredAgain() throws Exception {
    stage.run("window.poller = createPoller('api/stats'); poller.data.subscribe(d => note(d))");
    Exchange first = stage.server().request();
    assertThat(first.header("If-None-Match")).isNull();
    first.answer(200, "{'n':1}", "ETag", "W/\"7\"");
    stage.awaitValue("pauses.length", 1);
    stage.pass(5_000);
    Exchange second = stage.server().request();
    assertThat(second.header("If-None-Match")).isEqualTo("W/\"7\"");
    second.answer(304, "");
    stage.awaitValue("pauses.length", 2);
    assertThat(stage.value("poller.data().n")).isEqualTo(1);
    stage.awaitLog("{\"n\":1}");
  }

  @Test
  void pauseHalvesOnChangeAndGrowsByHalfOtherwise() throws Exception {
    stage.run("window.poller = createAdaptivePoller('api/stats')");
    answer(200, "1", 2_500);
    stage.pass(2_500);
    answer(200, "2", 1_250);
    stage.pass(1_250);
    answer(200, "3", 1_000);
    stage.pass(1_000);
    answer(200, "3", 1_500);
    stage.pass(1_500);
    answer(304, "", 2_250);
    for (int pause : new int[] {3_375}) {
      stage.pass(2_250);
      answer(200, "3", pause);
    }
    assertThat(stage.value("poller.interval()")).isEqualTo(3_375);
  }

  @Test
  void pauseGrowsToThirtySecondsAtMost() throws Exception {
    stage.run("window.poller = createAdaptivePoller('api/stats', { start: 40_000 })");
    answer(200, "1", 20_000);
    stage.pass(20_000);
    answer(200, "1", 30_000);
    stage.pass(30_000);
    answer(200, "1", 30_000);
  }

  @Test
  void asksOnlyWhileTheConditionHolds() throws Exception {
    stage.run(
        "window.active = signal(false); window.poller = createConditionalPoller('api/stats', () => active(), { interval: 10_000 })");
    silentFor(60_000);
    stage.run("active.set(true)");
    answer(200, "1", 10_000);
    silentFor(9_999);
    stage.pass(1);
    answer(200, "2", 10_000);
    stage.run("active.set(false)");
    silentFor(60_000);
    stage.run("active.set(true)");
    answer(200, "3", 10_000);
    stage.run("poller.stop(); active.set(false); active.set(true)");
    silentFor(60_000);
  }

  @Test
  void statusIsFollowedMoreSlowlyWhileHiddenAndUntilItsEnd() throws Exception {
    stage.run("window.poller = createStatusPoller('api/orders/1')");
    answer(200, "{'status':'paid'}", 10_000);
    stage.hide(true);
    stage.pass(10_000);
    answer(200, "{'status':'paid'}", 60_000);
    silentFor(59_999);
    stage.hide(false);
    answer(200, "{'status':'sent'}", 10_000);
    stage.run("dispatchEvent(new Event('focus'))");
    stage.server().request().answer(200, "{'status':'delivered'}");
    stage.awaitValue("poller.data().status", "delivered");
    stage.run("dispatchEvent(new Event('focus'))");
    silentFor(600_000);
  }
}
