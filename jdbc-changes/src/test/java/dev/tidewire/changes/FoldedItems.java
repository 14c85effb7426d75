package dev.tidewire.changes;

import dev.tidewire.Identity;
import dev.tidewire.Realtime;
import dev.tidewire.channel.Position;
import dev.tidewire.transport.Connection;
import dev.tidewire.transport.Frame;
import dev.tidewire.transport.Session;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import javax.sql.DataSource;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/**
 * A client of the channel {@code items} of rows {@code (id, v)}, which folds together what it is
 * told and keeps account of everything that must not be: a hole or a repeat in the positions, a
 * change that does not fit the rows.
 */
final class FoldedItems implements Connection {

  private static final JsonMapper JSON = new JsonMapper();
  private static final int GOING_AWAY = 1001;

  private final Session session;
  private final Map<Integer, Integer> rows = new TreeMap<>();
  private final Map<Position, String> told = new LinkedHashMap<>();
  private final List<String> wrong = new ArrayList<>();
  private Position position;
  private int resets;

  /** Subscribes, from now on or with the rows that there are. */
  FoldedItems(Realtime realtime, boolean snapshot) {
    session = realtime.connect(this, Identity.of("reader"));
    session.receive(
        "{\"id\":\"s\",\"type\":\"subscribe\",\"topic\":\"items\",\"snapshot\":" + snapshot + "}");
  }

  @Override
  public synchronized void send(Frame frame, Completion completion) {
    frame.text().lines().map(JSON::readTree).forEach(this::take);
    completion.sent();
  }

  private void take(JsonNode frame) {
    switch (frame.get("type").asString()) {
      case "ack" -> {
        JsonNode answer = frame.get("payload");
        position = Position.parse(answer.get("position").asString());
        for (JsonNode row : answer.path("rows")) {
          rows.put(row.get("id").asInt(), row.get("v").asInt());
        }
      }
      case "reset" -> {
        resets++;
        JsonNode at = frame.path("id");
        moveTo(frame, at.isMissingNode() ? null : Position.parse(at.asString()));
      }
      case "db_change" -> {
        moveTo(frame, Position.parse(frame.get("id").asString()));
        fold(frame);
      }
      case "error" -> wrong.add(frame.toString());
      default -> {}
    }
  }

  private void moveTo(JsonNode frame, Position to) {
    boolean follows =
        to != null
            && position != null
            && to.epoch().equals(position.epoch())
            && to.offset() == position.offset() + 1;
    if (!follows) {
      wrong.add("after " + position + " came " + frame);
    }
    position = to;
    told.put(to, frame.path("operation").asString("reset") + frame.path("data"));
  }

  private void fold(JsonNode frame) {
    JsonNode data = frame.get("data");
    Integer id = data.get("id").asInt();
    Integer value = data.get("v").asInt();
    Integer before;
    Integer expected;
    switch (frame.get("operation").asString()) {
      case "INSERT" -> {
        before = rows.put(id, value);
        expected = null;
      }
      case "DELETE" -> {
        before = rows.remove(id);
        expected = value;
      }
      default -> {
        before = rows.put(id, value);
        expected = frame.get("old").get("v").asInt();
      }
    }
    if (before == null ? expected != null : !before.equals(expected)) {
      wrong.add("with " + before + " came " + frame);
    }
  }

  @Override
  public void close(int code, String reason) {
    synchronized (this) {
      if (code != GOING_AWAY) {
        wrong.add("closed with " + code + " " + reason);
      }
    }
    new Thread(() -> session.closed(code), "closing").start(); // as a container would tell it
  }

  @Override
  public String remoteAddress() {
    return "";
  }

  synchronized boolean isSubscribed() {
    return position != null;
  }

  synchronized Map<Integer, Integer> rows() {
    return new TreeMap<>(rows);
  }

  /** What was told, by position. */
  synchronized Map<Position, String> told() {
    return new LinkedHashMap<>(told);
  }

  synchronized List<String> wrong() {
    return List.copyOf(wrong);
  }

  synchronized int resets() {
    return resets;
  }

  synchronized Position position() {
    return position;
  }

  static Map<Integer, Integer> table(DataSource dataSource) throws SQLException {
    Map<Integer, Integer> rows = new TreeMap<>();
    try (java.sql.Connection connection = dataSource.getConnection();
        Statement statement = connection.createStatement();
        ResultSet row = statement.executeQuery("select id, v from items")) {
      while (row.next()) {
        rows.put(row.getInt(1), row.getInt(2));
      }
    }
    return rows;
  }
}
