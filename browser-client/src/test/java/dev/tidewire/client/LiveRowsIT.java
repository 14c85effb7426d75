package dev.tidewire.client;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;
import tools.jackson.databind.JsonNode;

/** The rows of a table, kept as they are. */
class LiveRowsIT {

  private static final String SHOW =
      "window.shown = () => rows().map(r => r.id + r.state).join(' ')";

  @RegisterExtension final Stage stage = new Stage();

  private Peer start(String options) throws Exception {
    Peer peer = stage.connect("{ reconnectDelay: 1 }");
    stage.run(
        "import('./realtime/rows.js').then(() => { window.rows = realtime.channel('orders').rows("
            + options
            + ");"
            + SHOW
            + "})");
    return peer;
  }

  private static String change(int offset, String operation, String fields) {
    return "{'id':'e1.%d','type':'db_change','ts':'x','topic':'orders','operation':'%s',%s}"
        .formatted(offset, operation, fields);
  }

  @Test
  void snapshotOfTheSubscriptionIsFollowedByEveryChange() throws Exception {
    Peer peer = start("{ orderBy: '-id' }");
    JsonNode subscribe = peer.expect("subscribe");
    assertThat(subscribe.path("snapshot").asBoolean()).isTrue();
    peer.ack(
        subscribe,
        "'topic':'orders','position':'e1.5','rows':[{'id':1,'state':'a'},{'id':2,'state':'b'}]");
    stage.awaitValue("rows.ready() && shown()", "2b 1a");
    peer.send(
        change(6, "INSERT", "'data':{'id':3,'state':'c'}"),
        change(7, "UPDATE", "'data':{'id':1,'state':'z'},'old':{'id':1,'state':'a'}"),
        change(8, "DELETE", "'data':{'id':2,'state':'b'},'old':{'id':2,'state':'b'}"));
    stage.awaitValue("shown()", "3c 1z");
    peer.send(change(9, "UPDATE", "'data':{'id':4,'state':'z'},'old':{'id':1,'state':'z'}"));
    stage.awaitValue("shown()", "4z 3c");
  }

  @Test
  void rowsThatDoNotMatchAreLeftOutAndComeAndGo() throws Exception {
    Peer peer = start("{ where: { state: 'open' }, orderBy: ['state', 'id'] }");
    peer.ack(
        peer.expect("subscribe"),
        "'topic':'orders','position':'e1.5','rows':[{'id':2,'state':'open'},{'id':1,'state':'paid'}]");
    stage.awaitValue("rows.ready() && shown()", "2open");
    peer.send(change(6, "UPDATE", "'data':{'id':1,'state':'open'},'old':{'id':1,'state':'paid'}"));
    stage.awaitValue("shown()", "1open 2open");
    peer.send(change(7, "UPDATE", "'data':{'id':2,'state':'paid'},'old':{'id':2,'state':'open'}"));
    stage.awaitValue("shown()", "1open");
  }

  @Test
  void resetLoadsAllAgainAndLosesNoChangeMeanwhile() throws Exception {
    Peer peer = start("{}");
    peer.ack(
        peer.expect("subscribe"),
        "'topic':'orders','position':'e1.5','rows':[{'id':1,'state':'a'}]");
    stage.awaitValue("rows.ready() && shown()", "1a");
    peer.send(
        Peer.frame("reset", "'topic':'orders','payload':{'reason':'EVICTED','position':'e1.9'}"),
        change(10, "UPDATE", "'data':{'id':1,'state':'old'}"),
        change(11, "UPDATE", "'data':{'id':1,'state':'new'}"));
    JsonNode again = peer.expect("subscribe");
    assertThat(again.path("snapshot").asBoolean()).isTrue();
    peer.ack(
        again,
        "'topic':'orders','position':'e1.10','rows':[{'id':1,'state':'x'},{'id':2,'state':'y'}]");
    stage.awaitValue("shown()", "1new 2y");
  }

  @Test
  void reconnectResumesWithoutAnotherSnapshot() throws Exception {
    Peer peer = start("{}");
    peer.ack(
        peer.expect("subscribe"),
        "'topic':'orders','position':'e1.5','rows':[{'id':1,'state':'a'}]");
    stage.awaitValue("rows.ready()", true);
    peer.drop();
    Peer next = stage.welcomed();
    JsonNode subscribe = next.expect("subscribe");
    assertThat(subscribe.path("since").asString()).isEqualTo("e1.5");
    assertThat(subscribe.has("snapshot")).isFalse();
  }

  @Test
  void connectionLostBeforeTheSnapshotAsksForItAgain() throws Exception {
    Peer peer = start("{}");
    peer.expect("subscribe");
    peer.drop();
    Peer next = stage.welcomed();
    JsonNode subscribe = next.expect("subscribe");
    assertThat(subscribe.path("snapshot").asBoolean()).isTrue();
    next.ack(subscribe, "'topic':'orders','position':'e1.5','rows':[]");
    stage.awaitValue("rows.ready()", true);
  }

  @Test
  void loadedRowsMeetTheChangesThatCameMeanwhileOnce() throws Exception {
    Peer peer = start("{ load: 'api/orders' }");
    JsonNode subscribe = peer.expect("subscribe");
    assertThat(subscribe.has("snapshot")).isFalse();
    peer.ack(subscribe, "'topic':'orders','position':'e1.5'");
    Exchange request = stage.server().request();
    peer.send(
            change(6, "DELETE", "'data':{'id':1,'state':'a'}"),
            change(7, "INSERT", "'data':{'id':3,'state':'c'}"))
        .settled(stage);
    assertThat(stage.value("rows.ready()")).isEqualTo(false);
    // id 1 was deleted at 6 and came back before the rows were read
    request.answer(200, "[{'id':1,'state':'b'}]", "Tidewire-Position", "orders=e1.6");
    stage.awaitValue("rows.ready() && shown()", "1b 3c");
  }

  @Test
  void failureToLoadIsToldAndTriedAgain() throws Exception {
    Peer peer = start("{ load: 'api/orders' }");
    peer.ack(peer.expect("subscribe"), "'topic':'orders','position':'e1.5'");
    stage.server().request().answer(500, "{}");
    stage.awaitValue("rows.error()?.message", "the rows cannot be loaded: 500");
    stage.server().request().answer(200, "[{'id':1,'state':'a'}]");
    stage.awaitValue("rows.error() === null && shown()", "1a");
    stage.run("rows.stop()");
    peer.send(change(6, "INSERT", "'data':{'id':3,'state':'c'}")).settled(stage);
    assertThat(stage.value("shown()")).isEqualTo("1a");
  }

  @Test
  void conditionOfTheChannelIsTheServersToJudge() throws Exception {
    Peer peer = stage.connect();
    stage.run(
        "import('./realtime/rows.js').then(() => { window.rows = realtime.channel('orders', { where: { qty: { gt: 5 } } }).rows();"
            + SHOW
            + "})");
    JsonNode subscribe = peer.expect("subscribe");
    assertThat(subscribe.at("/where/qty/gt").asInt()).isEqualTo(5);
    peer.ack(subscribe, "'topic':'orders','position':'e1.5','rows':[{'id':1,'state':'a'}]");
    stage.awaitValue("rows.ready() && shown()", "1a");
  }

  @Test
  void conditionThatTheBrowserCannotJudgeIsRefused() {
    stage.start("{ autoConnect: false }");
    assertThat(
            stage
                .page()
                .evaluate(
                    "import('./realtime/rows.js').then(() => realtime.channel('orders').rows({ where: { qty: { gt: 5 } } })).catch(e => e.name)"))
        .isEqualTo("TypeError");
  }
}
