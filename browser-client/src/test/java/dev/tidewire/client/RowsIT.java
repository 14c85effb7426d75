package dev.tidewire.client;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;
import tools.jackson.databind.JsonNode;

/** Some rows of a table, and those that there are. */
class RowsIT {

  private static final String SHOW =
      "window.channel = realtime.channel('orders', { where: { status: 'open' }, snapshot: true })"
          + ".on('snapshot', m => note('rows', m.rows.map(r => r.id).join(), m.id, m.timestamp === m.ts))"
          + ".on('INSERT', m => note('+' + m.data.id)).on('DELETE', m => note('-' + m.data.id))"
          + ".on('reset', m => note('reset')).subscribe();";

  @RegisterExtension final Stage stage = new Stage();

  private static String change(String operation, int id, String at, String prev) {
    return "{'id':'%s','type':'db_change','ts':'2026-01-02T03:04:05.678Z','topic':'orders','operation':'%s','data':{'id':%d},'prev':'%s'}"
        .formatted(at, operation, id, prev);
  }

  private Peer subscribed() throws Exception {
    Peer peer = stage.connect("{ reconnectDelay: 1 }");
    stage.run(SHOW);
    JsonNode subscribe = peer.expect("subscribe");
    assertThat(subscribe.get("where").toString()).isEqualTo("{\"status\":\"open\"}");
    assertThat(subscribe.get("snapshot").asBoolean()).isTrue();
    assertThat(subscribe.has("since")).isFalse();
    return peer.ack(subscribe, "'position':'q8.7','rows':[{'id':1},{'id':2}]");
  }

  @Test
  void rowsComeFirstAndThenWhatChangesWithoutHoles() throws Exception {
    Peer peer = subscribed();
    peer.send(
        change("INSERT", 0, "q8.6", "q8.4"), // in the rows already
        change("INSERT", 3, "q8.9", "q8.6"),
        change("DELETE", 1, "q8.20", "q8.9"));
    stage.awaitLog("rows 1,2 q8.7 true", "+3", "-1");
    peer.expectNothing(stage);
  }

  @Test
  void aHoleIsNoticedByThePreviousMessage() throws Exception {
    Peer peer = subscribed();
    peer.send(change("INSERT", 4, "q8.15", "q8.12"));
    JsonNode again = peer.expect("subscribe");
    assertThat(again.path("since").asString()).isEqualTo("q8.7");
    assertThat(again.has("where")).isTrue();
    peer.ack(
        again,
        "'position':'q8.15','recovered':true,'messages':[%s,%s]"
            .formatted(
                change("INSERT", 3, "q8.12", "q8.7"), change("INSERT", 4, "q8.15", "q8.12")));
    stage.awaitLog("rows 1,2 q8.7 true", "+3", "+4");
  }

  @Test
  void aResetIsAnsweredWithTheRowsAndNotHandedOut() throws Exception {
    Peer peer = subscribed();
    peer.send(
        "{'id':'q8.8','type':'reset','ts':'2026-01-02T03:04:05.678Z','topic':'orders','payload':{'reason':'UNKNOWN_CHANGE','position':'q8.8'},'prev':'q8.7'}");
    JsonNode again = peer.expect("subscribe");
    assertThat(again.has("since")).isFalse();
    assertThat(again.get("snapshot").asBoolean()).isTrue();
    peer.ack(again, "'position':'q8.9','rows':[{'id':5}]");
    stage.awaitLog("rows 1,2 q8.7 true", "rows 5 q8.9 true");
  }

  @Test
  void afterAReconnectRowsComeOnlyWhereRecoveryFails() throws Exception {
    Peer peer = subscribed();
    peer.settled(stage).drop();
    peer = stage.welcomed();
    JsonNode subscribe = peer.expect("subscribe");
    assertThat(subscribe.path("since").asString()).isEqualTo("q8.7");
    peer.ack(
        subscribe,
        "'position':'q8.9','recovered':true,'messages':[%s]"
            .formatted(change("INSERT", 3, "q8.9", "q8.7")));
    peer.settled(stage).drop();
    peer = stage.welcomed();
    peer.ack(peer.expect("subscribe"), "'position':'zz.1','recovered':false,'rows':[{'id':9}]");
    peer.send(change("INSERT", 10, "zz.2", "zz.1"));
    stage.awaitLog("rows 1,2 q8.7 true", "+3", "rows 9 zz.1 true", "+10");
  }

  @Test
  void anotherConditionBeginsAnew() throws Exception {
    Peer peer = subscribed();
    peer.settled(stage);
    stage.run("realtime.channel('orders', { where: { status: { in: ['done'] } } })");
    JsonNode subscribe = peer.expect("subscribe");
    assertThat(subscribe.get("where").toString()).isEqualTo("{\"status\":{\"in\":[\"done\"]}}");
    assertThat(subscribe.has("since")).isFalse();
    peer.ack(subscribe, "'position':'q8.7','rows':[]");
    stage.awaitLog("rows 1,2 q8.7 true", "rows  q8.7 true");
    stage.run("realtime.channel('orders', { where: { status: { in: ['done'] } } })");
    peer.expectNothing(stage);
  }
}
