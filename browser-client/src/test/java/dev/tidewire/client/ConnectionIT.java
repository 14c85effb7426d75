package dev.tidewire.client;

import static dev.tidewire.client.Stage.awaitThat;
import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** States of the connection, and what brings it back or not. */
class ConnectionIT {

  @RegisterExtension final Stage stage = new Stage();

  @Test
  void addressIsDerivedFromWhereTheModuleLies() throws Exception {
    stage.open();
    stage.run("window.realtime = createRealtime()");
    stage.server().accept().welcome();
    stage.awaitStatus("connected");
  }

  @Test
  void relativeAndHttpAddressesAreWebSocketAddresses() throws Exception {
    stage.connect("{ url: 'realtime/ws' }");
    stage.run("realtime.disconnect(); start({ url: '" + stage.server().url("realtime/ws") + "' })");
    stage.server().accept().welcome();
    stage.awaitStatus("connected");
  }

  @Test
  void addressOfAnotherKindIsRefusedAtOnce() {
    stage.open();
    assertThat(
            stage.value(
                "(() => { try { createRealtime({ url: 'ftp://x/' }) } catch (e) { return e.message } })()"))
        .isEqualTo("not a WebSocket address: ftp://x/");
  }

  @Test
  void isConnectedOnlyAfterTheWelcome() throws Exception {
    stage.start("{}");
    Peer peer = stage.server().accept();
    peer.send(Peer.frame("pong", ""));
    stage.awaitStatus("connecting");
    peer.welcome();
    stage.awaitStatus("connected");
    assertThat(stage.value("realtime.userId")).isEqualTo("u1");
    assertThat(stage.statuses()).isEqualTo("connecting connected");
  }

  @Test
  void isIdleUntilToldToConnect() throws Exception {
    stage.start("{ autoConnect: false }");
    stage.run("realtime.channel('chat/a').subscribe()");
    assertThat(stage.value("realtime.status")).isEqualTo("idle");
    assertThat(stage.attempts()).isZero();
    stage.run("settle(realtime.connect())");
    stage.server().accept().welcome().expect("subscribe");
    stage.awaitLog("resolved null");
  }

  @Test
  void statusListenerThatWasRemovedHearsNothing() throws Exception {
    stage.start("{ autoConnect: false }");
    stage.run(
        "const stop = realtime.onStatusChange(status => note(status)); stop(); realtime.connect()");
    stage.welcomed();
    assertThat(stage.log()).isEmpty();
  }

  @Test
  void disconnectClosesWith1000AndStaysAway() throws Exception {
    stage.openWithFrozenTime();
    Peer peer = stage.connect();
    stage.run("realtime.disconnect()");
    assertThat(peer.closed()).isEqualTo("1000 disconnected by the page");
    stage.pass(60_000);
    assertThat(stage.statuses()).isEqualTo("connecting connected disconnected");
    assertThat(stage.attempts()).isEqualTo(1);
  }

  @Test
  void disconnectInTheTurnOfCreationOpensNothing() {
    stage.open();
    stage.run("start({}); realtime.disconnect()");
    assertThat(stage.value("realtime.status")).isEqualTo("disconnected");
    assertThat(stage.attempts()).isZero();
  }

  @Test
  void disconnectWhileConnectingEndsTheAttempt() throws Exception {
    stage.start("{ autoConnect: false }");
    stage.run("settle(realtime.connect())");
    Peer peer = stage.server().accept();
    stage.run("realtime.disconnect()");
    stage.awaitLog("rejected UNAVAILABLE");
    assertThat(peer.closed()).startsWith("100");
    stage.run("settle(realtime.connect())");
    stage.server().accept().welcome();
    stage.awaitLog("rejected UNAVAILABLE", "resolved null");
    assertThat(stage.statuses()).isEqualTo("connecting disconnected connecting connected");
  }

  @Test
  void callbackMayDisconnect() throws Exception {
    stage.start("{ autoConnect: false, reconnectDelay: 1 }");
    stage.run(
        "realtime.onStatusChange(s => { if (s === 'reconnecting') realtime.disconnect() }); realtime.connect()");
    stage.welcomed().drop();
    stage.awaitStatus("disconnected");
    assertThat(stage.attempts()).isEqualTo(1);
  }

  @Test
  void pausesDoubleUpToTheLongest() throws Exception {
    stage.openWithFrozenTime();
    stage.connect("{ maxReconnectDelay: 8_000 }").drop();
    stage.awaitStatus("reconnecting");
    long[] pauses = {1_000, 2_000, 4_000, 8_000, 8_000};
    for (int i = 0; i < pauses.length; i++) {
      stage.pass(pauses[i] - 1);
      assertThat(stage.attempts()).as("before pause " + i + " is over").isEqualTo(i + 1);
      stage.pass(1);
      awaitAttempts(i + 2);
      stage.server().accept().drop();
      awaitClosed(i + 2);
    }
    assertThat(stage.statuses()).isEqualTo("connecting connected reconnecting");
  }

  @Test
  void defaultPausesReachThirtySeconds() throws Exception {
    stage.openWithFrozenTime();
    stage.connect().drop();
    stage.awaitStatus("reconnecting");
    long[] pauses = {1_000, 2_000, 4_000, 8_000, 16_000, 30_000, 30_000};
    for (int i = 0; i < pauses.length; i++) {
      stage.pass(pauses[i] - 1);
      assertThat(stage.attempts()).isEqualTo(i + 1);
      stage.pass(1);
      awaitAttempts(i + 2);
      stage.server().accept().drop();
      awaitClosed(i + 2);
    }
  }

  @Test
  void jitterAddsUpToTwentyPercent() throws Exception {
    stage.openWithFrozenTime();
    stage.run("Math.random = () => 1");
    stage.connect().drop();
    stage.awaitStatus("reconnecting");
    stage.pass(1_199);
    assertThat(stage.attempts()).isEqualTo(1);
    stage.pass(1);
    awaitAttempts(2);
  }

  @Test
  void pausesStartAgainAfterAConnection() throws Exception {
    stage.openWithFrozenTime();
    stage.connect().drop();
    for (int i = 0; i < 3; i++) {
      stage.awaitStatus("reconnecting");
      stage.pass(1_000);
      stage.welcomed().drop();
    }
  }

  @Test
  void givesUpAfterTheRetriesAllowed() throws Exception {
    stage.open();
    stage.run("window.onGiveUp = e => note(e.code, e.closeCode, e.temporary)");
    stage.start("{ maxRetries: 2, reconnectDelay: 1, autoConnect: false }");
    stage.run("realtime.onError(onGiveUp); settle(realtime.connect())");
    for (int i = 0; i < 3; i++) {
      stage.server().accept().drop();
    }
    stage.awaitLog("UNAVAILABLE 1006 false", "rejected UNAVAILABLE");
    assertThat(stage.statuses()).isEqualTo("connecting reconnecting disconnected");
    assertThat(stage.attempts()).isEqualTo(3);
  }

  @Test
  void connectDuringAPauseTriesAtOnce() throws Exception {
    stage.openWithFrozenTime();
    stage.connect().drop();
    stage.awaitStatus("reconnecting");
    stage.run("settle(realtime.connect())");
    stage.welcomed();
    stage.awaitLog("resolved null");
  }

  @ParameterizedTest
  @ValueSource(ints = {1000, 4001, 4500, 4503, 4509, 4999})
  void closeThatForbidsAnotherTryEndsIt(int code) throws Exception {
    stage.openWithFrozenTime();
    stage.run("window.keep = e => note(e.closeCode)");
    Peer peer = stage.connect();
    stage.run("realtime.onError(keep)");
    peer.close(code);
    stage.awaitStatus("disconnected");
    stage.pass(120_000);
    assertThat(stage.attempts()).isEqualTo(1);
    assertThat(stage.log()).asString().isEqualTo(code == 1000 ? "[]" : "[" + code + "]");
  }

  @ParameterizedTest
  @ValueSource(ints = {1001, 1003, 1009, 1011, 1012, 4000, 4008, 4010, 4029, 4444, 4499})
  void anyOtherCloseIsRetried(int code) throws Exception {
    stage.connect("{ reconnectDelay: 1 }").close(code);
    stage.welcomed();
    assertThat(stage.statuses()).isEqualTo("connecting connected reconnecting connected");
  }

  @Test
  void statusListenerLearnsWhy() throws Exception {
    stage.open();
    stage.start("{ autoConnect: false }");
    stage.run(
        "realtime.onStatusChange((s, e) => note(s, e ? e.code : '', e ? e.message : '')); realtime.connect()");
    stage.welcomed().close(4503);
    stage.awaitLog("connecting  ", "connected  ", "disconnected FORBIDDEN scripted");
  }

  @Test
  void adviceSpreadsTheReconnect() throws Exception {
    stage.openWithFrozenTime();
    stage.run("Math.random = () => 0.5");
    Peer peer = stage.connect();
    peer.send(Peer.frame("advice", "'payload':{'reconnect':'retry','delayMs':[10000,20000]}"));
    peer.close(1001);
    stage.awaitStatus("reconnecting");
    stage.pass(14_999);
    assertThat(stage.attempts()).isEqualTo(1);
    stage.pass(1);
    awaitAttempts(2);
  }

  @Test
  void adviceOfNoDelayMeansNow() throws Exception {
    stage.openWithFrozenTime();
    Peer peer = stage.connect();
    peer.send(Peer.frame("advice", "'payload':{'reconnect':'retry','delayMs':[0,0]}"));
    peer.close(1012);
    stage.awaitStatus("reconnecting");
    stage.pass(1);
    awaitAttempts(2);
  }

  @Test
  void adviceHoldsForOneReconnect() throws Exception {
    stage.openWithFrozenTime();
    Peer peer = stage.connect();
    peer.send(Peer.frame("advice", "'payload':{'reconnect':'retry','delayMs':[9000,9000]}"));
    peer.close(1001);
    stage.awaitStatus("reconnecting");
    stage.pass(9_000);
    stage.welcomed().drop();
    stage.awaitStatus("reconnecting");
    stage.pass(1_000);
    awaitAttempts(3);
  }

  @Test
  void garbledAdviceLeavesTheUsualPause() throws Exception {
    stage.openWithFrozenTime();
    Peer peer = stage.connect();
    peer.send(Peer.frame("advice", "'payload':{'reconnect':'retry','delayMs':['soon',null]}"));
    peer.close(1001);
    stage.awaitStatus("reconnecting");
    stage.pass(1_000);
    awaitAttempts(2);
  }

  @Test
  void adviceToStopStops() throws Exception {
    stage.openWithFrozenTime();
    Peer peer = stage.connect();
    peer.send(Peer.frame("advice", "'payload':{'reconnect':'stop'}"));
    peer.close(1001);
    stage.awaitStatus("disconnected");
    stage.pass(120_000);
    assertThat(stage.attempts()).isEqualTo(1);
  }

  @Test
  void serverWithoutAWelcomeIsGivenUp() throws Exception {
    stage.openWithFrozenTime();
    stage.start("{ connectTimeout: 3_000 }");
    Peer peer = stage.server().accept();
    stage.pass(2_999);
    stage.awaitStatus("connecting");
    stage.pass(1);
    stage.awaitStatus("reconnecting");
    assertThat(peer.closed()).isEqualTo("4000 no welcome within 3000 ms");
    stage.pass(1_000);
    stage.welcomed();
  }

  @Test
  void networkComingBackEndsThePause() throws Exception {
    stage.openWithFrozenTime();
    stage.connect().drop();
    stage.awaitStatus("reconnecting");
    stage.run("dispatchEvent(new Event('online'))");
    stage.welcomed();
  }

  @Test
  void networkGoingAwayDoesNotEndAPause() throws Exception {
    stage.openWithFrozenTime();
    stage.connect().drop();
    stage.awaitStatus("reconnecting");
    stage.run("dispatchEvent(new Event('offline'))");
    assertThat(stage.attempts()).isEqualTo(1);
  }

  @Test
  void pageComingIntoViewEndsThePause() throws Exception {
    stage.openWithFrozenTime();
    stage.connect().drop();
    stage.awaitStatus("reconnecting");
    stage.run("document.dispatchEvent(new Event('visibilitychange', { bubbles: true }))");
    stage.welcomed();
  }

  @Test
  void pauseTheServerAskedForIsKept() throws Exception {
    stage.openWithFrozenTime();
    Peer peer = stage.connect();
    peer.send(Peer.frame("advice", "'payload':{'reconnect':'retry','delayMs':[5000,5000]}"));
    peer.close(4029);
    stage.awaitStatus("reconnecting");
    stage.run("dispatchEvent(new Event('online'))");
    assertThat(stage.attempts()).isEqualTo(1);
    stage.pass(5_000);
    stage.welcomed();
  }

  @Test
  void constructorThatThrowsIsAFailedAttempt() throws Exception {
    stage.open();
    stage.run("window.Broken = class { constructor() { throw new Error('blocked by policy') } }");
    stage.start("{ WebSocket: Broken, maxRetries: 1, reconnectDelay: 1 }");
    stage.awaitStatus("disconnected");
    awaitThat(
        () ->
            assertThat(stage.console())
                .contains("[tidewire] cannot connect: Error: blocked by policy"));
  }

  private void awaitClosed(int count) {
    awaitThat(() -> assertThat(stage.value("closes")).isEqualTo(count));
  }

  private void awaitAttempts(int count) {
    awaitThat(() -> assertThat(stage.attempts()).isEqualTo(count));
  }
}
