package dev.tidewire.changes;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.tidewire.Identity;
import dev.tidewire.Realtime;
import dev.tidewire.transport.Connection;
import dev.tidewire.transport.Frame;
import dev.tidewire.transport.Session;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/** A client on a connection without a wire: says frames, keeps what it is told. */
final class Listener implements Connection {

  private static final JsonMapper JSON = JsonMapper.shared();

  private final List<JsonNode> frames = new ArrayList<>();
  private final Session session;
  private int ids;

  Listener(Realtime realtime, String userId) {
    session = realtime.connect(this, Identity.of(userId));
  }

  @Override
  public void send(Frame frame, Completion completion) {
    synchronized (frames) {
      frame.text().lines().map(JSON::readTree).forEach(frames::add);
    }
    completion.sent();
  }

  @Override
  public void close(int code, String reason) {
    session.closed(code);
  }

  @Override
  public String remoteAddress() {
    return "";
  }

  List<JsonNode> frames() {
    synchronized (frames) {
      return new ArrayList<>(frames);
    }
  }

  /** Says a frame, in which single quotes stand for double ones, and waits for its answer. */
  JsonNode ask(String fields) {
    String id = "c" + ++ids;
    session.receive(("{'id':'" + id + "'," + fields + "}").replace('\'', '"'));
    await()
        .atMost(Duration.ofSeconds(90))
        .pollDelay(Duration.ZERO)
        .pollInterval(Duration.ofMillis(2))
        .until(() -> indexOf(id) >= 0);
    return frames().get(indexOf(id));
  }

  /** Index of the answer to a frame, negative if there is none. */
  private int indexOf(String id) {
    List<JsonNode> known = frames();
    for (int i = 0; i < known.size(); i++) {
      if (known.get(i).at("/payload/messageId").asString("").equals(id)) {
        return i;
      }
    }
    return -1;
  }

  JsonNode acked(String fields) {
    JsonNode answer = ask(fields);
    assertThat(answer.get("type").asString()).as("%s", answer).isEqualTo("ack");
    return answer.get("payload");
  }

  void forget() {
    synchronized (frames) {
      frames.clear();
    }
  }
}
