package dev.tidewire.client;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;
import tools.jackson.databind.JsonNode;

/** Reading persisted messages. */
class HistoryIT {

  @RegisterExtension final Stage stage = new Stage();

  private static String message(int n, long createdAt) {
    return "{'id':'e1.%d','room_id':'chat/a','user_id':'ada','event':'message','data':{'n':%d},'created_at':%d}"
        .formatted(n, n, createdAt);
  }

  private static String page(String... messages) {
    return "'topic':'chat/a','messages':[" + String.join(",", messages) + "]";
  }

  private void read(String arguments) {
    stage.run(
        "realtime.channel('chat/a').getHistory("
            + arguments
            + ").then(p => { window.page = p; note(p.map(m => m.data.n)) }, e => note(e.code))");
  }

  @Test
  void pageIsOldestFirst() throws Exception {
    Peer peer = stage.connect();
    read("2");
    JsonNode history = peer.expect("history");
    assertThat(history.path("topic").asString()).isEqualTo("chat/a");
    assertThat(history.path("limit").asInt()).isEqualTo(2);
    assertThat(history.has("before")).isFalse();
    peer.ack(history, page(message(1, 100), message(2, 200)));
    stage.awaitLog("[1,2]");
    assertThat(stage.value("JSON.stringify(page[0])"))
        .isEqualTo(message(1, 100).replace('\'', '"'));
  }

  @Test
  void descendingIsNewestFirst() throws Exception {
    Peer peer = stage.connect();
    read("2, undefined, { order: 'desc' }");
    peer.ack(peer.expect("history"), page(message(1, 100), message(2, 200)));
    stage.awaitLog("[2,1]");
  }

  @Test
  void pageBeforeIsNamedByIdTimeOrTheLastPage() throws Exception {
    Peer peer = stage.connect();
    read("50, 'e1.9'");
    assertThat(peer.expect("history").path("before").asString()).isEqualTo("e1.9");
    read("50, 1767322800000");
    assertThat(peer.expect("history").path("before").asLong()).isEqualTo(1767322800000L);
    read("50, [{ id: 'e1.3', created_at: 3 }, { id: 'e1.4', created_at: 4 }]");
    assertThat(peer.expect("history").path("before").asString()).isEqualTo("e1.3");
    read("50, [{ id: 'e1.4', created_at: 4 }, { id: 'e1.3', created_at: 3 }], { order: 'desc' }");
    assertThat(peer.expect("history").path("before").asString()).isEqualTo("e1.3");
    read("50, []");
    assertThat(peer.expect("history").has("before")).isFalse();
  }

  @Test
  void lastPageOfEqualTimesIsReadByItsOrder() throws Exception {
    Peer peer = stage.connect();
    read("50, [{ id: 'e1.3', created_at: 7 }, { id: 'e1.4', created_at: 7 }]");
    assertThat(peer.expect("history").path("before").asString()).isEqualTo("e1.3");
    read("50, [{ id: 'e1.4', created_at: 7 }, { id: 'e1.3', created_at: 7 }], { order: 'desc' }");
    assertThat(peer.expect("history").path("before").asString()).isEqualTo("e1.3");
  }

  @Test
  void readBeforeTheConnectionWaitsForIt() throws Exception {
    stage.start("{}");
    read("");
    Peer peer = stage.welcomed();
    JsonNode history = peer.expect("history");
    assertThat(history.has("limit")).isFalse();
    peer.ack(history, page(message(1, 100)));
    stage.awaitLog("[1]");
  }

  @Test
  void readWhoseConnectionDropsIsReadAgain() throws Exception {
    Peer peer = stage.connect("{ reconnectDelay: 1 }");
    read("5");
    peer.expect("history");
    peer.drop();
    peer = stage.welcomed();
    peer.ack(peer.expect("history"), page(message(1, 100)));
    stage.awaitLog("[1]");
  }

  @Test
  void readWithoutAConnectionOnItsWayRejects() throws Exception {
    stage.start("{ autoConnect: false }");
    read("5");
    stage.awaitLog("UNAVAILABLE");
    stage.run("realtime.connect()");
    Peer peer = stage.welcomed();
    read("5");
    peer.expect("history");
    stage.run("realtime.disconnect()");
    stage.awaitLog("UNAVAILABLE", "UNAVAILABLE");
  }

  @Test
  void refusedReadRejects() throws Exception {
    Peer peer = stage.connect();
    read("-1");
    peer.error(peer.expect("history"), "BAD_REQUEST", "");
    stage.awaitLog("BAD_REQUEST");
  }
}
