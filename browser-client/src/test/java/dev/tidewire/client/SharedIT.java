package dev.tidewire.client;

import static org.assertj.core.api.Assertions.assertThat;

import com.google.gson.JsonObject;
import com.microsoft.playwright.Page;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;
import tools.jackson.databind.JsonNode;

/** Several tabs of one browser over one connection. */
class SharedIT {

  private static final String CHANNEL =
      "window.channel = realtime.channel('chat/a', { presence: true }).on('message', m => note(m.data.n))"
          + ".on('presence:join', m => note('join', m.userId)).subscribe()";

  @RegisterExtension final Stage stage = new Stage();

  private Page tab(String options) {
    Page tab = stage.context().newPage();
    stage.use(tab);
    stage.load("shared");
    stage.run(
        "window.realtime = createSharedRealtime("
            + options
            + "); window.statuses = []; realtime.onStatusChange(s => statuses.push(s));");
    return tab;
  }

  private Page tab() {
    return tab("{}");
  }

  private void in(Page tab, String statements) {
    tab.evaluate("() => { " + statements + " }");
  }

  private static void awaitLog(Page tab, String... lines) {
    Stage.awaitThat(
        () -> assertThat(tab.evaluate("log.join('|')")).isEqualTo(String.join("|", lines)));
  }

  private static void awaitValue(Page tab, String expression, Object value) {
    Stage.awaitThat(() -> assertThat(tab.evaluate(expression)).isEqualTo(value));
  }

  private JsonNode subscribed(Peer peer, String since, String messages) throws Exception {
    JsonNode subscribe = peer.expect("subscribe");
    assertThat(subscribe.path("since").asString("")).isEqualTo(since);
    peer.ack(subscribe, "'topic':'chat/a','position':'e1.%s','messages':[]".formatted(messages));
    return subscribe;
  }

  @Test
  void tabsShareOneConnectionAndHearTheSame() throws Exception {
    Page one = tab();
    Peer peer = stage.server().accept().welcome();
    in(one, CHANNEL);
    subscribed(peer, "", "0");
    Page two = tab();
    in(two, CHANNEL);
    subscribed(peer, "", "0");
    peer.send(Peer.event("e1.1", 1));
    awaitLog(one, "1");
    awaitLog(two, "1");

    in(one, "channel.unsubscribe(); realtime.call('fence').catch(() => {})");
    peer.expect("call");
    peer.send(Peer.event("e1.2", 2));
    awaitLog(two, "1", "2");
    awaitLog(one, "1");
    in(two, "channel.unsubscribe()");
    peer.expect("unsubscribe");
    assertThat(stage.server().hasWaiting()).isFalse();
  }

  @Test
  void closedTabDisturbsNoneOfTheOthers() throws Exception {
    Page one = tab();
    Peer peer = stage.server().accept().welcome();
    in(one, CHANNEL + ".track({ tab: 1 })");
    JsonNode track = peer.expect("track");
    peer.ack(track, "'topic':'chat/a'");
    subscribed(peer, "", "0");
    Page two = tab();
    in(two, CHANNEL + ".track({ tab: 2 })");
    assertThat(peer.expect("track").at("/data/tab").asInt()).isEqualTo(2);
    subscribed(peer, "", "0");
    peer.send(Peer.event("e1.1", 1));
    awaitLog(two, "1");

    two.close();
    assertThat(peer.expect("track").at("/data/tab").asInt()).isEqualTo(1); // what is left to show
    peer.send(Peer.event("e1.2", 2));
    awaitLog(one, "1", "2");
    assertThat(one.evaluate("statuses.join(' ')")).isEqualTo("connecting connected");
    one.close();
    assertThat(peer.closed()).startsWith("1000");
  }

  @Test
  void answersFindTheTabThatAskedAndUnechoedMessagesTheOthers() throws Exception {
    Page one = tab();
    Peer peer = stage.server().accept().welcome();
    in(one, CHANNEL);
    subscribed(peer, "", "0");
    Page two = tab();
    in(two, CHANNEL);
    subscribed(peer, "", "0");

    in(
        one,
        "channel.publish('message', { n: 2 }, { echo: false }).then(a => note('sent', a.position))");
    JsonNode publish = peer.expect("publish");
    assertThat(publish.path("echo").asBoolean(true)).isTrue();
    peer.send(Peer.event("e1.1", 1), Peer.event("e1.2", 2), Peer.event("e1.3", 3));
    peer.ack(publish, "'topic':'chat/a','position':'e1.2'");
    awaitLog(one, "1", "sent e1.2", "3");
    awaitLog(two, "1", "2", "3");
    in(two, "realtime.call('x').then(a => note('answer', a))");
    peer.ack(peer.expect("call"), "'data':7");
    awaitLog(two, "1", "2", "3", "answer 7");
  }

  @Test
  void lostConnectionIsRestoredForEveryTabWhereItWas() throws Exception {
    Page one = tab("{ reconnectDelay: 50 }");
    Peer first = stage.server().accept().welcome();
    in(one, CHANNEL);
    subscribed(first, "", "0");
    Page two = tab("{ reconnectDelay: 50 }");
    in(two, CHANNEL);
    subscribed(first, "", "0");
    first.send(Peer.event("e1.1", 1));
    awaitLog(one, "1");
    awaitLog(two, "1");

    first.drop();
    Peer second = stage.server().accept().welcome();
    for (int tabs = 0; tabs < 2; tabs++) {
      JsonNode subscribe = second.expect("subscribe");
      assertThat(subscribe.path("since").asString()).isEqualTo("e1.1");
      second.ack(
          subscribe,
          "'topic':'chat/a','position':'e1.2','recovered':true,'messages':["
              + Peer.event("e1.2", 2)
              + "]");
    }
    awaitLog(one, "1", "2");
    awaitLog(two, "1", "2");
    assertThat(stage.server().hasWaiting()).isFalse();
  }

  @Test
  void differentTokensAndUsersDoNotMix() throws Exception {
    tab("{ token: 'a' }");
    Peer a = stage.server().accept();
    assertThat(a.expect("auth").path("token").asString()).isEqualTo("a");
    Page b = tab("{ token: async () => 'b' }");
    assertThat(stage.server().accept().expect("auth").path("token").asString()).isEqualTo("b");
    tab("{ as: 'ada' }");
    stage.server().accept().welcome();
    tab("{ as: 'bob' }");
    stage.server().accept().welcome();
    b.close();
  }

  @Test
  void secondTabWithTheSameTokenIsLetInAtOnce() throws Exception {
    tab("{ token: 'a' }");
    Peer peer = stage.server().accept().welcome();
    peer.ack(peer.expect("auth"), "'userId':'u1'");
    stage.awaitStatus("connected");
    tab("{ token: 'a' }");
    stage.awaitStatus("connected");
    assertThat(stage.value("realtime.userId")).isEqualTo("u1");
    assertThat(stage.server().hasWaiting()).isFalse();
  }

  @Test
  void otherRowsOfATableNeedAConnectionOfTheirOwn() throws Exception {
    Page one = tab("{ reconnectDelay: 10 }");
    Peer shared = stage.server().accept().welcome();
    in(one, "realtime.channel('orders', { where: { id: 1 } }).subscribe()");
    shared.ack(shared.expect("subscribe"), "'topic':'orders','position':'e1.0'");
    Page two = tab("{ reconnectDelay: 10 }");
    in(two, "realtime.channel('orders', { where: { id: 2 } }).subscribe()");
    Peer own = stage.server().accept().welcome();
    assertThat(own.expect("subscribe").at("/where/id").asInt()).isEqualTo(2);
    assertThat(one.evaluate("statuses.join(' ')")).isEqualTo("connecting connected");
  }

  @Test
  void awayIsWhoIsAwayInAllTabs() throws Exception {
    Page one = tab();
    Peer peer = stage.server().accept().welcome();
    awaitValue(one, "realtime.status", "connected");
    Page two = tab();
    awaitValue(two, "realtime.status", "connected");
    in(one, "realtime.setStatus('away'); realtime.call('fence').catch(() => {})");
    peer.expect("call");
    in(two, "realtime.setStatus('away')");
    assertThat(peer.expect("status").path("status").asString()).isEqualTo("away");
    in(one, "realtime.setStatus('online')");
    assertThat(peer.expect("status").path("status").asString()).isEqualTo("online");
  }

  @Test
  void frozenTabHoldsUpNobodyAndCatchesUpWhenItWakes() throws Exception {
    Page one = tab();
    Peer peer = stage.server().accept().welcome();
    in(one, CHANNEL);
    subscribed(peer, "", "0");
    Page two = tab();
    in(two, CHANNEL);
    subscribed(peer, "", "0");
    var control = stage.context().newCDPSession(one);
    JsonObject frozen = new JsonObject();
    frozen.addProperty("state", "frozen");
    control.send("Page.setWebLifecycleState", frozen);

    peer.send(Peer.event("e1.1", 1), Peer.event("e1.2", 2));
    awaitLog(two, "1", "2");

    JsonObject active = new JsonObject();
    active.addProperty("state", "active");
    control.send("Page.setWebLifecycleState", active);
    awaitLog(one, "1", "2");
    assertThat(two.evaluate("statuses.join(' ')")).isEqualTo("connecting connected");
  }
}
