package dev.tidewire.client;

import static org.assertj.core.api.Assertions.assertThat;

import com.microsoft.playwright.Page;
import dev.tidewire.DocumentSnapshot;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;

/** Shared documents between pages and the bus itself. */
class SyncIT {

  private static final String FIELDS = "{ title: 'Untitled', content: '', lastEditedBy: '' }";

  @RegisterExtension final Stage stage = new Stage();

  private LiveServer server;

  @BeforeEach
  void start() throws Exception {
    server = new LiveServer();
  }

  @AfterEach
  void stop() throws Exception {
    server.close();
  }

  /** A page of its own with the modules, and nothing connected. */
  private Page blank() {
    Page page = stage.context().newPage();
    page.navigate(server.url("modules.html"));
    for (String module : List.of("client", "signals", "sync")) {
      page.evaluate(
          "async (name) => void Object.assign(window, await import(name))",
          server.url("realtime/" + module + ".js"));
    }
    return page;
  }

  /** A page of this user with the document, as the recipe writes it. */
  private Page open(String user) {
    Page page = blank();
    run(
        page,
        "window.errors = []; window.doc = createSync('document-abc', "
            + FIELDS
            + ", { transport: createWebSocketTransport({ url: 'realtime/ws?user="
            + user
            + "', room: 'document-abc', transports: ['websocket'], reconnectDelay: 200, maxReconnectDelay: 1000 }),"
            + " onError: ({ code }) => errors.push(code) }); doc.connect()");
    awaitValue(page, "doc.ready()", true);
    return page;
  }

  private static void run(Page page, String statements) {
    page.evaluate("() => { " + statements + " }");
  }

  private static Object value(Page page, String expression) {
    return page.evaluate("() => (" + expression + ")");
  }

  private static void awaitValue(Page page, String expression, Object expected) {
    Stage.awaitThat(() -> assertThat(value(page, expression)).isEqualTo(expected));
  }

  private void setByServer(String document, String field, Object value) throws Exception {
    server
        .realtime()
        .documents()
        .get(document)
        .set(field, value)
        .toCompletableFuture()
        .get(30, TimeUnit.SECONDS);
  }

  private DocumentSnapshot stored() throws Exception {
    return server
        .realtime()
        .documents()
        .get("document-abc")
        .read()
        .toCompletableFuture()
        .get(30, TimeUnit.SECONDS);
  }

  @Test
  void pagesAndTheServerEditTheSameDocument() throws Exception {
    Page ada = open("ada");
    Page bob = open("bob");
    assertThat(value(bob, "doc.state.title()")).isEqualTo("Untitled");
    run(bob, "window.shown = []; effect(() => void shown.push(doc.state.title()))");

    run(ada, "doc.state.title.set('Tides'); doc.state.lastEditedBy.set('Ada')");
    assertThat(value(ada, "doc.state.title()")).isEqualTo("Tides");
    awaitValue(ada, "doc.saved()", true);
    assertThat(stored().get("title", String.class)).isEqualTo("Tides");
    awaitValue(bob, "shown.join()", "Untitled,Tides");
    awaitValue(bob, "doc.state.lastEditedBy()", "Ada");

    setByServer("document-abc", "title", "By the server");
    awaitValue(ada, "doc.state.title()", "By the server");
    awaitValue(bob, "doc.state.title()", "By the server");
    run(bob, "doc.state.title.set('By Bob')");
    awaitValue(ada, "doc.state.title()", "By Bob");
    run(bob, "doc.state.title.remove()");
    awaitValue(ada, "doc.state.title()", "Untitled");
    Page late = open("late");
    assertThat(value(late, "doc.state.lastEditedBy()")).isEqualTo("Ada");
    assertThat(value(late, "doc.state.title()")).isEqualTo("Untitled");
  }

  @Test
  void presenceShowsTheOthersAndGoesWithThem() {
    Page ada = open("ada");
    Page bob = open("bob");
    run(
        ada,
        "window.cursor = signal({ x: 1, y: 2 });"
            + " effect(() => doc.presence.set({ name: 'Ada', color: 'red', cursor: cursor() }))");
    awaitValue(ada, "doc.peers().map((peer) => peer.id).join()", "bob");
    awaitValue(bob, "doc.peers().length + 1", 2);
    awaitValue(
        bob,
        "[...doc.peerPresence()].map(([id, data]) => [id, data.name, data.cursor?.x].join()).join()",
        "ada,Ada,1");
    run(ada, "for (let x = 2; x < 50; x++) cursor.set({ x, y: 0 })");
    awaitValue(bob, "doc.peerPresence().get('ada')?.cursor?.x", 49);

    ada.close();
    awaitValue(bob, "doc.peers().length", 0);
    awaitValue(bob, "doc.peerPresence().size", 0);
  }

  @Test
  void whatIsWrittenOfflineIsMergedOnReturn() throws Exception {
    Page ada = open("ada");
    Page bob = open("bob");
    int port = server.stop();
    awaitValue(ada, "doc.status()", "reconnecting");
    run(ada, "doc.state.title.set('Ada offline'); doc.state.content.set('first')");
    run(
        bob,
        "const since = Date.now(); while (Date.now() < since + 2); doc.state.content.set('second')");
    assertThat(value(ada, "doc.saved()")).isEqualTo(false);
    assertThat(value(ada, "doc.state.title()")).isEqualTo("Ada offline");

    server.restartOn(port);

    for (Page page : List.of(ada, bob)) {
      awaitValue(page, "doc.saved()", true);
      awaitValue(page, "doc.state.title()", "Ada offline");
      awaitValue(page, "doc.state.content()", "second");
    }
    assertThat((Object) stored().as(Map.class))
        .isEqualTo(Map.of("title", "Ada offline", "content", "second"));
    assertThat(value(ada, "errors.length")).isEqualTo(0);
  }

  @Test
  void whatWasNotSentSurvivesAReload() throws Exception {
    String create = "window.doc = createSync('document-abc', " + FIELDS + ", { persist: 'ada' })";
    Page ada = blank();
    run(ada, create + "; doc.state.title.set('before the reload')");
    Page again = blank();
    ada.close();
    run(again, create);
    assertThat(value(again, "doc.state.title()")).isEqualTo("before the reload");
    run(again, "doc.connect()");
    awaitValue(again, "doc.saved()", true);
    assertThat(stored().get("title", String.class)).isEqualTo("before the reload");
    awaitValue(again, "localStorage.length", 0);
  }

  @Test
  void restartedServerHandsBackTheDocument() throws Exception {
    Page ada = open("ada");
    run(ada, "doc.state.title.set('kept')");
    awaitValue(ada, "doc.saved()", true);
    server.restart();
    awaitValue(ada, "doc.status()", "connected");
    assertThat(value(open("bob"), "doc.state.title()")).isEqualTo("kept");
    setByServer("document-abc", "title", "after");
    awaitValue(ada, "doc.state.title()", "after");
  }

  @Test
  void readOnlyCollaboratorIsRefusedAndSeesWhatIsThere() throws Exception {
    Page ada = open("ada");
    Page reader = open("reader-1");
    assertThat(value(reader, "doc.writable()")).isEqualTo(false);
    run(ada, "doc.state.title.set('theirs')");
    awaitValue(reader, "doc.state.title()", "theirs");

    run(reader, "doc.state.title.set('mine'); window.shown = doc.state.title()");
    assertThat(value(reader, "shown")).isEqualTo("mine");
    awaitValue(reader, "doc.state.title()", "theirs");
    awaitValue(reader, "errors.join()", "FORBIDDEN");
    assertThat(value(reader, "doc.saved()")).isEqualTo(true);
    assertThat(stored().get("title", String.class)).isEqualTo("theirs");
  }

  @Test
  void whatIsTooLargeIsRolledBackAloneAndTold() throws Exception {
    Page ada = open("ada");
    run(
        ada,
        "doc.state.title.set('fits'); doc.state.content.set('x'.repeat(51_000));"
            + " doc.state.lastEditedBy.set('y'.repeat(70_000))");
    awaitValue(ada, "errors.sort().join()", "LIMIT_EXCEEDED,TOO_LARGE");
    awaitValue(ada, "doc.saved()", true);
    assertThat(value(ada, "doc.state.content() + doc.state.lastEditedBy()")).isEqualTo("");
    assertThat(stored().json()).isEqualTo("{\"title\":\"fits\"}");
  }

  @Test
  void documentsShareTheConnectionOfThePage() throws Exception {
    Page ada = blank();
    run(
        ada,
        "window.realtime = createRealtime({ url: 'realtime/ws?user=ada' }); window.docs = ['a/1', 'b', 'b'].map((name) =>"
            + " createSync(name, { n: 0 }, { transport: createWebSocketTransport({ realtime }) }));"
            + " docs.forEach((doc) => doc.connect())");
    awaitValue(ada, "docs.every((doc) => doc.ready())", true);
    assertThat(server.realtime().connectionCount()).isEqualTo(1);
    run(ada, "docs[0].state.n.set(1); docs[1].state.n.set(2)");
    awaitValue(ada, "docs[2].state.n()", 2);
    run(ada, "docs[1].disconnect()");
    setByServer("b", "n", 3);
    awaitValue(ada, "docs[2].state.n()", 3);
    assertThat(value(ada, "docs[1].state.n()")).isEqualTo(2);
    assertThat(value(ada, "realtime.status")).isEqualTo("connected");
    run(ada, "docs[1].connect()");
    awaitValue(ada, "docs[1].state.n()", 3);
  }

  @Test
  void typingOfTwoPagesConvergesThroughDroppedConnections() throws Exception {
    Page ada = open("ada");
    Page bob = open("bob");
    for (int round = 0; round < 3; round++) {
      for (Page page : List.of(ada, bob)) {
        run(
            page,
            "window.left = 60; window.typing = setInterval(() => { if (left-- === 0) clearInterval(typing); else"
                + " doc.field('f' + (left % 4)).set(Math.random()) }, 5)");
      }
      awaitValue(ada, "left < 40", true);
      server.restart();
      awaitValue(ada, "left", -1);
      awaitValue(bob, "left", -1);
    }
    awaitValue(ada, "doc.saved()", true);
    awaitValue(bob, "doc.saved()", true);
    String all = "JSON.stringify(['f0', 'f1', 'f2', 'f3'].map((f) => doc.field(f)()))";
    Stage.awaitThat(() -> assertThat(value(ada, all)).isEqualTo(value(bob, all)));
    DocumentSnapshot document = stored();
    assertThat(value(ada, all))
        .isEqualTo(
            "["
                + String.join(",", Stream.of("f0", "f1", "f2", "f3").map(document::json).toList())
                + "]");
    assertThat(value(ada, "errors.length") + "" + value(bob, "errors.length")).isEqualTo("00");
  }
}
