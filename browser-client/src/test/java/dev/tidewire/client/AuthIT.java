package dev.tidewire.client;

import static dev.tidewire.client.Stage.awaitThat;
import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;
import tools.jackson.databind.JsonNode;

/** Tokens: when they are sent, and what happens when they are refused. */
class AuthIT {

  @RegisterExtension final Stage stage = new Stage();

  private static String token(JsonNode auth) {
    return auth.path("token").asString();
  }

  @Test
  void tokenIsTheFirstFrame() throws Exception {
    stage.start("{ token: 'abc' }");
    stage.run("realtime.channel('chat/a').subscribe()");
    Peer peer = stage.server().accept();
    JsonNode auth = peer.expect("auth");
    assertThat(token(auth)).isEqualTo("abc");
    peer.welcome().ack(auth, "'userId':'ada'").expect("subscribe");
    assertThat(stage.value("realtime.userId")).isEqualTo("ada");
  }

  @Test
  void withATokenItIsConnectedOnlyOnceTheTokenIsAccepted() throws Exception {
    stage.start("{ token: 'abc' }");
    Peer peer = stage.server().accept();
    JsonNode auth = peer.expect("auth");
    peer.welcome().settled(stage);
    assertThat(stage.value("realtime.status")).isEqualTo("connecting");
    peer.ack(auth, "");
    stage.awaitStatus("connected");
  }

  @Test
  void functionIsAskedBeforeEveryConnect() throws Exception {
    stage.open();
    stage.run("window.count = 0");
    stage.start("{ token: async () => 't' + ++count, reconnectDelay: 1 }");
    for (int i = 1; i <= 2; i++) {
      Peer peer = stage.server().accept();
      JsonNode auth = peer.expect("auth");
      assertThat(token(auth)).isEqualTo("t" + i);
      peer.welcome().ack(auth, "");
      stage.awaitStatus("connected");
      peer.drop();
    }
  }

  @Test
  void functionWithoutATokenConnectsWithoutOne() throws Exception {
    stage.connect("{ token: () => null }").expectNothing(stage);
  }

  @Test
  void functionThatFailsIsAFailedAttempt() throws Exception {
    stage.open();
    stage.run("window.count = 0");
    stage.start(
        "{ token: async () => { if (count++ === 0) throw new Error('no session'); return 'abc' }, reconnectDelay: 1 }");
    assertThat(token(stage.server().accept().expect("auth"))).isEqualTo("abc");
    assertThat(stage.console()).containsExactly("[tidewire] cannot connect: Error: no session");
    assertThat(stage.statuses()).isEqualTo("connecting reconnecting");
  }

  @Test
  void disconnectWhileTheTokenIsFetchedOpensNothing() {
    stage.open();
    stage.run("window.give = null");
    stage.start("{ token: () => new Promise(resolve => { give = resolve }) }");
    awaitThat(() -> assertThat(stage.value("give !== null")).isEqualTo(true));
    stage.run("realtime.disconnect(); give('abc')");
    assertThat(stage.attempts()).isZero();
  }

  @Test
  void newTokenGoesOverTheLiveConnection() throws Exception {
    Peer peer = stage.connect();
    stage.run("realtime.setToken('fresh')");
    JsonNode auth = peer.expect("auth");
    assertThat(token(auth)).isEqualTo("fresh");
    peer.ack(auth, "'userId':'ada'");
    awaitThat(() -> assertThat(stage.value("realtime.userId")).isEqualTo("ada"));
    assertThat(stage.statuses()).isEqualTo("connecting connected");
  }

  @Test
  void newTokenIsUsedForTheNextConnection() throws Exception {
    stage.openWithFrozenTime();
    stage.start("{ token: 'old' }");
    stage.server().accept().drop();
    stage.awaitStatus("reconnecting");
    stage.run("realtime.setToken('fresh')");
    stage.pass(1_000);
    assertThat(token(stage.server().accept().expect("auth"))).isEqualTo("fresh");
  }

  @Test
  void newTokenDuringAnAttemptStartsItAnew() throws Exception {
    stage.start("{ token: 'old' }");
    Peer first = stage.server().accept();
    first.expect("auth");
    stage.run("realtime.setToken('fresh')");
    assertThat(first.closed()).startsWith("1000");
    assertThat(token(stage.server().accept().expect("auth"))).isEqualTo("fresh");
  }

  @Test
  void refusedNewTokenIsToldAndTheConnectionLives() throws Exception {
    Peer peer = stage.connect();
    stage.run("realtime.setToken('bad')");
    peer.error(peer.expect("auth"), "UNAUTHORIZED", "");
    awaitThat(() -> assertThat(stage.errors()).containsExactly("UNAUTHORIZED"));
    peer.expectNothing(stage);
  }

  @Test
  void tokenOfAnotherUserOpensAConnectionOfItsOwn() throws Exception {
    Peer peer = stage.connect();
    stage.run("realtime.setToken('bob')");
    peer.error(peer.expect("auth"), "CONFLICT", "'temporary':false");
    assertThat(peer.closed()).startsWith("1000");
    peer = stage.server().accept();
    JsonNode auth = peer.expect("auth");
    assertThat(token(auth)).isEqualTo("bob");
    peer.welcome().ack(auth, "'userId':'bob'");
    stage.awaitStatus("connected");
    assertThat(stage.value("realtime.userId")).isEqualTo("bob");
    assertThat(stage.statuses()).isEqualTo("connecting connected reconnecting connected");
    assertThat(stage.errors()).isEmpty();
  }

  @Test
  void newTokenThatCannotBeFetchedIsTold() throws Exception {
    Peer peer = stage.connect();
    stage.run("realtime.setToken(async () => { throw new Error('offline') })");
    awaitThat(() -> assertThat(stage.errors()).containsExactly("UNAUTHORIZED"));
    peer.expectNothing(stage);
  }

  @Test
  void after4001OnlyANewTokenReconnects() throws Exception {
    stage.openWithFrozenTime();
    stage.start("{ token: 'old' }");
    Peer peer = stage.server().accept();
    peer.expect("auth");
    peer.close(4001);
    stage.awaitStatus("disconnected");
    stage.pass(120_000);
    assertThat(stage.attempts()).isEqualTo(1);
    assertThat(stage.errors()).containsExactly("UNAUTHORIZED 4001");
    stage.run("realtime.setToken('fresh')");
    Peer second = stage.server().accept();
    JsonNode auth = second.expect("auth");
    assertThat(token(auth)).isEqualTo("fresh");
    second.welcome().ack(auth, "");
    stage.awaitStatus("connected");
  }

  @Test
  void refusedTokenCountsAs4001() throws Exception {
    stage.start("{ token: 'bad' }");
    Peer peer = stage.server().accept();
    peer.error(peer.expect("auth"), "UNAUTHORIZED", "");
    stage.awaitStatus("disconnected");
    assertThat(peer.closed()).isEqualTo("4001 because");
    assertThat(stage.errors()).containsExactly("UNAUTHORIZED 4001");
  }

  @Test
  void tokenThatCannotBeCheckedNowIsTriedAgain() throws Exception {
    stage.start("{ token: 'abc', reconnectDelay: 1 }");
    Peer peer = stage.server().accept();
    peer.error(peer.expect("auth"), "UNAVAILABLE", "'temporary':true");
    assertThat(token(stage.server().accept().expect("auth"))).isEqualTo("abc");
  }

  @Test
  void expiryThatCrossesANewTokenIsRetriedWithIt() throws Exception {
    stage.start("{ token: 'old', reconnectDelay: 1 }");
    Peer peer = stage.server().accept();
    JsonNode auth = peer.expect("auth");
    peer.welcome().ack(auth, "");
    stage.awaitStatus("connected");
    stage.run("realtime.setToken('fresh')");
    peer.expect("auth");
    peer.close(4001);
    assertThat(token(stage.server().accept().expect("auth"))).isEqualTo("fresh");
    assertThat(stage.errors()).isEmpty();
  }

  @Test
  void newTokenAfterDisconnectStaysAway() throws Exception {
    stage.connect();
    stage.run("realtime.disconnect(); realtime.setToken('fresh')");
    assertThat(stage.value("realtime.status")).isEqualTo("disconnected");
    assertThat(stage.attempts()).isEqualTo(1);
  }
}
