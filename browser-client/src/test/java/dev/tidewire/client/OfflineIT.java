package dev.tidewire.client;

import static org.assertj.core.api.Assertions.assertThat;

import com.microsoft.playwright.Page;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;

/** Writes that wait for the network in the browser's database. */
class OfflineIT {

  private static final String CREATE =
      "window.queue = createOfflineQueue({ onResult: ({ id, ...r }) => note(r), onConflict: (m, s) => window.resolve?.(m, s),"
          + " headers: () => ({ 'X-Token': 't' }) })";

  @RegisterExtension final Stage stage = new Stage();

  private void open() {
    stage.load("offline");
    stage.run(CREATE);
    stage.awaitValue("typeof queue.pending()", "number");
  }

  private void offline(boolean isOffline) {
    stage.context().setOffline(isOffline);
    stage.awaitValue("navigator.onLine", !isOffline);
  }

  private void enqueue(String... names) {
    for (String name : names) {
      stage.page().evaluate("name => queue.enqueue('api/todos', 'POST', { name })", name);
    }
  }

  private Exchange expect(String name) throws Exception {
    return stage.server().request().expect("POST /api/todos {'name':'" + name + "'}");
  }

  @Test
  void databaseHasTheSchemaOfTheGuide() {
    open();
    offline(true);
    enqueue("a");
    stage.run(
        "const open = indexedDB.open('offline-mutations'); open.onsuccess = () => { const db = open.result; const store = db.transaction('queue').objectStore('queue');"
            + " store.getAll().onsuccess = e => note(db.version, [...db.objectStoreNames].join(), store.keyPath, Object.keys(e.target.result[0]).sort().join(),"
            + " typeof e.target.result[0].timestamp, e.target.result[0].retryCount, e.target.result[0].body) }");
    stage.awaitLog("1 queue id body,id,method,retryCount,timestamp,url number 0 {\"name\":\"a\"}");
  }

  @Test
  void writesMadeOfflineAreQueuedAndSentInOrderWhenTheNetworkIsBack() throws Exception {
    open();
    offline(true);
    stage.run(
        "window.all = (async () => { for (const name of ['a', 'b', 'c']) { const r = await queue.write('api/todos', { body: { name } }); note(r.queued) } })()");
    stage.awaitLog("true", "true", "true");
    stage.awaitValue("queue.pending()", 3);
    assertThat(stage.server().hasRequest()).isFalse();
    offline(false);
    Exchange a = expect("a");
    assertThat(a.header("X-Token")).isEqualTo("t");
    assertThat(a.header("Content-Type")).isEqualTo("application/json");
    assertThat(stage.server().hasRequest()).isFalse();
    a.answer(200, "{}");
    expect("b").answer(204, "");
    expect("c").answer(200, "{}");
    stage.awaitValue("queue.pending()", 0);
    stage.awaitLog(
        "true",
        "true",
        "true",
        "{\"status\":\"ok\"}",
        "{\"status\":\"ok\"}",
        "{\"status\":\"ok\"}");
  }

  @Test
  void writesMadeOnlineGoOutAtOnce() throws Exception {
    open();
    stage.run("settle(queue.write('api/todos', { method: 'PUT', body: { name: 'a' } }))");
    stage.server().request().expect("PUT /api/todos {'name':'a'}").answer(200, "{'id':1}");
    stage.awaitLog("resolved {\"id\":1}");
    stage.run("settle(queue.write('api/todos', { body: { name: 'b' } }))");
    expect("b").answer(422, "{}");
    stage.awaitLog("resolved {\"id\":1}", "rejected the write was refused: 422");
    assertThat(stage.value("queue.pending()")).isEqualTo(0);
  }

  @Test
  void writeWhoseAnswerIsLostIsQueuedUnderItsKey() throws Exception {
    open();
    stage.run("queue.write('api/todos', { body: { name: 'a' } }).then(r => note(r.queued))");
    Exchange lost = expect("a");
    lost.drop();
    stage.awaitLog("true");
    Exchange again = expect("a");
    assertThat(again.header("Idempotency-Key"))
        .isEqualTo(lost.header("Idempotency-Key"))
        .hasSize(36);
    again.answer(200, "{}");
    stage.awaitValue("queue.pending()", 0);
  }

  @Test
  void queueSurvivesAReload() throws Exception {
    open();
    offline(true);
    enqueue("a", "b");
    offline(false);
    expect("a"); // never answered: the page goes away in the middle of the sync
    open();
    expect("a").answer(200, "{}");
    expect("b").answer(200, "{}");
    stage.awaitValue("queue.pending()", 0);
  }

  @Test
  void crashInTheMiddleOfASyncRepeatsOnlyUnderTheSameKey() throws Exception {
    open();
    offline(true);
    enqueue("a", "b");
    offline(false);
    expect("a").answer(200, "{}");
    Exchange b = expect("b");
    Page next = stage.context().newPage();
    stage.page().close();
    stage.use(next);
    open();
    Exchange again = expect("b");
    assertThat(again.header("Idempotency-Key")).isEqualTo(b.header("Idempotency-Key"));
    again.answer(200, "{}");
    stage.awaitValue("queue.pending()", 0);
  }

  @Test
  void orderIsKeptThoughTheClockGoesBack() throws Exception {
    open();
    offline(true);
    stage.run("window.real = Date.now; Date.now = () => 2_000_000_000_000");
    enqueue("a");
    stage.run("Date.now = () => 1_000");
    enqueue("b", "c");
    stage.run("Date.now = real");
    offline(false);
    expect("a").answer(200, "{}");
    expect("b").answer(200, "{}");
    expect("c").answer(200, "{}");
  }

  @Test
  void conflictIsResolvedAndSentOnceMore() throws Exception {
    open();
    offline(true);
    enqueue("a");
    stage.run("window.resolve = (m, server) => ({ name: m.body.name + server.name })");
    offline(false);
    Exchange first = expect("a");
    first.answer(409, "{'name':'z'}");
    Exchange second = expect("az");
    assertThat(second.header("Idempotency-Key"))
        .isEqualTo(first.header("Idempotency-Key") + ":resolved");
    second.answer(200, "{}");
    stage.awaitLog("{\"status\":\"conflict\",\"serverData\":{\"name\":\"z\"}}");
    stage.awaitValue("queue.pending()", 0);
  }

  @Test
  void conflictWithoutAResolutionDropsTheMutationAndTellsIt() throws Exception {
    open();
    offline(true);
    enqueue("a");
    offline(false);
    expect("a").answer(409, "{'name':'z'}");
    stage.awaitLog("{\"status\":\"conflict\",\"serverData\":{\"name\":\"z\"}}");
    stage.awaitValue("queue.pending()", 0);
  }

  @Test
  void refusedMutationStaysAndThoseBehindItGoOn() throws Exception {
    open();
    offline(true);
    enqueue("a", "b");
    offline(false);
    expect("a").answer(422, "{}");
    expect("b").answer(200, "{}");
    stage.awaitLog("{\"status\":\"error\",\"reason\":\"HTTP 422\"}", "{\"status\":\"ok\"}");
    stage.awaitValue("queue.pending()", 1);
    stage.run("queue.getAll().then(all => note(all.map(m => m.body + m.retryCount)))");
    stage.awaitValue("log.at(-1)", "[\"{\\\"name\\\":\\\"a\\\"}1\"]");
    // and nothing that is written later waits behind it
    stage.run("queue.write('api/todos', { body: { name: 'c' } }).then(note)");
    expect("c").answer(200, "7");
    stage.awaitValue("log.at(-1)", "7");
  }

  @Test
  void failureThatMayPassHoldsUpThoseBehindIt() throws Exception {
    open();
    offline(true);
    enqueue("a", "b");
    offline(false);
    expect("a").answer(503, "{}");
    stage.awaitLog("{\"status\":\"error\",\"reason\":\"HTTP 503\"}");
    expect("a").answer(200, "{}");
    expect("b").answer(200, "{}");
    stage.awaitValue("queue.pending()", 0);
  }

  @Test
  void twoTabsSendEveryMutationOnce() throws Exception {
    open();
    offline(true);
    enqueue("a", "b");
    Page first = stage.page();
    stage.use(stage.context().newPage());
    stage.context().setOffline(false);
    open();
    stage.run("queue.sync()");
    expect("a").answer(200, "{}");
    expect("b").answer(200, "{}");
    stage.awaitValue("queue.pending()", 0);
    Stage.awaitThat(() -> assertThat(first.evaluate("queue.pending()")).isEqualTo(0));
    assertThat(stage.server().hasRequest()).isFalse();
  }
}
