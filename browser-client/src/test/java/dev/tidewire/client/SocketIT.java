package dev.tidewire.client;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** A WebSocket to any endpoint, with its statuses, pauses and messages. */
class SocketIT {

  @RegisterExtension final Stage stage = new Stage();

  private Peer open(String options) throws Exception {
    create(options);
    Peer peer = stage.server().accept();
    stage.awaitValue("ws.status()", "open");
    return peer;
  }

  private void create(String options) {
    stage.run(
        "window.ws = createSocket('realtime/ws', "
            + options
            + "); window.statuses = []; effect(() => void statuses.push(ws.status()));"
            + "window.offMessage = ws.on('message', m => note('message', m));"
            + "ws.on('open', () => note('open')); ws.on('close', ({ code }) => note('close', code))");
  }

  private String statuses() {
    return (String) stage.value("statuses.join(' ')");
  }

  @Test
  void messagesArriveParsedUntilTheListenerIsRemoved() throws Exception {
    stage.load("signals", "socket");
    Peer peer = open("{}");
    peer.sendRaw("{\"type\":\"chat\",\"payload\":{\"id\":\"m1\"}}");
    stage.awaitLog("open", "message {\"type\":\"chat\",\"payload\":{\"id\":\"m1\"}}");
    assertThat(stage.value("ws.data().type")).isEqualTo("chat");
    stage.run("offMessage(); ws.on('message', m => note('other', m))");
    peer.sendRaw("7\n{\n}").sendRaw("[\n1]").sendRaw("{\"a\":1}\n{\"b\":2}");
    Stage.awaitThat(
        () ->
            assertThat(stage.log().stream().skip(2))
                .containsExactly("other [1]", "other {\"a\":1}", "other {\"b\":2}"));
  }

  @Test
  void sendWritesJsonWhileOpenAndKeepsNothingOtherwise() throws Exception {
    stage.load("signals", "socket");
    stage.run(
        "window.ws = createSocket('realtime/ws'); note(ws.send({ type: 'chat', payload: 1 }))");
    stage.awaitLog("false");
    Peer peer = stage.server().accept();
    stage.awaitValue("ws.status()", "open");
    assertThat(stage.value("ws.send({ type: 'delete', payload: { id: 'x' } })")).isEqualTo(true);
    assertThat(peer.expect("delete").at("/payload/id").asString()).isEqualTo("x");
  }

  @Test
  void statusFollowsTheConnection() throws Exception {
    stage.loadWithFrozenTime("signals", "socket");
    open("{}").drop();
    stage.awaitValue("ws.status()", "error");
    assertThat(stage.value("ws.state().status + ws.state().attempt")).isEqualTo("reconnecting1");
    stage.pass(1_000);
    stage.server().accept();
    stage.awaitValue("ws.status()", "open");
    assertThat(stage.value("ws.state().attempt")).isEqualTo(0);
    stage.run("ws.close()");
    assertThat(statuses()).isEqualTo("connecting open error open closed");
    stage.awaitLog("open", "close 1006", "open", "close 1000");
  }

  @Test
  void pausesDoubleUntilTenRetriesAreUsedUp() throws Exception {
    stage.loadWithFrozenTime("signals", "socket");
    stage.run(
        "window.opened = []; const Real = WebSocket; window.WebSocket = class extends Real { constructor(u) { super('ws://127.0.0.1:1/'); opened.push(Date.now()) } }");
    create("{}");
    for (int i = 1; i <= 10; i++) {
      stage.awaitValue("ws.retryCount()", i);
      stage.pass(30_000);
    }
    stage.awaitValue("ws.status()", "closed");
    assertThat(stage.value("opened.length")).isEqualTo(11);
    assertThat(statuses()).isEqualTo("connecting error closed");
    stage.run("const calm = ws.reconnect; calm()");
    assertThat(stage.value("ws.status()")).isEqualTo("connecting");
  }

  @Test
  void firstPausesAreOneTwoAndFourSeconds() throws Exception {
    stage.loadWithFrozenTime("signals", "socket");
    stage.run(
        "window.opened = 0; const Real = WebSocket; window.WebSocket = class extends Real { constructor(u) { super('ws://127.0.0.1:1/'); opened++ } }");
    create("{}");
    int attempt = 0;
    for (int pause : new int[] {1_000, 2_000, 4_000, 8_000, 16_000, 30_000, 30_000}) {
      stage.awaitValue("ws.retryCount()", ++attempt);
      stage.pass(pause - 1);
      assertThat(stage.value("opened")).isEqualTo(attempt);
      stage.pass(1);
      stage.awaitValue("opened", attempt + 1);
    }
  }

  @ParameterizedTest
  @ValueSource(ints = {1000, 4001, 4503})
  void finalCloseCodesAreNotRetried(int code) throws Exception {
    stage.load("signals", "socket");
    open("{}").close(code);
    stage.awaitValue("ws.status()", "closed");
    assertThat(stage.value("ws.state().status")).isEqualTo("disconnected");
  }

  @Test
  void withoutAutoReconnectALossIsTheEnd() throws Exception {
    stage.load("signals", "socket");
    open("{ autoReconnect: false }").drop();
    stage.awaitValue("ws.status()", "closed");
    stage.run("document.body.onclick = ws.reconnect; document.body.click()");
    stage.server().accept();
    stage.awaitValue("ws.status()", "open");
  }

  @Test
  void messageThatIsNotJsonIsReportedAndTheConnectionLives() throws Exception {
    stage.load("signals", "socket");
    Peer peer = open("{}");
    peer.sendRaw("{oops").sendRaw("{\"__proto__\":{\"x\":1},\"ok\":1}");
    stage.awaitLog("open", "message {\"ok\":1}");
    assertThat(stage.value("ws.error() instanceof SyntaxError && ws.status()")).isEqualTo("open");
    assertThat(stage.console()).anyMatch(line -> line.contains("not JSON"));
  }

  @Test
  void repeatedIdsAreLeftOutWhereAsked() throws Exception {
    stage.load("signals", "socket");
    Peer peer = open("{ dedupe: true }");
    peer.sendRaw("{\"id\":1}")
        .sendRaw("{\"id\":1}")
        .sendRaw("{\"id\":2}")
        .sendRaw("{}")
        .sendRaw("{}");
    stage.awaitLog("open", "message {\"id\":1}", "message {\"id\":2}", "message {}", "message {}");
  }

  @Test
  void missingPongClosesWith4000() throws Exception {
    stage.loadWithFrozenTime("signals", "socket");
    Peer peer = open("{ pingInterval: 25_000 }");
    stage.pass(25_000);
    peer.expect("ping");
    peer.sendRaw("{\"type\":\"pong\"}").sendRaw("{\"type\":\"after\"}");
    stage.awaitLog("open", "message {\"type\":\"after\"}");
    stage.pass(25_000);
    peer.expect("ping");
    stage.pass(5_000);
    assertThat(peer.closed()).isEqualTo("4000 Ping timeout");
    stage.awaitValue("ws.status()", "error");
  }

  @Test
  void addressMayBeAskedForBeforeEveryAttempt() throws Exception {
    stage.loadWithFrozenTime("signals", "socket");
    stage.run(
        "let n = 0; window.ws = createSocket(async () => { note('asked', ++n); return 'realtime/ws' })");
    stage.server().accept().drop();
    stage.awaitValue("ws.status()", "error");
    stage.pass(1_000);
    stage.server().accept();
    stage.awaitLog("asked 1", "asked 2");
  }

  @Test
  void networkComingBackEndsThePause() throws Exception {
    stage.loadWithFrozenTime("signals", "socket");
    open("{}").drop();
    stage.awaitValue("ws.status()", "error");
    stage.run("dispatchEvent(new Event('online'))");
    stage.server().accept();
    stage.awaitValue("ws.status()", "open");
  }

  @Test
  void reopenedSocketSubscribesAndCatchesUpAsTheRecipeDoes() throws Exception {
    stage.loadWithFrozenTime("signals", "socket");
    stage.run(
        "window.messages = signal([]); window.ws = createSocket('realtime/ws');"
            + "ws.on('message', m => messages.update(list => [...list, m]));"
            + "ws.on('open', () => { ws.send({ type: 'subscribe', channel: 'updates' });"
            + " const last = messages().at(-1)?.id; if (last) ws.send({ type: 'sync', after: last }) })");
    Peer first = stage.server().accept();
    assertThat(first.expect("subscribe").path("channel").asString()).isEqualTo("updates");
    first.send(Peer.event("e1.7", 7));
    stage.awaitValue("messages().length", 1);
    first.drop();
    stage.awaitValue("ws.status()", "error");
    stage.pass(1_000);
    Peer second = stage.server().accept();
    second.expect("subscribe");
    assertThat(second.expect("sync").path("after").asString()).isEqualTo("e1.7");
  }

  @Test
  void refusedDeleteIsRolledBackAsTheRecipeDoes() throws Exception {
    stage.load("signals", "socket");
    Peer peer = open("{}");
    stage.run(
        "window.items = signal(['a', 'b']); window.remove = id => { const backup = [...items()];"
            + " items.update(list => list.filter(i => i !== id)); ws.send({ type: 'delete', payload: { id } });"
            + " const unsub = ws.on('message', m => {"
            + "  if (m.type === 'delete_failed' && m.payload.id === id) { items.set(backup); unsub() }"
            + "  if (m.type === 'delete_confirmed' && m.payload.id === id) unsub() }) };"
            + "remove('a')");
    peer.expect("delete");
    assertThat(stage.value("items().join()")).isEqualTo("b");
    peer.send("{'type':'delete_failed','payload':{'id':'a'}}");
    stage.awaitValue("items().join()", "a,b");
    stage.run("remove('b')");
    peer.expect("delete");
    peer.send(
        "{'type':'delete_confirmed','payload':{'id':'b'}}",
        "{'type':'delete_failed','payload':{'id':'b'}}");
    stage.awaitValue("ws.data().type", "delete_failed");
    assertThat(stage.value("items().join()")).isEqualTo("a");
  }
}
