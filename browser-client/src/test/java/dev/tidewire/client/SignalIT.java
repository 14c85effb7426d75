package dev.tidewire.client;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;

/** Values that tell when they change, and what runs then. */
class SignalIT {

  @RegisterExtension final Stage stage = new Stage();

  @BeforeEach
  void load() {
    stage.load("signals");
  }

  @Test
  void signalIsReadSetAndUpdated() {
    stage.run(
        "const n = signal(1); note(n()); n.set(2); note(n()); n.update(x => x * 5); note(n.peek())");
    stage.awaitLog("1", "2", "10");
  }

  @Test
  void effectRunsAgainOnlyWhenWhatItReadChanges() {
    stage.run(
        "const a = signal(1), b = signal(1), useB = signal(false);"
            + "effect(() => note(a(), useB() ? b() : '-'));"
            + "b.set(2); a.set(1); a.set(3); useB.set(true); b.set(4); useB.set(false); b.set(5)");
    stage.awaitLog("1 -", "3 -", "3 2", "3 4", "3 -");
  }

  @Test
  void cleanupRunsBeforeTheNextRunAndAtTheEnd() {
    stage.run(
        "const a = signal(1);"
            + "const stop = effect(() => { const mine = a(); note('in', mine); return () => note('out', mine) });"
            + "a.set(2); stop(); a.set(3)");
    stage.awaitLog("in 1", "out 1", "in 2", "out 2");
  }

  @Test
  void effectThatThrowsIsReportedAndStopsNoOther() {
    stage.run(
        "const a = signal(1); effect(() => { if (a() === 2) throw new Error('mine') }); effect(() => note(a())); a.set(2); a.set(3)");
    stage.awaitLog("1", "2", "3");
    Stage.awaitThat(() -> assertThat(stage.uncaught()).anyMatch(line -> line.contains("mine")));
  }

  @Test
  void effectMayChangeWhatItReadsAndEndItself() {
    stage.run(
        "const a = signal(1); effect(() => { note(a()); if (a() < 3) a.update(n => n + 1) });"
            + "const b = signal(0); let stop; stop = effect(() => { note('b', b()); if (b() === 1) stop() }); b.set(1); b.set(2)");
    stage.awaitLog("1", "2", "3", "b 0", "b 1");
  }

  @Test
  void effectThatNeverSettlesIsStopped() {
    stage.run("const a = signal(0); effect(() => a.set(a() + 1)); note(a.peek())");
    stage.awaitLog("100");
    Stage.awaitThat(
        () -> assertThat(stage.console()).anyMatch(line -> line.contains("keeps changing")));
  }

  @Test
  void effectInsideAnEffectDoesNotTakeItsReads() {
    stage.run(
        "const a = signal(1), b = signal(1);"
            + "effect(() => { const stop = effect(() => note('inner', b())); note('outer', a()); return stop });"
            + "b.set(2); a.set(2)");
    stage.awaitLog("inner 1", "outer 1", "inner 2", "inner 2", "outer 2");
  }

  @Test
  void subscriberHearsNewValuesUntilItEnds() {
    stage.run(
        "const a = signal(1); const stop = a.subscribe(v => note(v)); a.set(2); stop(); a.set(3)");
    stage.awaitLog("2");
  }
}
