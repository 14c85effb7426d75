package dev.tidewire.client;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;
import tools.jackson.databind.JsonNode;

/** What a client tells of its page: status, typing, and pings while it is hidden. */
class ActivityIT {

  @RegisterExtension final Stage stage = new Stage();

  @Test
  void statusIsToldOnChangeAndAgainAfterAReconnect() throws Exception {
    stage.openWithFrozenTime();
    Peer peer = stage.connect();
    stage.run(
        "import('./realtime/presence.js').then(m => { m.shareActivity(realtime); note('ready') })");
    stage.awaitLog("ready");
    stage.hide(true);
    assertThat(peer.expect("status").path("status").asString()).isEqualTo("away");
    stage.run("realtime.setStatus('away')");
    peer.expectNothing(stage);
    peer.drop();
    stage.awaitStatus("reconnecting");
    stage.pass(1_000);
    Peer next = stage.welcomed();
    assertThat(next.expect("status").path("status").asString()).isEqualTo("away");
    stage.hide(false);
    assertThat(next.expect("status").path("status").asString()).isEqualTo("online");
  }

  @Test
  void statusOfAnotherNameIsRefused() {
    stage.start("{ autoConnect: false }");
    assertThat(
            stage.value(
                "(() => { try { realtime.setStatus('busy') } catch (e) { return e.message } })()"))
        .isEqualTo("a status is online or away, not busy");
  }

  @Test
  void typingGoesOverAChannelAndEndsWhenSomebodyLeaves() throws Exception {
    Peer peer = stage.connect();
    stage.run(
        "window.channel = realtime.channel('chat/a', { presence: true }).subscribe();"
            + "import('./realtime/typing.js').then(m => { window.typing = m.createTyping(channel, { userId: 'u1', username: 'Ada' }); typing.input() })");
    peer.ack(peer.expect("subscribe"), "'topic':'chat/a','position':'e1.0'");
    JsonNode start = peer.expect("publish");
    assertThat(start.path("event").asString()).isEqualTo("typing:start");
    assertThat(start.path("echo").asBoolean()).isFalse();
    assertThat(start.path("persist").asBoolean(false)).isFalse();
    peer.send(
        Peer.frame(
            "presence_state",
            "'topic':'chat/a','rev':1,'members':[{'userId':'u2','data':{'userId':'u2'}}]"),
        "{'id':'e1.1','type':'event','ts':'x','topic':'chat/a','event':'typing','userId':'u2','data':{'username':'Bob'}}");
    stage.awaitValue("typing.users().map(u => u.userId + u.username).join()", "u2Bob");
    peer.send(
        Peer.frame(
            "presence",
            "'topic':'chat/a','event':'presence:leave','userId':'u2','data':{'userId':'u2'},'rev':2"));
    stage.awaitValue("typing.users().length", 0);
  }

  @Test
  void stateNamesAttemptsAndTheLastError() throws Exception {
    stage.openWithFrozenTime();
    stage.connect().close(1012);
    stage.awaitStatus("reconnecting");
    assertThat(stage.value("[realtime.state.attempt, realtime.state.lastError.closeCode].join()"))
        .isEqualTo("1,1012");
    stage.pass(1_000);
    stage.welcomed();
    assertThat(stage.value("[realtime.state.attempt, realtime.state.lastError].join()"))
        .isEqualTo("0,");
  }

  @Test
  void pingsGoOnWhileThePageIsHiddenAndItsTimersSleep() throws Exception {
    stage.openWithFrozenTime();
    Peer peer = stage.connect("{ pingInterval: 200, pongTimeout: 100 }");
    stage.hide(true);
    // the clock moves on, the page's timers do not run
    stage.page().clock().setSystemTime(System.currentTimeMillis() + 7_200_000);
    peer.expect("ping");
    peer.send(Peer.frame("pong", "")).settled(stage);
    stage.page().clock().setSystemTime(System.currentTimeMillis() + 7_201_000);
    peer.expect("ping");
  }
}
