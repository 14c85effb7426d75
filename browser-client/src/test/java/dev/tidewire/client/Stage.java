package dev.tidewire.client;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import com.microsoft.playwright.Browser;
import com.microsoft.playwright.BrowserContext;
import com.microsoft.playwright.Page;
import com.microsoft.playwright.PlaywrightException;
import dev.tidewire.browser.StartedBrowser;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import org.awaitility.core.ThrowingRunnable;
import org.junit.jupiter.api.extension.AfterEachCallback;
import org.junit.jupiter.api.extension.BeforeEachCallback;
import org.junit.jupiter.api.extension.ExtensionContext;
import org.junit.jupiter.api.extension.ExtensionContext.Namespace;

/**
 * A page with the client in a real browser, and the server it talks to; new for every test. Not
 * thread-safe, like the browser's driver.
 */
final class Stage implements BeforeEachCallback, AfterEachCallback {

  private ScriptedServer server;
  private BrowserContext context;
  private Page page;
  private final List<String> console = new ArrayList<>();
  private final List<String> uncaught = new ArrayList<>();

  @Override
  public void beforeEach(ExtensionContext test) throws Exception {
    Browser browser =
        test.getRoot()
            .getStore(Namespace.create(Stage.class))
            .getOrComputeIfAbsent(
                StartedBrowser.class, key -> new StartedBrowser(), StartedBrowser.class)
            .browser();
    server = new ScriptedServer();
    context = browser.newContext();
    use(context.newPage());
  }

  /** Goes on with another page. */
  void use(Page next) {
    page = next;
    page.setDefaultTimeout(Peer.PATIENCE.toMillis());
    page.onConsoleMessage(message -> console.add(message.text()));
    page.onPageError(uncaught::add);
  }

  @Override
  public void afterEach(ExtensionContext test) throws Exception {
    if (context != null) {
      context.close();
    }
    if (server != null) {
      server.close();
    }
  }

  /** Loads the page; its time stands still until {@link #pass}. */
  void openWithFrozenTime() {
    page.clock().install();
    open();
    page.clock().pauseAt(System.currentTimeMillis() + 3_600_000);
    run("Math.random = () => 0");
  }

  void open() {
    page.navigate(server.url("page.html"));
    assertThat(uncaught).isEmpty();
  }

  /** Loads a page without a client; what these modules export becomes global. */
  void load(String... modules) {
    page.navigate(server.url("modules.html"));
    for (String module : modules) {
      page.evaluate(
          "async (name) => void Object.assign(window, await import(name))",
          server.url("realtime/" + module + ".js"));
    }
    assertThat(uncaught).isEmpty();
  }

  /** The same; its time stands still until {@link #pass}. */
  void loadWithFrozenTime(String... modules) {
    page.clock().install();
    load(modules);
    page.clock().pauseAt(System.currentTimeMillis() + 3_600_000);
    run("Math.random = () => 0");
  }

  /** Loads the page and makes a client with these options, written in JavaScript. */
  void start(String options) {
    if (!page.url().startsWith("http")) {
      open();
    }
    run("start(" + options + ")");
  }

  /** The same, up to the connection welcomed. */
  Peer connect(String options) throws Exception {
    start(options);
    return welcomed();
  }

  Peer connect() throws Exception {
    return connect("{}");
  }

  /** Welcomes the next connection. */
  Peer welcomed() throws Exception {
    Peer peer = server.accept().welcome();
    awaitStatus("connected");
    return peer;
  }

  ScriptedServer server() {
    return server;
  }

  Page page() {
    return page;
  }

  BrowserContext context() {
    return context;
  }

  /** Runs statements in the page; promises in them are not awaited. */
  void run(String statements) {
    page.evaluate("() => { " + statements + " }");
  }

  /** The value of an expression. */
  Object value(String expression) {
    return page.evaluate("() => (" + expression + ")");
  }

  /** Makes the page believe that it is hidden, or seen again. */
  void hide(boolean hidden) {
    run(
        "Object.defineProperty(document, 'visibilityState', { value: '"
            + (hidden ? "hidden" : "visible")
            + "', configurable: true });"
            + "document.dispatchEvent(new Event('visibilitychange', { bubbles: true }))");
  }

  /** Lets time pass in the page. */
  void pass(long millis) {
    page.clock().runFor(millis);
  }

  void awaitStatus(String status) {
    awaitThat(() -> assertThat(value("realtime.status")).isEqualTo(status));
  }

  /** Waits until an expression has a value. */
  void awaitValue(String expression, Object value) {
    awaitThat(() -> assertThat(value(expression)).isEqualTo(value));
  }

  /** Waits until the page noted exactly this. */
  void awaitLog(String... lines) {
    awaitThat(() -> assertThat(log()).containsExactly(lines));
  }

  /** What the page noted. */
  List<String> log() {
    return ((List<?>) value("log")).stream().map(String::valueOf).toList();
  }

  /** The statuses that were told, in one line. */
  String statuses() {
    return (String) value("statuses.join(' ')");
  }

  /** The errors that were told, each as code, topic and close code. */
  List<String> errors() {
    return ((List<?>) value("errors")).stream().map(String::valueOf).toList();
  }

  /** How many WebSockets the client has opened. */
  int attempts() {
    return (Integer) value("attempts");
  }

  /** What the client said on the console. */
  List<String> console() {
    letEventsIn();
    return console.stream().filter(line -> line.startsWith("[tidewire]")).toList();
  }

  /** Errors that nobody caught. */
  List<String> uncaught() {
    letEventsIn();
    return uncaught;
  }

  /** The browser's driver hands out its events only while it is called. */
  private void letEventsIn() {
    value("0");
  }

  /** Waits in this thread: the browser's driver knows no other. */
  static void awaitThat(ThrowingRunnable claim) {
    await()
        .pollInSameThread()
        .pollDelay(Duration.ZERO)
        .pollInterval(Duration.ofMillis(20))
        .atMost(Peer.PATIENCE)
        .ignoreException(PlaywrightException.class) // what is asked for is not there yet
        .untilAsserted(claim);
  }
}
