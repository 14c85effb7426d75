package dev.tidewire;

import static dev.tidewire.testing.Json.json;
import static org.assertj.core.api.Assertions.assertThat;

import dev.tidewire.testing.FakeConnection;
import dev.tidewire.transport.Session;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.atomic.AtomicInteger;
import org.awaitility.Awaitility;
import org.awaitility.core.ConditionFactory;
import org.jspecify.annotations.Nullable;
import tools.jackson.databind.JsonNode;

/** A client as tests write it: says frames, looks at what it was told. */
final class Client {

  private final FakeConnection connection;
  private final Session session;
  private final AtomicInteger ids = new AtomicInteger();

  private Client(FakeConnection connection, Session session) {
    this.connection = connection;
    this.session = session;
  }

  static Client connect(Realtime realtime, @Nullable Identity identity) {
    return connect(realtime, identity, new FakeConnection());
  }

  static Client connect(Realtime realtime, String userId) {
    return connect(realtime, Identity.of(userId));
  }

  static Client connect(Realtime realtime, @Nullable Identity identity, FakeConnection connection) {
    Session session = realtime.connect(connection, identity);
    connection.attach(session);
    return new Client(connection, session);
  }

  /** One that hears on one request and speaks on others. */
  static Client stream(Realtime realtime, String userId, StreamRequest request) {
    FakeConnection connection = new FakeConnection();
    Session session = realtime.streams().open(connection, Identity.of(userId), request);
    connection.attach(session);
    return new Client(connection, session);
  }

  static ConditionFactory eventually() {
    return Awaitility.await()
        .pollInterval(Duration.ofMillis(5))
        .pollDelay(Duration.ZERO)
        .atMost(Duration.ofSeconds(30));
  }

  FakeConnection connection() {
    return connection;
  }

  Session session() {
    return session;
  }

  /** Says a text message, in which single quotes stand for double ones. */
  Client say(String text) {
    session.receive(json(text));
    return this;
  }

  /** Says a frame of these fields with a new id, and returns the answer. */
  JsonNode ask(String fields) {
    return answer(tell(fields));
  }

  /** The same, but the answer must be an ack; returns its payload. */
  JsonNode acked(String fields) {
    JsonNode answer = ask(fields);
    assertThat(answer.get("type").asString()).as("%s", answer).isEqualTo("ack");
    return answer.get("payload");
  }

  /** The same, but the answer must be an error; returns its code. */
  String refused(String fields) {
    JsonNode answer = ask(fields);
    assertThat(answer.get("type").asString()).as("%s", answer).isEqualTo("error");
    return answer.at("/payload/code").asString();
  }

  /** Says a frame of these fields with a new id, and returns the id. */
  String tell(String fields) {
    String id = "c" + ids.incrementAndGet();
    say("{'id':'" + id + "'," + fields + "}");
    return id;
  }

  /** The one answer to the frame of this id, as soon as it is there. */
  JsonNode answer(String id) {
    eventually().until(() -> !answers(id).isEmpty());
    List<JsonNode> answers = answers(id);
    assertThat(answers).as("answers to %s", id).hasSize(1);
    return answers.get(0);
  }

  List<JsonNode> answers(String id) {
    return connection.frames().stream()
        .filter(f -> f.at("/payload/messageId").asString("").equals(id))
        .toList();
  }

  /** The frames of a type so far. */
  List<JsonNode> told(String type) {
    return connection.frames(type);
  }

  /** The frames of a type, as soon as there are that many. */
  List<JsonNode> told(String type, int count) {
    eventually().until(() -> told(type).size() >= count);
    assertThat(told(type)).hasSize(count);
    return told(type);
  }

  /** The data of the events so far. */
  List<String> heard() {
    return told("event").stream().map(f -> f.get("data").toString()).toList();
  }

  Client subscribed(String topic) {
    acked("'type':'subscribe','topic':'" + topic + "'");
    return this;
  }

  /** The close code, as soon as the connection is closed. */
  int closeCode() {
    eventually().until(() -> connection.closed() != null);
    FakeConnection.Closed closed = connection.closed();
    return closed == null ? 0 : closed.code();
  }

  boolean isClosed() {
    return connection.closed() != null;
  }
}
