package dev.tidewire.client;

import static dev.tidewire.client.Stage.awaitThat;
import static org.assertj.core.api.Assertions.assertThat;

import java.util.Arrays;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;
import tools.jackson.databind.JsonNode;

/** Who is there: joins, updates and leaves that are always right. */
class PresenceIT {

  private static final String LISTEN =
      "window.channel = realtime.channel('chat/a'); for (const e of ['join', 'update', 'leave'])"
          + " channel.on('presence:' + e, m => note(e, m.data.userId, m.data.x ?? '', m.status ??"
          + " ''));";

  @RegisterExtension final Stage stage = new Stage();

  private Peer subscribed() throws Exception {
    Peer peer = stage.connect("{ reconnectDelay: 1 }");
    stage.run(LISTEN + "channel.subscribe()");
    JsonNode subscribe = peer.expect("subscribe");
    assertThat(subscribe.path("presence").asBoolean(false)).isTrue();
    return peer.ack(subscribe, "'position':'e1.0'");
  }

  /** Members are written {@code name x}. */
  private static String state(int rev, String... members) {
    return Peer.frame(
        "presence_state",
        "'topic':'chat/a','rev':%d,'count':%d,'members':[%s]"
            .formatted(
                rev,
                members.length,
                Arrays.stream(members)
                    .map(m -> "{%s,'status':'online','connections':[]}".formatted(user(m)))
                    .collect(Collectors.joining(","))));
  }

  private static String step(int rev, String event, String member) {
    return Peer.frame(
        "presence",
        "'topic':'chat/a','event':'presence:%s',%s,'status':'online','rev':%d"
            .formatted(event, user(member), rev));
  }

  private static String user(String member) {
    String[] parts = member.split(" ");
    return "'userId':'%s','data':{'x':%s,'userId':'%s'}".formatted(parts[0], parts[1], parts[0]);
  }

  @Test
  void membersAlreadyThereAreToldAsJoins() throws Exception {
    subscribed().send(state(7, "ada 1", "bob 2"));
    stage.awaitLog("join ada 1 online", "join bob 2 online");
    assertThat(stage.value("JSON.stringify([...channel.members])"))
        .isEqualTo(
            "[[\"ada\",{\"x\":1,\"userId\":\"ada\"}],[\"bob\",{\"x\":2,\"userId\":\"bob\"}]]");
  }

  @Test
  void stepsFollowTheState() throws Exception {
    Peer peer =
        subscribed()
            .send(
                state(7, "ada 1"),
                step(8, "join", "bob 2"),
                step(9, "update", "ada 5"),
                step(10, "leave", "ada 5"));
    stage.awaitLog(
        "join ada 1 online", "join bob 2 online", "update ada 5 online", "leave ada 5 online");
    assertThat(stage.value("[...channel.members.keys()].join()")).isEqualTo("bob");
    peer.expectNothing(stage);
  }

  @Test
  void frameIsHandedOnAsItIsPlusTimestamp() throws Exception {
    Peer peer = stage.connect();
    stage.run(
        "realtime.channel('chat/a').on('presence:leave', m => note(m.type, m.event, m.rev,"
            + " m.reason, m.timestamp, m.ts)).subscribe()");
    peer.ack(peer.expect("subscribe"), "'position':'e1.0'")
        .send(
            state(1, "ada 1"),
            step(2, "leave", "ada 1").replace("'rev':2", "'rev':2,'reason':'timeout'"));
    stage.awaitLog(
        "presence presence:leave 2 timeout 2026-01-02T03:04:05.678Z 2026-01-02T03:04:05.678Z");
  }

  @Test
  void severalChangesInOneFrameAreToldOneByOne() throws Exception {
    String several =
        "{'id':'s9','type':'presence','ts':'2026-01-02T03:04:05.678Z','topic':'chat/a',"
            + "'event':'presence:diff','from':%d,'rev':%d,'changes':["
            + "{'event':'presence:join','userId':'bob','data':{'userId':'bob','x':2},"
            + "'status':'online'},"
            + "{'event':'presence:leave','userId':'ada','data':{'userId':'ada','x':1},"
            + "'status':'offline','reason':'logout'}]}";
    Peer peer =
        subscribed().send(state(7, "ada 1"), several.formatted(7, 12), step(13, "update", "bob 3"));
    stage.awaitLog(
        "join ada 1 online", "join bob 2 online", "leave ada 1 offline", "update bob 3 online");
    assertThat(stage.value("[...channel.members.keys()].join()")).isEqualTo("bob");
    peer.send(several.formatted(14, 16));
    assertThat(peer.expect("subscribe").path("presence").asBoolean()).isTrue();
  }

  @Test
  void theNumberOfMembersAloneIsToldAsItIs() throws Exception {
    Peer peer = stage.connect();
    stage.run(
        "realtime.channel('chat/a', { presence: 'count' })"
            + ".on('presence_count', m => note(m.count, m.rev)).subscribe()");
    JsonNode subscribe = peer.expect("subscribe");
    assertThat(subscribe.path("presence").asString()).isEqualTo("count");
    peer.ack(subscribe, "'position':'e1.0'")
        .send(
            "{'id':'s9','type':'presence_count','ts':'2026-01-02T03:04:05.678Z',"
                + "'topic':'chat/a','rev':7,'count':412}");
    stage.awaitLog("412 7");
  }

  @Test
  void whatIsTakenAwayIsAskedForAgain() throws Exception {
    Peer peer = subscribed().send(state(7, "ada 1"));
    stage.awaitLog("join ada 1 online");
    peer.send(
        "{'id':'s9','type':'error','ts':'2026-01-02T03:04:05.678Z','payload':{'code':'FORBIDDEN',"
            + "'message':'no more','temporary':false,'retryAfterMs':null,'topic':'chat/a'}}");
    JsonNode again = peer.expect("subscribe");
    assertThat(again.path("presence").asBoolean()).isTrue();
    peer.send(
        "{'id':'s10','type':'error','ts':'2026-01-02T03:04:05.678Z','payload':{'messageId':'"
            + again.path("id").asString()
            + "','code':'FORBIDDEN','message':'no members','temporary':false}}");
    JsonNode without = peer.expect("subscribe");
    assertThat(without.path("presence").asBoolean()).isFalse();
    peer.ack(without, "'position':'e1.0','recovered':true,'messages':[]");
    stage.awaitValue("channel.members.size", 0);
  }

  @Test
  void stepsBeforeTheStateWaitForIt() throws Exception {
    subscribed()
        .send(step(8, "join", "bob 2"), step(9, "join", "eve 3"), state(8, "ada 1", "bob 2"));
    stage.awaitLog("join ada 1 online", "join bob 2 online", "join eve 3 online");
  }

  @Test
  void stepThatComesAgainIsDropped() throws Exception {
    Peer peer =
        subscribed()
            .send(
                state(7, "ada 1"),
                step(8, "join", "bob 2"),
                step(8, "join", "bob 2"),
                step(7, "leave", "ada 1"),
                step(9, "join", "eve 3"));
    stage.awaitLog("join ada 1 online", "join bob 2 online", "join eve 3 online");
    peer.expectNothing(stage);
  }

  @Test
  void missingStepAsksForTheStateAgain() throws Exception {
    Peer peer = subscribed().send(state(7, "ada 1", "bob 2"), step(10, "join", "eve 3"));
    JsonNode again = peer.expect("subscribe");
    assertThat(again.path("presence").asBoolean()).isTrue();
    assertThat(again.path("since").asString()).isEqualTo("e1.0");
    peer.send(
        Peer.ackFrame(again, "'position':'e1.0','recovered':true,'messages':[]"),
        state(10, "ada 9", "eve 3"),
        step(11, "leave", "eve 3"));
    stage.awaitLog(
        "join ada 1 online",
        "join bob 2 online",
        "leave bob 2 offline",
        "update ada 9 online",
        "join eve 3 online",
        "leave eve 3 online");
  }

  @Test
  void reconnectTellsOnlyWhatIsDifferent() throws Exception {
    Peer peer = subscribed().send(state(7, "ada 1", "bob 2", "eve 3"));
    peer.settled(stage).drop();
    peer = stage.welcomed();
    JsonNode subscribe = peer.expect("subscribe");
    assertThat(subscribe.path("presence").asBoolean()).isTrue();
    assertThat(stage.value("channel.members.size")).isEqualTo(3);
    peer.ack(subscribe, "'position':'e1.0','recovered':true")
        .send(state(2, "ada 1", "bob 4", "dan 5"));
    stage.awaitLog(
        "join ada 1 online",
        "join bob 2 online",
        "join eve 3 online",
        "leave eve 3 offline",
        "update bob 4 online",
        "join dan 5 online");
  }

  @Test
  void memberWhoGoesAwayIsAnUpdate() throws Exception {
    Peer peer = subscribed().send(state(7, "ada 1"));
    peer.send(state(7, "ada 1").replace("'status':'online'", "'status':'away'"));
    stage.awaitLog("join ada 1 online", "update ada 1 away");
  }

  @Test
  void subscribeWithoutInterestInPresenceDoesNotAskForIt() throws Exception {
    Peer peer = stage.connect();
    stage.run("window.channel = realtime.channel('chat/a').on('message', m => 0).subscribe()");
    assertThat(peer.expect("subscribe").path("presence").asBoolean(true)).isFalse();
  }

  @Test
  void starAndOptionAskForPresence() throws Exception {
    Peer peer = stage.connect();
    stage.run("realtime.channel('a').on('*', m => 0).subscribe()");
    assertThat(peer.expect("subscribe").path("presence").asBoolean()).isTrue();
    stage.run("realtime.channel('b', { presence: true }).subscribe()");
    assertThat(peer.expect("subscribe").path("presence").asBoolean()).isTrue();
    stage.run("realtime.channel('c', { presence: false }).on('*', m => 0).subscribe()");
    assertThat(peer.expect("subscribe").path("presence").asBoolean(true)).isFalse();
  }

  @Test
  void membersThatMayNotBeReadDoNotCostTheMessages() throws Exception {
    Peer peer = stage.connect("{ reconnectDelay: 1 }");
    stage.run(
        "window.channel = realtime.channel('chat/a').on('*', m => note(m.data.n)).subscribe();"
            + " channel.ready.then(() => note('ready'))");
    peer.error(peer.expect("subscribe"), "FORBIDDEN", "'temporary':false");
    JsonNode again = peer.expect("subscribe");
    assertThat(again.path("presence").asBoolean(true)).isFalse();
    peer.ack(again, "'position':'e1.0'").send(Peer.event("e1.1", 1));
    stage.awaitLog("ready", "1");
    assertThat(stage.errors()).isEmpty();
    // who asks for members by name is told that there are none to see
    stage.run("channel.on('presence:join', m => 0)");
    awaitThat(() -> assertThat(stage.errors()).containsExactly("FORBIDDEN chat/a"));
    stage.run("channel.on('presence:leave', m => 0)");
    peer.expectNothing(stage);
    assertThat(stage.errors()).hasSize(1);
    // the next connection may be allowed more
    peer.drop();
    assertThat(stage.welcomed().expect("subscribe").path("presence").asBoolean()).isTrue();
  }

  @Test
  void presenceListenerAddedLaterSubscribesAgainWithPresence() throws Exception {
    Peer peer = stage.connect();
    stage.run(
        "window.channel = realtime.channel('chat/a').on('message', m =>"
            + " note(m.data.n)).subscribe()");
    peer.ack(peer.expect("subscribe"), "'position':'e1.4'").settled(stage);
    stage.run("channel.on('presence:join', m => note('join', m.data.userId))");
    JsonNode again = peer.expect("subscribe");
    assertThat(again.path("presence").asBoolean()).isTrue();
    assertThat(again.path("since").asString()).isEqualTo("e1.4");
    // messages go on meanwhile
    peer.send(Peer.event("e1.5", 5)).settled(stage);
    stage.awaitLog("5");
    peer.send(
        Peer.ackFrame(
            again, "'position':'e1.5','recovered':true,'messages':[" + Peer.event("e1.5", 5) + "]"),
        state(1, "ada 1"),
        Peer.event("e1.6", 6));
    stage.awaitLog("5", "join ada", "6");
    stage.run("channel.on('presence:leave', m => 0)");
    peer.expectNothing(stage);
  }

  @Test
  void presenceListenerAddedDuringTheRequestIsAskedForAfterIt() throws Exception {
    Peer peer = stage.connect();
    stage.run("window.channel = realtime.channel('chat/a').subscribe()");
    JsonNode subscribe = peer.expect("subscribe");
    stage.run("channel.on('presence:join', m => note('join', m.data.userId))");
    peer.expectNothing(stage);
    peer.ack(subscribe, "'position':'e1.0'");
    assertThat(peer.expect("subscribe").path("presence").asBoolean()).isTrue();
  }

  @Test
  void listenerThatComesLateHearsOfThoseAlreadyThere() throws Exception {
    subscribed().send(state(7, "ada 1", "bob 2")).settled(stage);
    stage.run(
        "log.length = 0; channel.on('presence:join', m => note('late', m.event, m.data.userId,"
            + " typeof m.timestamp)); const no = m => note('no'); channel.on('presence:join',"
            + " no).off('presence:join', no)");
    stage.awaitLog("late presence:join ada string", "late presence:join bob string");
  }

  @Test
  void trackBeforeConnectingIsToldAfterItAndBeforeSubscribing() throws Exception {
    stage.start("{}");
    stage.run("realtime.channel('chat/a').track({ name: 'Ada' }).subscribe()");
    Peer peer = stage.welcomed();
    JsonNode track = peer.expect("track");
    assertThat(track.path("topic").asString()).isEqualTo("chat/a");
    assertThat(track.path("data").path("name").asString()).isEqualTo("Ada");
    assertThat(peer.expect("subscribe").path("presence").asBoolean()).isTrue();
  }

  @Test
  void trackWithoutSubscribeIsOnlyATrack() throws Exception {
    Peer peer = stage.connect();
    stage.run("realtime.channel('chat/a').track({ name: 'Ada' })");
    peer.expect("track");
    peer.expectNothing(stage);
  }

  @Test
  void secondTrackReplacesTheState() throws Exception {
    Peer peer = stage.connect();
    stage.run("window.channel = realtime.channel('chat/a').track({ x: 1 }).track({ x: 2 })");
    JsonNode first = peer.expect("track");
    assertThat(first.path("data").path("x").asInt()).as("the latest of one turn").isEqualTo(2);
    peer.ack(first, "");
    stage.run("channel.track({ x: 3 })");
    assertThat(peer.expect("track").path("data").path("x").asInt()).isEqualTo(3);
    peer.expectNothing(stage);
  }

  @Test
  void trackIsRestoredAfterReconnect() throws Exception {
    Peer peer = stage.connect("{ reconnectDelay: 1 }");
    stage.run("const state = { x: 1 }; realtime.channel('chat/a').track(state); state.x = 99");
    peer.ack(peer.expect("track"), "");
    peer.settled(stage).drop();
    assertThat(stage.welcomed().expect("track").path("data").path("x").asInt())
        .as("the state that was given")
        .isEqualTo(1);
  }

  @Test
  void trackLostWithTheConnectionIsToldAgainAtOnceAndWithoutAnError() throws Exception {
    stage.openWithFrozenTime();
    Peer peer = stage.connect("{ reconnectDelay: 1 }");
    stage.run("realtime.channel('chat/a').track({ x: 1 })");
    peer.expect("track");
    peer.drop();
    stage.awaitStatus("reconnecting");
    stage.pass(1);
    peer = stage.welcomed();
    peer.expect("track");
    stage.pass(5_000);
    peer.expectNothing(stage);
    assertThat(stage.errors()).isEmpty();
  }

  @Test
  void untrackTakesItBackAndIsNotRestored() throws Exception {
    Peer peer = stage.connect("{ reconnectDelay: 1 }");
    stage.run("window.channel = realtime.channel('chat/a').track({ x: 1 })");
    peer.expect("track");
    stage.run("channel.untrack()");
    assertThat(peer.expect("untrack").path("topic").asString()).isEqualTo("chat/a");
    peer.settled(stage).drop();
    stage.welcomed().expectNothing(stage);
  }

  @Test
  void untrackWithoutTrackSendsNothing() throws Exception {
    Peer peer = stage.connect();
    stage.run("realtime.channel('chat/a').untrack().track({ x: 1 }).untrack()");
    peer.expectNothing(stage);
  }

  @Test
  void untrackAndUnsubscribeAreBothTold() throws Exception {
    Peer peer = stage.connect();
    stage.run("window.channel = realtime.channel('chat/a').track({ x: 1 }).subscribe()");
    peer.expect("track");
    peer.expect("subscribe");
    stage.run("channel.untrack(); channel.unsubscribe()");
    peer.expect("untrack");
    peer.expect("unsubscribe");
  }

  @Test
  void refusedStateIsTold() throws Exception {
    Peer peer = stage.connect();
    stage.run("realtime.channel('chat/a').track({ x: 1 })");
    peer.error(peer.expect("track"), "FORBIDDEN", "'temporary':false");
    awaitThat(() -> assertThat(stage.errors()).containsExactly("FORBIDDEN chat/a"));
    peer.expectNothing(stage);
  }

  @Test
  void stateRefusedForNowIsSentAgainAsItIsThen() throws Exception {
    stage.openWithFrozenTime();
    Peer peer = stage.connect();
    stage.run("window.channel = realtime.channel('chat/a').track({ x: 1 })");
    peer.error(peer.expect("track"), "RATE_LIMITED", "'temporary':true,'retryAfterMs':400");
    peer.settled(stage);
    stage.run("channel.track({ x: 2 })");
    peer.expectNothing(stage);
    stage.pass(400);
    assertThat(peer.expect("track").path("data").path("x").asInt()).isEqualTo(2);
    assertThat(stage.errors()).isEmpty();
  }

  @Test
  void leavingTheChannelForgetsItsMembers() throws Exception {
    subscribed().send(state(7, "ada 1")).settled(stage);
    stage.run("channel.unsubscribe()");
    assertThat(stage.value("channel.members.size")).isEqualTo(0);
    assertThat(stage.log()).containsExactly("join ada 1 online");
  }
}
