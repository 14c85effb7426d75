package dev.tidewire.client;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;
import tools.jackson.databind.JsonNode;

/** The React binding in strict mode, where every effect runs twice at first. */
class ReactIT {

  @RegisterExtension final Stage stage = new Stage();

  @BeforeEach
  void load() {
    stage.page().navigate(stage.server().url("react.html"));
    stage.awaitValue("typeof show", "function");
  }

  @AfterEach
  void nothingWasLeftUncaught() {
    assertThat(stage.uncaught()).isEmpty();
  }

  private Peer show(String component) throws Exception {
    stage.run("show(" + component + ")");
    return stage.server().accept().welcome();
  }

  /** Answers what the page sends until it has sent these; frames by type and topic. */
  private static Map<String, JsonNode> answer(Peer peer, String... wanted) throws Exception {
    Map<String, JsonNode> seen = new HashMap<>();
    while (!seen.keySet().containsAll(List.of(wanted))) {
      JsonNode frame = peer.next();
      String type = frame.path("type").asString();
      String topic = frame.path("topic").asString("");
      seen.put((type + " " + topic).trim(), frame);
      String position = type.equals("subscribe") ? ",'position':'e1.0'" : "";
      peer.ack(
          frame,
          "'topic':'%s'%s,'messages':[%s]"
              .formatted(
                  topic,
                  position,
                  type.equals("history")
                      ? "{'id':'e1.0','room_id':'chat/a','user_id':'u2','event':'message','data':{'id':'m0','userName':'Bob','text':'before'},'created_at':1}"
                      : ""));
    }
    return seen;
  }

  private static String row(int offset, String topic, String operation, String data) {
    return "{'id':'e1.%d','type':'db_change','ts':'x','topic':'%s','operation':'%s','data':%s}"
        .formatted(offset, topic, operation, data);
  }

  private static String members(String topic, int revision, String... names) {
    StringBuilder members = new StringBuilder();
    for (String name : names) {
      members.append(members.isEmpty() ? "" : ",");
      members.append(
          "{'userId':'%s','data':{'userId':'%s','name':'%s'}}".formatted(name, name, name));
    }
    return Peer.frame(
        "presence_state",
        "'topic':'%s','rev':%d,'members':[%s]".formatted(topic, revision, members));
  }

  @Test
  void chatShowsHistoryMessagesAndMembersAndSends() throws Exception {
    Peer peer = show("examples.Chat, { roomId: 'a' }");
    var seen = answer(peer, "history chat/a", "track chat/a", "subscribe chat/a");
    assertThat(seen.get("history chat/a").path("limit").asInt()).isEqualTo(100);
    assertThat(seen.get("track chat/a").at("/data/status").asString()).isEqualTo("online");
    peer.send(members("chat/a", 1, "Ada", "Bob"));
    stage.awaitValue("text('#online')", "2 online: Ada, Bob");
    stage.awaitValue("text('ol')", "Bob: before");
    stage.page().fill("input", " hello ");
    stage.page().click("button");
    JsonNode publish = answer(peer, "publish chat/a").get("publish chat/a");
    assertThat(publish.path("persist").asBoolean()).isTrue();
    assertThat(publish.at("/data/text").asString()).isEqualTo("hello");
    peer.send(
        "{'id':'e1.1','type':'event','ts':'x','topic':'chat/a','event':'message','data':"
            + publish.path("data").toString()
            + "}");
    stage.awaitValue("text('ol')", "Bob: beforeAda: hello");
    peer.send(
        Peer.frame(
            "presence",
            "'topic':'chat/a','event':'presence:leave','userId':'Bob','data':{'userId':'Bob'},'rev':2"));
    stage.awaitValue("text('#online')", "1 online: Ada");
    stage.run("show(null)");
    assertThat(peer.closed()).startsWith("1000");
  }

  @Test
  void todosShowTheRowsOfTheirListAndItsEditors() throws Exception {
    Peer peer = show("examples.Todos, { listId: 7 }");
    var seen = answer(peer, "subscribe todos", "track todos/7", "subscribe todos/7");
    assertThat(seen.get("track todos/7").at("/data/viewing").asBoolean()).isTrue();
    peer.send(
        members("todos/7", 1, "Ada"),
        row(1, "todos", "INSERT", "{'id':1,'list_id':7,'text':'one'}"),
        row(2, "todos", "INSERT", "{'id':2,'list_id':8,'text':'other'}"),
        row(3, "todos", "INSERT", "{'id':3,'list_id':7,'text':'two'}"),
        row(4, "todos", "UPDATE", "{'id':1,'list_id':7,'text':'ONE','done':true}"));
    stage.awaitValue("text('ul')", "ONEtwo");
    stage.awaitValue("text('.done')", "ONE");
    stage.awaitValue("text('#editors')", "Editors: Ada");
    peer.send(row(5, "todos", "DELETE", "{'id':3}"));
    stage.awaitValue("text('ul')", "ONE");
  }

  @Test
  void dashboardCountsOrdersUntilTheNextMetrics() throws Exception {
    Peer peer = show("examples.Metrics");
    answer(peer, "subscribe dashboard/metrics", "subscribe orders");
    peer.send(
        "{'id':'e1.1','type':'event','ts':'x','topic':'dashboard/metrics','event':'metrics:update','data':{'activeUsers':3,'ordersToday':5,'revenue':10}}",
        row(1, "orders", "INSERT", "{'id':1,'total':2.5}"));
    stage.awaitValue("text('p')", "3 users, 6 orders, $12.50");
  }

  @Test
  void componentsShareAChannelAndTheLastOneEndsIt() throws Exception {
    Peer peer =
        show(
            "() => { const [n, set] = React.useState(2); window.set = set;"
                + " const One = ({ name }) => { useChannel('news', { message: ({ data }) => note(name, data.n) }); return null };"
                + " window.One ??= One; return [...Array(n).keys()].map(i => h(window.One, { key: i, name: 'c' + i })) }");
    answer(peer, "subscribe news");
    String event =
        "{'id':'e1.%d','type':'event','ts':'x','topic':'news','event':'message','data':{'n':%d}}";
    peer.send(event.formatted(1, 1));
    stage.awaitLog("c0 1", "c1 1");
    stage.run("set(1)");
    peer.send(event.formatted(2, 2));
    stage.awaitLog("c0 1", "c1 1", "c0 2");
    stage.run("set(0)");
    peer.expect("unsubscribe");
  }

  @Test
  void presenceRowsStatusAndTypingAreHooks() throws Exception {
    Peer peer =
        show(
            "() => { const status = useStatus(); const members = usePresence('room/1', { name: 'Ada' });"
                + " const { rows, ready } = useRows('orders', { orderBy: '-id' });"
                + " const typing = useTyping('room/1', { userId: 'u1' }); window.typing = typing; useActivity();"
                + " return h('p', null, [status, members.map(m => m.name).join('+'), ready, rows.map(r => r.id).join('+'), typing.users.length].join(' ')) }");
    JsonNode orders = null;
    JsonNode room = null;
    while (orders == null || room == null) {
      JsonNode frame = peer.next();
      boolean isSubscribe = frame.path("type").asString().equals("subscribe");
      String topic = frame.path("topic").asString("");
      peer.ack(frame, "'topic':'%s','position':'e1.0','rows':[{'id':1},{'id':2}]".formatted(topic));
      orders = isSubscribe && topic.equals("orders") ? frame : orders;
      room = isSubscribe && topic.equals("room/1") ? frame : room;
    }
    peer.send(members("room/1", 1, "Ada", "Bob"), row(1, "orders", "INSERT", "{'id':3}"));
    stage.awaitValue("text('p')", "connected Ada+Bob true 3+2+1 0");
    peer.send(
        "{'id':'e1.1','type':'event','ts':'x','topic':'room/1','event':'typing','userId':'Bob','data':{}}");
    stage.awaitValue("text('p')", "connected Ada+Bob true 3+2+1 1");
  }

  @Test
  void socketStreamAndPollerAreHooks() throws Exception {
    stage.run(
        "window.Mode = React.Fragment; const realtime = createRealtime({ autoConnect: false }); show(() => {"
            + " const socket = useSocket('realtime/ws', { onMessage: m => note('message', m.n) });"
            + " const stream = useEventStream('api/events', { update: d => note('update', d) });"
            + " const { data, loading } = usePolling('api/stats', { interval: 600000 });"
            + " return h('p', null, [socket.status, socket.data?.n, stream.connected, loading, data?.n].join(' ')) }, {}, { realtime })");
    Peer peer = stage.server().accept();
    for (int i = 0; i < 2; i++) {
      Exchange request = stage.server().request();
      if (request.line().contains("events")) {
        request.stream("event: update\ndata: 5\n\n");
      } else {
        request.answer(200, "{'n':9}");
      }
    }
    stage.awaitValue("text('p')", "open  true false 9");
    peer.sendRaw("{\"n\":1}");
    stage.awaitValue("text('p')", "open 1 true false 9");
    stage.run("show(null)");
    assertThat(peer.closed()).isEqualTo("1000 Component unmounted");
    stage.awaitLog("update 5", "message 1");
  }
}
