package dev.tidewire.client;

import static dev.tidewire.client.Stage.awaitThat;
import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;
import tools.jackson.databind.JsonNode;

/** Listening, subscribing, publishing and calling. */
class ChannelIT {

  private static final String CHANGE =
      "{'id':'q8.1','type':'db_change','ts':'2026-01-02T03:04:05.678Z','topic':'orders','operation':'%s','data':{'id':7},'old':{'id':6},'userId':'ada'}";

  @RegisterExtension final Stage stage = new Stage();

  /** Connects and answers the subscription of {@code chat/a} that the statements make. */
  private Peer subscribed(String statements) throws Exception {
    Peer peer = stage.connect();
    stage.run("window.channel = realtime.channel('chat/a'); " + statements);
    return peer.ack(peer.expect("subscribe"), "'topic':'chat/a','position':'e1.0'");
  }

  @Test
  void channelIsTheSameForTheSameTopic() {
    stage.start("{ autoConnect: false }");
    assertThat(stage.value("realtime.channel('a') === realtime.channel('a')")).isEqualTo(true);
    assertThat(stage.value("realtime.channel('a') === realtime.channel('b')")).isEqualTo(false);
    assertThat(stage.value("realtime.channel('a').topic")).isEqualTo("a");
  }

  @Test
  void misuseIsToldAtOnce() {
    stage.start("{ autoConnect: false }");
    for (String misuse :
        List.of(
            "realtime.channel('')",
            "realtime.channel(7)",
            "realtime.channel('a').on('x', null)",
            "realtime.channel('a').track('here')",
            "realtime.channel('a').track()",
            "realtime.channel('a').track([])",
            "realtime.onStatusChange('x')")) {
      assertThat(stage.value("(() => { try { " + misuse + " } catch (e) { return e.name } })()"))
          .as(misuse)
          .isEqualTo("TypeError");
    }
  }

  @Test
  void eventGoesToItsListenersAsItIsPlusTimestamp() throws Exception {
    Peer peer =
        subscribed(
            "channel.on('message', m => note(m)).on('other', m => note('other')).subscribe()");
    peer.send(Peer.event("e1.1", 1, "'userId':'ada'"));
    stage.awaitLog(
        "{\"id\":\"e1.1\",\"type\":\"event\",\"ts\":\"2026-01-02T03:04:05.678Z\",\"topic\":\"chat/a\","
            + "\"event\":\"message\",\"data\":{\"n\":1},\"userId\":\"ada\",\"timestamp\":\"2026-01-02T03:04:05.678Z\"}");
  }

  @Test
  void rowChangeGoesToTheListenersOfItsOperation() throws Exception {
    Peer peer = stage.connect();
    stage.run(
        "const orders = realtime.channel('orders'); for (const o of ['INSERT', 'UPDATE', 'DELETE']) orders.on(o, m => note(o, m.data, m.old, m.userId)); orders.subscribe()");
    peer.ack(peer.expect("subscribe"), "'position':'q8.0'");
    peer.send(
        CHANGE.formatted("INSERT"),
        CHANGE.formatted("UPDATE").replace("q8.1", "q8.2"),
        CHANGE.formatted("DELETE").replace("q8.1", "q8.3"));
    stage.awaitLog(
        "INSERT {\"id\":7} {\"id\":6} ada",
        "UPDATE {\"id\":7} {\"id\":6} ada",
        "DELETE {\"id\":7} {\"id\":6} ada");
  }

  @Test
  void starHearsEverythingOnce() throws Exception {
    Peer peer =
        subscribed("channel.on('*', m => note(m.type, m.event ?? m.operation ?? '')).subscribe()");
    peer.send(
        Peer.event("e1.1", 1),
        CHANGE.formatted("INSERT").replace("orders", "chat/a").replace("q8.1", "e1.2"),
        "{'id':'e1.3','type':'reset','topic':'chat/a','payload':{'reason':'UNKNOWN_CHANGE','position':'e1.3'}}",
        Peer.event("e1.4", 1).replace("'message'", "'*'"));
    stage.awaitLog("event message", "db_change INSERT", "reset ", "event *");
  }

  @Test
  void severalFramesInOneMessageAreAllHandled() throws Exception {
    Peer peer = subscribed("channel.on('message', m => note(m.data.n)).subscribe()");
    peer.send(Peer.event("e1.1", 1), "", Peer.event("e1.2", 2), Peer.event("e1.3", 3) + "\n");
    stage.awaitLog("1", "2", "3");
  }

  @Test
  void removedListenerHearsNothing() throws Exception {
    Peer peer =
        subscribed(
            "const one = m => note('one'); channel.on('message', one).on('message', m => note('two')).off('message', one).off('message', m => 0).subscribe()");
    peer.send(Peer.event("e1.1", 1));
    stage.awaitLog("two");
  }

  @Test
  void sameListenerAddedTwiceHearsOnce() throws Exception {
    Peer peer =
        subscribed(
            "const one = m => note(m.data.n); channel.on('message', one).on('message', one).subscribe()");
    peer.send(Peer.event("e1.1", 1), Peer.event("e1.2", 2));
    stage.awaitLog("1", "2");
  }

  @Test
  void listenerThatThrowsIsReportedAndStopsNobody() throws Exception {
    Peer peer =
        subscribed(
            "channel.on('message', () => { throw new Error('mine') }).on('message', m => note(m.data.n)).on('*', m => note('star')).subscribe()");
    peer.send(Peer.event("e1.1", 1), Peer.event("e1.2", 2));
    stage.awaitLog("1", "star", "2", "star");
    awaitThat(() -> assertThat(stage.uncaught()).hasSize(2).allMatch(e -> e.contains("mine")));
  }

  @Test
  void statusListenerThatThrowsStopsNobody() throws Exception {
    stage.start("{ autoConnect: false }");
    stage.run(
        "realtime.onStatusChange(() => { throw new Error('mine') }); realtime.onStatusChange(s => note(s)); realtime.connect()");
    stage.welcomed();
    stage.awaitLog("connecting", "connected");
  }

  @Test
  void listenerNamedLikeAnObjectMemberIsJustAName() throws Exception {
    Peer peer =
        subscribed(
            "channel.on('constructor', m => note('c')).on('__proto__', m => note('p')).subscribe()");
    peer.send(
        Peer.event("e1.1", 1).replace("'message'", "'constructor'"),
        Peer.event("e1.2", 1).replace("'message'", "'__proto__'"),
        Peer.event("e1.3", 1).replace("'message'", "'toString'"));
    stage.awaitLog("c", "p");
  }

  @Test
  void framesOfOtherTopicsAreNotMixedUp() throws Exception {
    Peer peer = subscribed("channel.on('message', m => note(m.data.n)).subscribe()");
    peer.send(Peer.event("e1.1", 9).replace("chat/a", "chat/b"), Peer.event("e1.1", 1));
    stage.awaitLog("1");
  }

  @Test
  void subscribingTwiceAsksOnce() throws Exception {
    Peer peer = subscribed("channel.subscribe().subscribe()");
    stage.run("channel.subscribe()");
    peer.expectNothing(stage);
  }

  @Test
  void subscribeBeforeTheConnectionIsSentAfterIt() throws Exception {
    stage.start("{}");
    stage.run("realtime.channel('chat/a').subscribe()");
    assertThat(stage.welcomed().expect("subscribe").has("since")).isFalse();
  }

  @Test
  void readyResolvesWithTheAnswer() throws Exception {
    Peer peer = stage.connect();
    stage.run("realtime.channel('chat/a').subscribe().ready.then(c => note(c.topic, c.position))");
    peer.ack(peer.expect("subscribe"), "'position':'e1.4'");
    stage.awaitLog("chat/a e1.4");
  }

  @Test
  void refusedSubscriptionRejectsReadyAndIsTold() throws Exception {
    Peer peer = stage.connect();
    stage.run("window.channel = realtime.channel('chat/a').subscribe(); settle(channel.ready)");
    peer.error(peer.expect("subscribe"), "FORBIDDEN", "'temporary':false");
    stage.awaitLog("rejected FORBIDDEN");
    assertThat(stage.errors()).containsExactly("FORBIDDEN chat/a");
    peer.expectNothing(stage);
  }

  @Test
  void refusedSubscriptionIsTriedAgainWhenAskedForAndAfterReconnect() throws Exception {
    Peer peer = stage.connect("{ reconnectDelay: 1 }");
    stage.run("window.channel = realtime.channel('chat/a').subscribe()");
    peer.error(peer.expect("subscribe"), "FORBIDDEN", "'temporary':false");
    awaitThat(() -> assertThat(stage.errors()).hasSize(1));
    stage.run("channel.subscribe(); settle(channel.ready)");
    peer.error(peer.expect("subscribe"), "FORBIDDEN", "'temporary':false");
    stage.awaitLog("rejected FORBIDDEN");
    peer.drop();
    peer = stage.server().accept().welcome();
    JsonNode again = peer.expect("subscribe");
    stage.run("channel.ready.then(() => note('ready'))");
    peer.ack(again, "'position':'e1.0'");
    stage.awaitLog("rejected FORBIDDEN", "ready");
  }

  @Test
  void subscriptionRefusedForNowIsTriedAgainWhenTheServerSays() throws Exception {
    stage.openWithFrozenTime();
    Peer peer = stage.connect();
    stage.run("settle(realtime.channel('chat/a').subscribe().ready.then(c => c.topic))");
    peer.error(peer.expect("subscribe"), "RATE_LIMITED", "'temporary':true,'retryAfterMs':3000");
    peer.settled(stage);
    stage.pass(2_999);
    peer.expectNothing(stage);
    stage.pass(1);
    peer.ack(peer.expect("subscribe"), "'position':'e1.0'");
    stage.awaitLog("resolved \"chat/a\"".replace("\"", ""));
    assertThat(stage.errors()).isEmpty();
  }

  @Test
  void errorsWithoutAListenerGoToTheConsole() throws Exception {
    stage.open();
    stage.run("window.realtime = createRealtime(); realtime.channel('chat/a').subscribe()");
    Peer peer = stage.server().accept().welcome();
    peer.error(peer.expect("subscribe"), "FORBIDDEN", "");
    awaitThat(
        () -> assertThat(stage.console()).containsExactly("[tidewire] chat/a: FORBIDDEN: because"));
  }

  @Test
  void unsubscribeTellsTheServerAndRemovesAllListeners() throws Exception {
    Peer peer = subscribed("channel.on('message', m => note('old')).subscribe()");
    stage.run("channel.unsubscribe()");
    assertThat(peer.expect("unsubscribe").path("topic").asString()).isEqualTo("chat/a");
    peer.send(Peer.event("e1.1", 1)).settled(stage);
    stage.run("channel.on('message', m => note('new')).subscribe()");
    JsonNode again = peer.expect("subscribe");
    assertThat(again.has("since")).as("a new beginning").isFalse();
    peer.ack(again, "'position':'e1.1'").send(Peer.event("e1.2", 2));
    stage.awaitLog("new");
  }

  @Test
  void unsubscribeDuringTheRequestIgnoresItsAnswer() throws Exception {
    Peer peer = stage.connect();
    stage.run(
        "window.channel = realtime.channel('chat/a').on('message', m => note('old')).subscribe(); settle(channel.ready)");
    JsonNode subscribe = peer.expect("subscribe");
    stage.run("channel.unsubscribe()");
    peer.expect("unsubscribe");
    peer.ack(subscribe, "'position':'e1.0'").send(Peer.event("e1.1", 1)).settled(stage);
    stage.awaitLog("rejected NOT_SUBSCRIBED");
    assertThat(stage.value("channel.position ?? null")).isNull();
  }

  @Test
  void unsubscribeInTheTurnOfSubscribeSendsNothing() throws Exception {
    Peer peer = stage.connect();
    stage.run("realtime.channel('chat/a').subscribe().unsubscribe().unsubscribe()");
    peer.expectNothing(stage);
  }

  @Test
  void refusedUnsubscribeIsNoError() throws Exception {
    Peer peer = subscribed("channel.subscribe()");
    stage.run("channel.unsubscribe()");
    peer.error(peer.expect("unsubscribe"), "NOT_SUBSCRIBED", "'temporary':false").settled(stage);
    assertThat(stage.errors()).isEmpty();
  }

  @Test
  void resubscribingInOneTurnAsksAgainFromNow() throws Exception {
    Peer peer = subscribed("channel.subscribe()");
    stage.run("channel.unsubscribe(); channel.on('message', m => note(m.data.n)).subscribe()");
    JsonNode again = peer.expect("subscribe");
    assertThat(again.has("since")).isFalse();
    peer.send(Peer.event("e1.1", 1)).ack(again, "'position':'e1.1'").send(Peer.event("e1.2", 2));
    stage.awaitLog("2");
  }

  @Test
  void listenerMayUnsubscribe() throws Exception {
    Peer peer =
        subscribed(
            "channel.on('message', m => { note(m.data.n); channel.unsubscribe() }).on('message', m => note('never')).subscribe()");
    peer.send(Peer.event("e1.1", 1), Peer.event("e1.2", 2));
    peer.expect("unsubscribe");
    stage.awaitLog("1");
  }

  @Test
  void publishResolvesWithTheAnswer() throws Exception {
    Peer peer = stage.connect();
    stage.run(
        "settle(realtime.channel('chat/a').publish('message', { n: 1 }, { persist: true, echo: false, key: 'k1' }).then(a => a.position))");
    JsonNode publish = peer.expect("publish");
    assertThat(publish.toString())
        .isEqualTo(
            "{\"id\":"
                + publish.get("id")
                + ",\"type\":\"publish\",\"topic\":\"chat/a\",\"event\":\"message\",\"data\":{\"n\":1},"
                + "\"persist\":true,\"key\":\"k1\",\"echo\":false}");
    peer.ack(publish, "'topic':'chat/a','position':'e1.7'");
    stage.awaitLog("resolved e1.7");
  }

  @Test
  void everyPublicationHasAKeyOfItsOwn() throws Exception {
    Peer peer = stage.connect();
    stage.run(
        "const c = realtime.channel('chat/a'); c.publish('a'); crypto.randomUUID = undefined; c.publish('b', undefined, {})");
    JsonNode one = peer.expect("publish");
    JsonNode two = peer.expect("publish");
    String uuid = "[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}";
    assertThat(one.path("key").asString()).matches(uuid);
    assertThat(two.path("key").asString()).as("on plain http").matches(uuid);
    assertThat(one.get("key")).isNotEqualTo(two.get("key"));
    assertThat(one.get("data").isNull()).isTrue();
  }

  @Test
  void refusedPublicationRejectsWithTheServersError() throws Exception {
    Peer peer = stage.connect();
    stage.run(
        "realtime.channel('chat/a').publish('m', 1).catch(e => note(e instanceof RealtimeError, e.name, e.code, e.message, e.temporary, e.retryAfterMs, e.sent))");
    peer.error(peer.expect("publish"), "RATE_LIMITED", "'temporary':true,'retryAfterMs':250");
    stage.awaitLog("true RealtimeError RATE_LIMITED because true 250 false");
    peer.expectNothing(stage);
  }

  @Test
  void publishWhileNotConnectedRejectsAtOnceAndIsNotQueued() throws Exception {
    stage.start("{}");
    stage.run(
        "realtime.channel('chat/a').publish('m', 1).catch(e => note(e.code, e.temporary, e.sent, typeof e.key))");
    stage.awaitLog("UNAVAILABLE true false string");
    stage.welcomed().expectNothing(stage);
  }

  @Test
  void publishWhoseConnectionDropsRejectsAndCanBeRepeatedWithItsKey() throws Exception {
    Peer peer = stage.connect("{ reconnectDelay: 1 }");
    stage.run(
        "realtime.channel('chat/a').publish('m', 1).catch(e => { window.lost = e; note(e.code, e.sent) })");
    String key = peer.expect("publish").path("key").asString();
    peer.drop();
    stage.awaitLog("UNAVAILABLE true");
    peer = stage.welcomed();
    stage.run("realtime.channel('chat/a').publish('m', 1, { key: lost.key })");
    assertThat(peer.expect("publish").path("key").asString()).isEqualTo(key);
  }

  @Test
  void publishAfterSubscribeInOneTurnIsSentAfterIt() throws Exception {
    Peer peer = stage.connect();
    stage.run("realtime.channel('chat/a').subscribe().publish('m', 1)");
    peer.expect("subscribe");
    peer.expect("publish");
  }

  @Test
  void dataThatIsNotJsonRejects() throws Exception {
    Peer peer = stage.connect();
    stage.run(
        "const loop = {}; loop.loop = loop; settle(realtime.channel('chat/a').publish('m', loop))");
    stage.awaitLog("rejected BAD_REQUEST");
    peer.expectNothing(stage);
  }

  @Test
  void frameLargerThanTheServerTakesRejectsAndTheConnectionLives() throws Exception {
    stage.start("{}");
    Peer peer = stage.server().accept();
    peer.send(Peer.frame("welcome", "'payload':{'maxFrameBytes':1000}"));
    stage.awaitStatus("connected");
    stage.run(
        "settle(realtime.channel('chat/a').publish('m', '\\u20ac'.repeat(320))); realtime.channel('chat/a').track({ t: 'x'.repeat(1000) })");
    stage.awaitLog("rejected TOO_LARGE");
    awaitThat(() -> assertThat(stage.errors()).containsExactly("TOO_LARGE chat/a"));
    peer.expectNothing(stage);
    stage.run("realtime.channel('chat/b').publish('m', 'x'.repeat(800))");
    peer.expect("publish");
  }

  @Test
  void callResolvesWithTheHandlersAnswer() throws Exception {
    Peer peer = stage.connect();
    stage.run("settle(realtime.call('bid', { lot: 3 }))");
    JsonNode call = peer.expect("call");
    assertThat(call.path("method").asString()).isEqualTo("bid");
    assertThat(call.path("data").path("lot").asInt()).isEqualTo(3);
    peer.ack(call, "'data':{'ok':true}");
    stage.awaitLog("resolved {\"ok\":true}");
  }

  @Test
  void callRejectsWithTheHandlersOwnCode() throws Exception {
    Peer peer = stage.connect();
    stage.run("settle(realtime.call('bid', 1))");
    peer.error(peer.expect("call"), "too_low", "'temporary':false");
    stage.awaitLog("rejected too_low");
    assertThat(stage.errors()).isEmpty();
  }

  @Test
  void callWhileNotConnectedRejectsAtOnce() {
    stage.start("{ autoConnect: false }");
    stage.run("settle(realtime.call('bid', 1))");
    stage.awaitLog("rejected UNAVAILABLE");
  }

  @Test
  void errorFrameThatAnswersNothingIsTold() throws Exception {
    stage.connect().send(Peer.frame("error", "'payload':{'code':'RATE_LIMITED','message':'slow'}"));
    awaitThat(() -> assertThat(stage.errors()).containsExactly("RATE_LIMITED"));
    assertThat(stage.statuses()).isEqualTo("connecting connected");
  }
}
