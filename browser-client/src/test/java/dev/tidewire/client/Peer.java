package dev.tidewire.client;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Consumer;
import org.eclipse.jetty.websocket.api.Callback;
import org.eclipse.jetty.websocket.api.Session;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/**
 * The server's end of one connection. JSON is written with single quotes for readability. Safe for
 * any thread.
 */
public final class Peer extends Session.Listener.AbstractAutoDemanding {

  /** How long something may take that must happen. */
  static final Duration PATIENCE = Duration.ofSeconds(30);

  private static final JsonMapper JSON = JsonMapper.shared();

  private static final AtomicInteger MARKS = new AtomicInteger();

  private final Consumer<Peer> opened;
  private final BlockingQueue<JsonNode> received = new LinkedBlockingQueue<>();
  private final CompletableFuture<String> closed = new CompletableFuture<>();

  Peer(Consumer<Peer> opened) {
    this.opened = opened;
  }

  @Override
  public void onWebSocketOpen(Session session) {
    super.onWebSocketOpen(session);
    opened.accept(this);
  }

  @Override
  public void onWebSocketText(String message) {
    message.lines().map(JSON::readTree).forEach(received::add);
  }

  @Override
  public void onWebSocketClose(int code, String reason, Callback callback) {
    closed.complete(code + " " + reason);
    callback.succeed();
  }

  @Override
  public void onWebSocketError(Throwable cause) {
    // a connection that is cut ends with one; how it ended is told by closed()
  }

  /** The next frame from the page, which must be of that type. */
  JsonNode expect(String type) throws InterruptedException {
    JsonNode frame = received.poll(PATIENCE.toSeconds(), TimeUnit.SECONDS);
    assertThat(frame).as("a frame of type " + type).isNotNull();
    assertThat(frame.path("type").asString()).as(frame.toString()).isEqualTo(type);
    return frame;
  }

  /** The next frame from the page, whatever it is. */
  JsonNode next() throws InterruptedException {
    JsonNode frame = received.poll(PATIENCE.toSeconds(), TimeUnit.SECONDS);
    assertThat(frame).as("a frame").isNotNull();
    return frame;
  }

  /** Claims that the page has sent nothing that was not expected: what it sends now comes next. */
  void expectNothing(Stage stage) throws InterruptedException {
    stage.run("realtime.call('fence').catch(() => {})");
    assertThat(expect("call").path("method").asString()).isEqualTo("fence");
  }

  /** Waits until the page has handled everything sent so far. */
  Peer settled(Stage stage) {
    String mark = "mark" + MARKS.incrementAndGet();
    send(frame("error", "'payload':{'code':'" + mark + "'}"));
    Stage.awaitThat(
        () -> assertThat(stage.value("marks.includes('" + mark + "')")).isEqualTo(true));
    return this;
  }

  /** Code and reason with which the connection ended. */
  String closed() throws Exception {
    return closed.get(PATIENCE.toSeconds(), TimeUnit.SECONDS);
  }

  /** Sends the frames in one message. */
  Peer send(String... frames) {
    return sendRaw(String.join("\n", frames).replace('\'', '"'));
  }

  Peer sendRaw(String message) {
    Callback.Completable.with(sent -> getSession().sendText(message, sent))
        .orTimeout(PATIENCE.toSeconds(), TimeUnit.SECONDS)
        .join();
    return this;
  }

  Peer sendBinary(String message) {
    ByteBuffer bytes = UTF_8.encode(message);
    Callback.Completable.with(sent -> getSession().sendBinary(bytes, sent))
        .orTimeout(PATIENCE.toSeconds(), TimeUnit.SECONDS)
        .join();
    return this;
  }

  Peer welcome() {
    return send(frame("welcome", "'payload':{'userId':'u1'}"));
  }

  Peer ack(JsonNode command, String fields) {
    return send(ackFrame(command, fields));
  }

  Peer error(JsonNode command, String code, String fields) {
    return send(
        frame(
            "error",
            "'payload':{'messageId':%s,'code':'%s','message':'because'%s}"
                .formatted(command.get("id"), code, comma(fields))));
  }

  void close(int code) {
    getSession().close(code, "scripted", Callback.NOOP);
  }

  /** Cuts the connection without a word. */
  void drop() {
    getSession().disconnect();
  }

  static String ackFrame(JsonNode command, String fields) {
    return frame("ack", "'payload':{'messageId':" + command.get("id") + comma(fields) + "}");
  }

  static String event(String id, int n) {
    return event(id, n, "");
  }

  static String event(String id, int n, String fields) {
    return "{'id':'%s','type':'event','ts':'2026-01-02T03:04:05.678Z','topic':'chat/a','event':'message','data':{'n':%d}%s}"
        .formatted(id, n, comma(fields));
  }

  static String frame(String type, String fields) {
    return "{'id':'s1','type':'%s','ts':'2026-01-02T03:04:05.678Z'%s}"
        .formatted(type, comma(fields));
  }

  private static String comma(String fields) {
    return fields.isEmpty() ? "" : "," + fields;
  }
}
