package dev.tidewire.client;

import static dev.tidewire.client.Stage.awaitThat;
import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;
import tools.jackson.databind.JsonNode;

/** Every message once and in order, whatever happens to the connection. */
class RecoveryIT {

  private static final String SHOW =
      "window.channel = realtime.channel('chat/a').on('message', m => note(m.data.n)).on('reset', m => note('reset', m.payload.reason, m.payload.position, channel.position)).subscribe();";

  @RegisterExtension final Stage stage = new Stage();

  /** Connects and subscribes; the channel stands at {@code e1.0}. */
  private Peer subscribed() throws Exception {
    return subscribed("{ reconnectDelay: 1 }");
  }

  private Peer subscribed(String options) throws Exception {
    Peer peer = stage.connect(options);
    stage.run(SHOW);
    return peer.ack(peer.expect("subscribe"), "'position':'e1.0'");
  }

  /** Drops the connection and returns the next one, welcomed. */
  private Peer reconnected(Peer peer) throws Exception {
    peer.settled(stage).drop();
    return stage.welcomed();
  }

  private static String reset(String id, String reason, String position) {
    return "{'id':'%s','type':'reset','ts':'2026-01-02T03:04:05.678Z','topic':'chat/a','payload':{'reason':'%s','position':'%s'}}"
        .formatted(id, reason, position);
  }

  private static String since(JsonNode subscribe) {
    return subscribe.path("since").asString("none");
  }

  @Test
  void reconnectAsksForWhatCameAfterTheLastMessage() throws Exception {
    Peer peer = subscribed().send(Peer.event("e1.1", 1), Peer.event("e1.2", 2));
    peer = reconnected(peer);
    JsonNode subscribe = peer.expect("subscribe");
    assertThat(since(subscribe)).isEqualTo("e1.2");
    peer.ack(
            subscribe,
            "'position':'e1.4','recovered':true,'messages':[%s,%s]"
                .formatted(Peer.event("e1.3", 3), Peer.event("e1.4", 4)))
        .send(Peer.event("e1.5", 5));
    stage.awaitLog("1", "2", "3", "4", "5");
  }

  @Test
  void everySubscriptionComesBack() throws Exception {
    Peer peer = stage.connect("{ reconnectDelay: 1 }");
    stage.run("for (const t of ['a', 'b', 'c']) realtime.channel(t).subscribe()");
    for (String topic : new String[] {"a", "b", "c"}) {
      JsonNode subscribe = peer.expect("subscribe");
      assertThat(subscribe.path("topic").asString()).isEqualTo(topic);
      peer.ack(subscribe, "'position':'" + topic + ".9'");
    }
    peer = reconnected(peer);
    for (String topic : new String[] {"a", "b", "c"}) {
      JsonNode subscribe = peer.expect("subscribe");
      assertThat(since(subscribe)).isEqualTo(topic + ".9");
      assertThat(subscribe.path("topic").asString()).isEqualTo(topic);
    }
  }

  @Test
  void positionOfTheAnswerIsTheCursorOfAQuietChannel() throws Exception {
    Peer peer = stage.connect("{ reconnectDelay: 1 }");
    stage.run(SHOW);
    peer.ack(peer.expect("subscribe"), "'position':'e1.174'");
    assertThat(since(reconnected(peer).expect("subscribe"))).isEqualTo("e1.174");
  }

  @Test
  void channelThatWasLeftDoesNotComeBack() throws Exception {
    Peer peer = subscribed();
    stage.run("channel.unsubscribe()");
    peer.expect("unsubscribe");
    reconnected(peer).expectNothing(stage);
  }

  @Test
  void wantedDisconnectResumesToo() throws Exception {
    Peer peer = subscribed().send(Peer.event("e1.1", 1)).settled(stage);
    stage.run("realtime.disconnect()");
    peer.closed();
    stage.run("realtime.connect()");
    assertThat(since(stage.welcomed().expect("subscribe"))).isEqualTo("e1.1");
  }

  @Test
  void connectionLostDuringTheRequestAsksAgain() throws Exception {
    Peer peer = stage.connect("{ reconnectDelay: 1 }");
    stage.run(SHOW + "channel.ready.then(() => note('ready'))");
    peer.expect("subscribe");
    peer = reconnected(peer);
    peer.ack(peer.expect("subscribe"), "'position':'e1.0'");
    stage.awaitLog("ready");
    assertThat(stage.errors()).isEmpty();
  }

  @Test
  void channelCanBeginAfterAGivenMessage() throws Exception {
    Peer peer = stage.connect("{ reconnectDelay: 1 }");
    stage.run("realtime.channel('chat/a', { since: 'e1.40' }); " + SHOW);
    JsonNode subscribe = peer.expect("subscribe");
    assertThat(since(subscribe)).isEqualTo("e1.40");
    peer.ack(
        subscribe,
        "'position':'e1.41','recovered':true,'messages':[" + Peer.event("e1.41", 41) + "]");
    stage.awaitLog("41");
    stage.run("channel.unsubscribe().subscribe()");
    assertThat(since(peer.expect("subscribe"))).as("it began there once").isEqualTo("none");
  }

  @Test
  void messageThatComesAgainIsDropped() throws Exception {
    subscribed()
        .send(
            Peer.event("e1.1", 1),
            Peer.event("e1.1", 1),
            Peer.event("e1.2", 2),
            Peer.event("e1.1", 1),
            Peer.event("e1.2", 2),
            Peer.event("e1.3", 3));
    stage.awaitLog("1", "2", "3");
  }

  @Test
  void messagesBothRecoveredAndLiveAreShownOnce() throws Exception {
    Peer peer = subscribed().send(Peer.event("e1.1", 1));
    peer = reconnected(peer);
    JsonNode subscribe = peer.expect("subscribe");
    // live ones overtake the answer
    peer.send(
        Peer.event("e1.3", 3),
        Peer.event("e1.4", 4),
        Peer.ackFrame(
            subscribe,
            "'position':'e1.3','recovered':true,'messages':[%s,%s]"
                .formatted(Peer.event("e1.2", 2), Peer.event("e1.3", 3))),
        Peer.event("e1.5", 5));
    stage.awaitLog("1", "2", "3", "4", "5");
  }

  @Test
  void messagesBeforeTheFirstAnswerArePlacedByIt() throws Exception {
    Peer peer = stage.connect();
    stage.run(SHOW);
    JsonNode subscribe = peer.expect("subscribe");
    peer.send(
        Peer.event("e1.7", 7),
        Peer.event("e1.8", 8),
        Peer.ackFrame(subscribe, "'position':'e1.7'"),
        Peer.event("e1.9", 9));
    stage.awaitLog("8", "9");
    peer.expectNothing(stage);
  }

  @Test
  void holeIsClosedBySubscribingAgain() throws Exception {
    Peer peer = subscribed().send(Peer.event("e1.1", 1), Peer.event("e1.4", 4));
    JsonNode again = peer.expect("subscribe");
    assertThat(since(again)).isEqualTo("e1.1");
    stage.awaitLog("1");
    peer.send(
        Peer.event("e1.5", 5),
        Peer.ackFrame(
            again,
            "'position':'e1.4','recovered':true,'messages':[%s,%s,%s]"
                .formatted(Peer.event("e1.2", 2), Peer.event("e1.3", 3), Peer.event("e1.4", 4))),
        Peer.event("e1.6", 6));
    stage.awaitLog("1", "2", "3", "4", "5", "6");
    peer.expectNothing(stage);
  }

  @Test
  void latecomerFillsTheHoleToo() throws Exception {
    Peer peer =
        subscribed().send(Peer.event("e1.2", 2), Peer.event("e1.3", 3), Peer.event("e1.1", 1));
    stage.awaitLog("1", "2", "3");
    JsonNode again = peer.expect("subscribe");
    peer.ack(
            again,
            "'position':'e1.3','recovered':true,'messages':[%s]".formatted(Peer.event("e1.1", 1)))
        .send(Peer.event("e1.4", 4));
    stage.awaitLog("1", "2", "3", "4");
  }

  @Test
  void holeTheServerDoesNotCloseIsAskedForWithPauses() throws Exception {
    stage.openWithFrozenTime();
    Peer peer = subscribed("{}").send(Peer.event("e1.1", 1), Peer.event("e1.9", 9));
    peer.ack(peer.expect("subscribe"), "'position':'e1.1','recovered':true,'messages':[]")
        .settled(stage);
    assertThat(stage.console()).singleElement().asString().contains("chat/a", "e1.1");
    stage.pass(999);
    peer.expectNothing(stage);
    stage.pass(1);
    peer.ack(peer.expect("subscribe"), "'position':'e1.1','recovered':true,'messages':[]")
        .settled(stage);
    stage.pass(1_999);
    peer.expectNothing(stage);
    stage.pass(1);
    peer.ack(peer.expect("subscribe"), "'position':'e1.8','recovered':true,'messages':[]");
    stage.awaitLog("1", "9");
  }

  @Test
  void repairRefusedForNowLosesNothing() throws Exception {
    stage.openWithFrozenTime();
    Peer peer = subscribed("{}").send(Peer.event("e1.1", 1), Peer.event("e1.3", 3));
    peer.error(peer.expect("subscribe"), "RATE_LIMITED", "'temporary':true,'retryAfterMs':500");
    peer.send(Peer.event("e1.4", 4)).settled(stage);
    stage.pass(500);
    peer.ack(
        peer.expect("subscribe"),
        "'position':'e1.4','recovered':true,'messages':[%s,%s,%s]"
            .formatted(Peer.event("e1.2", 2), Peer.event("e1.3", 3), Peer.event("e1.4", 4)));
    stage.awaitLog("1", "2", "3", "4");
  }

  @Test
  void floodDuringARepairIsNotHeldForEverAndNothingIsLost() throws Exception {
    Peer peer = subscribed().send(Peer.event("e1.1", 1));
    StringBuilder flood = new StringBuilder();
    StringBuilder missed = new StringBuilder(Peer.event("e1.2", 2));
    for (int n = 3; n <= 2_500; n++) {
      flood.append(Peer.event("e1." + n, n)).append('\n');
      missed.append(',').append(Peer.event("e1." + n, n));
    }
    peer.send(flood.toString());
    peer.ack(
        peer.expect("subscribe"),
        "'position':'e1.2500','recovered':true,'messages':[" + missed + "]");
    awaitThat(
        () ->
            assertThat(
                    stage.value("log.length === 2500 && log.every((n, i) => n === String(i + 1))"))
                .isEqualTo(true));
  }

  @Test
  void previousMessageDecidesWhereASubscriberIsNotSentAll() throws Exception {
    Peer peer =
        subscribed()
            .send(
                Peer.event("e1.4", 4, "'prev':'e1.0'"),
                Peer.event("e1.9", 9, "'prev':'e1.4'"),
                Peer.event("e1.20", 20, "'prev':'e1.15'"));
    stage.awaitLog("4", "9");
    JsonNode again = peer.expect("subscribe");
    assertThat(since(again)).isEqualTo("e1.9");
    peer.ack(
            again,
            "'position':'e1.30','recovered':true,'messages':[%s,%s]"
                .formatted(
                    Peer.event("e1.15", 15, "'prev':'e1.9'"),
                    Peer.event("e1.20", 20, "'prev':'e1.15'")))
        // the answer covers 21..30, so a message before it in the row is known to be seen
        .send(Peer.event("e1.33", 33, "'prev':'e1.20'"));
    stage.awaitLog("4", "9", "15", "20", "33");
    peer.expectNothing(stage);
  }

  /** A reader that is behind is left out of some messages of a channel of state. */
  @Test
  void whatMayBeMissedIsNotAskedFor() throws Exception {
    Peer peer =
        subscribed()
            .send(
                Peer.event("e1.4", 4, "'prev':'e1.0'"),
                Peer.event("e1.90", 90, "'prev':'e1.0'"),
                Peer.event("e1.91", 91, "'prev':'e1.0'"));
    stage.awaitLog("4", "90", "91");
    stage.run("realtime.channel('chat/a').publish('message', 100, { echo: false })");
    peer.ack(peer.expect("publish"), "'topic':'chat/a','position':'e1.100','prev':'e1.0'")
        .send(Peer.event("e1.120", 120, "'prev':'e1.0'"));
    stage.awaitLog("4", "90", "91", "120");
    peer.expectNothing(stage);
  }

  @Test
  void answerWithoutAPositionIsAskedForAgain() throws Exception {
    stage.openWithFrozenTime();
    Peer peer = stage.connect("{}");
    stage.run(SHOW);
    peer.ack(peer.expect("subscribe"), "'position':'nowhere'").settled(stage);
    assertThat(stage.console()).singleElement().asString().contains("names no position");
    stage.pass(1_000);
    peer.ack(peer.expect("subscribe"), "'position':'e1.0'").send(Peer.event("e1.1", 1));
    stage.awaitLog("1");
  }

  @Test
  void newEpochIsToldAsResetAndGoneOnFrom() throws Exception {
    Peer peer = reconnected(subscribed().send(Peer.event("e1.1", 1)));
    JsonNode subscribe = peer.expect("subscribe");
    peer.send(
        reset("s9", "EPOCH", "zz.5"),
        Peer.ackFrame(subscribe, "'position':'zz.5','recovered':false,'messages':[]"),
        Peer.event("zz.6", 6));
    stage.awaitLog("1", "reset EPOCH zz.5 zz.5", "6");
    peer.expectNothing(stage);
  }

  @Test
  void resetAfterTheAnswerIsToldOnce() throws Exception {
    Peer peer = reconnected(subscribed().send(Peer.event("e1.1", 1)));
    JsonNode subscribe = peer.expect("subscribe");
    peer.send(
        Peer.ackFrame(subscribe, "'position':'e1.500','recovered':false,'messages':[]"),
        reset("s9", "EVICTED", "e1.500"),
        Peer.event("e1.501", 501));
    stage.awaitLog("1", "reset EVICTED e1.500 e1.500", "501");
  }

  @Test
  void refusedRecoveryAloneIsAResetToo() throws Exception {
    Peer peer = reconnected(subscribed().send(Peer.event("e1.1", 1)));
    peer.ack(peer.expect("subscribe"), "'position':'zz.5','recovered':false")
        .send(Peer.event("zz.6", 6));
    stage.awaitLog("1", "reset EPOCH zz.5 zz.5", "6");
  }

  @Test
  void secondResetIsToldAgain() throws Exception {
    Peer peer = reconnected(subscribed());
    peer.ack(peer.expect("subscribe"), "'position':'f2.5','recovered':false");
    peer = reconnected(peer);
    JsonNode subscribe = peer.expect("subscribe");
    assertThat(since(subscribe)).isEqualTo("f2.5");
    peer.ack(subscribe, "'position':'g3.1','recovered':false");
    stage.awaitLog("reset EPOCH f2.5 f2.5", "reset EPOCH g3.1 g3.1");
  }

  @Test
  void streamThatChangesItsEpochUnannouncedIsAskedFor() throws Exception {
    Peer peer = subscribed().send(Peer.event("e1.1", 1), Peer.event("zz.1", 10));
    JsonNode again = peer.expect("subscribe");
    assertThat(since(again)).isEqualTo("e1.1");
    peer.send(
        reset("s9", "EPOCH", "zz.1"),
        Peer.ackFrame(again, "'position':'zz.1','recovered':false"),
        Peer.event("e1.2", 2),
        Peer.event("zz.2", 11));
    // what straggles in of the old life is asked for once more, and is then out of the way
    peer.ack(
        peer.expect("subscribe"),
        "'position':'zz.2','recovered':true,'messages':[" + Peer.event("zz.2", 11) + "]");
    stage.awaitLog("1", "reset EPOCH zz.1 zz.1", "11");
    peer.expectNothing(stage);
  }

  @Test
  void resetInTheMiddleOfALifeIsGoneOnFrom() throws Exception {
    Peer peer =
        subscribed()
            .send(Peer.event("e1.1", 1), reset("s7", "EPOCH", "zz.3"), Peer.event("zz.4", 4));
    stage.awaitLog("1", "reset EPOCH zz.3 zz.3", "4");
    peer.expectNothing(stage);
  }

  @Test
  void unknownChangeHasAPlaceOfItsOwn() throws Exception {
    Peer peer =
        subscribed()
            .send(
                Peer.event("e1.1", 1),
                reset("e1.2", "UNKNOWN_CHANGE", "e1.2"),
                Peer.event("e1.3", 3),
                reset("e1.2", "UNKNOWN_CHANGE", "e1.2"));
    stage.awaitLog("1", "reset UNKNOWN_CHANGE e1.2 e1.2", "3");
    peer.expectNothing(stage);
  }

  @Test
  void unknownChangeAfterAHoleWaitsItsTurn() throws Exception {
    Peer peer = subscribed().send(Peer.event("e1.1", 1), reset("e1.3", "UNKNOWN_CHANGE", "e1.3"));
    peer.ack(
        peer.expect("subscribe"),
        "'position':'e1.3','recovered':true,'messages':[%s,%s]"
            .formatted(Peer.event("e1.2", 2), reset("e1.3", "UNKNOWN_CHANGE", "e1.3")));
    stage.awaitLog("1", "2", "reset UNKNOWN_CHANGE e1.3 e1.3");
  }

  @Test
  void recoveredUnknownChangeIsTold() throws Exception {
    Peer peer = reconnected(subscribed().send(Peer.event("e1.1", 1)));
    peer.ack(
        peer.expect("subscribe"),
        "'position':'e1.3','recovered':true,'messages':[%s,%s]"
            .formatted(reset("e1.2", "UNKNOWN_CHANGE", "e1.2"), Peer.event("e1.3", 3)));
    stage.awaitLog("1", "reset UNKNOWN_CHANGE e1.2 e1.2", "3");
  }

  @Test
  void ownMessageWithoutEchoIsNoHole() throws Exception {
    Peer peer = subscribed().send(Peer.event("e1.1", 1));
    stage.run("channel.publish('message', 0, { echo: false })");
    peer.send(
        Peer.ackFrame(peer.expect("publish"), "'topic':'chat/a','position':'e1.2'"),
        Peer.event("e1.3", 3));
    stage.awaitLog("1", "3");
    peer.expectNothing(stage);
  }

  @Test
  void ownMessageWithoutEchoIsNotShownByARepairEither() throws Exception {
    Peer peer = subscribed().send(Peer.event("e1.1", 1));
    stage.run("channel.publish('message', 0, { echo: false })");
    peer.ack(peer.expect("publish"), "'topic':'chat/a','position':'e1.3'");
    peer.ack(
        peer.expect("subscribe"),
        "'position':'e1.4','recovered':true,'messages':[%s,%s,%s]"
            .formatted(Peer.event("e1.2", 2), Peer.event("e1.3", 3), Peer.event("e1.4", 4)));
    stage.awaitLog("1", "2", "4");
  }

  @Test
  void ownMessageWithEchoIsShownOnce() throws Exception {
    Peer peer = subscribed();
    stage.run("channel.publish('message', { n: 1 })");
    JsonNode publish = peer.expect("publish");
    peer.send(
        Peer.event("e1.1", 1),
        Peer.ackFrame(publish, "'topic':'chat/a','position':'e1.1'"),
        Peer.event("e1.2", 2));
    stage.awaitLog("1", "2");
    peer.expectNothing(stage);
  }

  @Test
  void ownMessageWithEchoBehindAHoleIsShown() throws Exception {
    Peer peer = subscribed().send(Peer.event("e1.1", 1));
    stage.run("channel.publish('message', { n: 3 })");
    peer.send(
        Peer.event("e1.3", 3),
        Peer.ackFrame(peer.expect("publish"), "'topic':'chat/a','position':'e1.3'"));
    peer.ack(
        peer.expect("subscribe"),
        "'position':'e1.3','recovered':true,'messages':[%s,%s]"
            .formatted(Peer.event("e1.2", 2), Peer.event("e1.3", 3)));
    stage.awaitLog("1", "2", "3");
  }

  @Test
  void messagesOutsideAStreamAreShownOnceById() throws Exception {
    subscribed()
        .send(
            Peer.event("m-1", 1), Peer.event("m-1", 1), Peer.event("m-2", 2), Peer.event("m-1", 1));
    stage.awaitLog("1", "2");
  }

  @Test
  void tenThousandIdsAreRememberedAndTheOldestHalfIsForgotten() throws Exception {
    Peer peer = subscribed();
    StringBuilder many = new StringBuilder();
    for (int n = 1; n <= 10_001; n++) {
      many.append(Peer.event("m-" + n, n)).append('\n');
    }
    peer.send(many.toString());
    // 10,001 made the first 5,000 go
    peer.send(Peer.event("m-5001", 0), Peer.event("m-5000", -1)).settled(stage);
    assertThat(stage.value("[log.length, log.at(-1)].join(' ')")).isEqualTo("10002 -1");
  }

  @Test
  void listenerThatLeavesDuringAReplayHearsNoMore() throws Exception {
    Peer peer = stage.connect();
    stage.run(
        "realtime.channel('chat/a', { since: 'e1.0' }).on('message', m => { note(m.data.n); realtime.channel('chat/a').unsubscribe().on('message', m => note('new', m.data.n)).subscribe() }).subscribe()");
    JsonNode subscribe = peer.expect("subscribe");
    peer.ack(
        subscribe,
        "'position':'e1.2','recovered':true,'messages':[%s,%s]"
            .formatted(Peer.event("e1.1", 1), Peer.event("e1.2", 2)));
    peer.ack(peer.expect("subscribe"), "'position':'e1.2'").send(Peer.event("e1.3", 3));
    stage.awaitLog("1", "new 3");
  }
}
