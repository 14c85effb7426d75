package dev.tidewire.client;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Pings, pongs and what follows where they are missing. */
class HeartbeatIT {

  private static final String PONG = Peer.frame("pong", "");

  @RegisterExtension final Stage stage = new Stage();

  @BeforeEach
  void freezeTime() {
    stage.openWithFrozenTime();
  }

  @Test
  void pingsEveryTwentyFiveSecondsByDefault() throws Exception {
    Peer peer = stage.connect();
    for (int i = 0; i < 3; i++) {
      stage.pass(24_999);
      peer.expectNothing(stage);
      stage.pass(1);
      peer.expect("ping");
      arrived(peer, PONG);
    }
    assertThat(stage.statuses()).isEqualTo("connecting connected");
  }

  @Test
  void silenceAfterAPingClosesWith4000AndReconnects() throws Exception {
    Peer peer = stage.connect();
    stage.pass(25_000);
    peer.expect("ping");
    stage.pass(4_999);
    assertThat(stage.statuses()).isEqualTo("connecting connected");
    stage.pass(1);
    assertThat(stage.statuses()).isEqualTo("connecting connected reconnecting");
    assertThat(peer.closed()).isEqualTo("4000 Ping timeout");
    stage.pass(1_000);
    stage.welcomed();
  }

  @Test
  void anyFrameIsASignOfLife() throws Exception {
    Peer peer = stage.connect();
    stage.pass(25_000);
    peer.expect("ping");
    arrived(peer, Peer.event("e1.1", 1));
    stage.pass(5_000);
    assertThat(stage.statuses()).isEqualTo("connecting connected");
  }

  @Test
  void welcomeOverridesTheTimes() throws Exception {
    stage.start("{}");
    Peer peer = stage.server().accept();
    peer.send(Peer.frame("welcome", "'payload':{'pingInterval':7000,'pongTimeout':2000}"));
    stage.awaitStatus("connected");
    stage.pass(6_999);
    peer.expectNothing(stage);
    stage.pass(1);
    peer.expect("ping");
    stage.pass(2_000);
    assertThat(peer.closed()).isEqualTo("4000 Ping timeout");
  }

  @Test
  void optionsSetTheTimes() throws Exception {
    Peer peer = stage.connect("{ pingInterval: 3_000, pongTimeout: 1_000 }");
    stage.pass(3_000);
    peer.expect("ping");
    stage.pass(1_000);
    assertThat(peer.closed()).isEqualTo("4000 Ping timeout");
  }

  @Test
  void intervalOfZeroMeansNoPings() throws Exception {
    Peer peer = stage.connect("{ pingInterval: 0 }");
    stage.pass(600_000);
    peer.expectNothing(stage);
  }

  @Test
  void timerThatWasHeldBackAsksOnceMore() throws Exception {
    Peer peer = stage.connect();
    stage.pass(25_000);
    peer.expect("ping");
    // the page sleeps for ten minutes, then its timers run late, and all at once
    stage.page().clock().fastForward(600_000);
    peer.expect("ping");
    arrived(peer, PONG);
    stage.pass(5_000);
    assertThat(stage.statuses()).isEqualTo("connecting connected");
  }

  @Test
  void timerThatWasHeldBackAsksOnlyOnceMore() throws Exception {
    Peer peer = stage.connect();
    stage.pass(25_000);
    peer.expect("ping");
    stage.page().clock().fastForward(600_000);
    peer.expect("ping");
    stage.page().clock().fastForward(600_000);
    assertThat(peer.closed()).isEqualTo("4000 Ping timeout");
  }

  @Test
  void arrivingMessagesCarryThePingsOfAPageWhoseTimersSleep() throws Exception {
    Peer peer = stage.connect();
    // moves the clock without running timers
    stage.page().clock().setSystemTime(System.currentTimeMillis() + 7_200_000);
    peer.send(Peer.event("e1.1", 1));
    peer.expect("ping");
  }

  @ParameterizedTest
  @ValueSource(strings = {"online", "offline", "pageshow", "visibilitychange"})
  void changeOfTheNetworkOrThePageIsCheckedWithAPing(String event) throws Exception {
    Peer peer = stage.connect();
    stage.run("dispatchEvent(new Event('" + event + "'))");
    peer.expect("ping");
    stage.pass(5_000);
    assertThat(peer.closed()).isEqualTo("4000 Ping timeout");
  }

  @Test
  void noPingFollowsADisconnect() throws Exception {
    Peer peer = stage.connect();
    stage.run("realtime.disconnect()");
    peer.closed();
    stage.pass(600_000);
    assertThat(stage.attempts()).isEqualTo(1);
    assertThat(stage.uncaught()).isEmpty();
  }

  /** Sends frames and waits until the page has handled them. */
  private void arrived(Peer peer, String frame) {
    peer.send(frame).settled(stage);
  }
}
