package dev.tidewire.changes.postgres;

import dev.tidewire.RealtimeException;
import dev.tidewire.changes.postgres.RoomRows.Locked;
import dev.tidewire.changes.postgres.RoomRows.Place;
import dev.tidewire.channel.Position;
import dev.tidewire.presence.Member;
import dev.tidewire.presence.Member.Link;
import dev.tidewire.presence.PresenceDiff;
import dev.tidewire.presence.PresenceState;
import dev.tidewire.presence.Room;
import java.sql.Connection;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.TreeSet;
import org.jspecify.annotations.Nullable;

/**
 * Who is present, in tables: locks the rows of the rooms, takes each step in turn, writes what came
 * of it and tells the nodes. Safe for any thread.
 */
final class Presences implements Lane.Work<Presences.Task> {

  /** A place of presence has no epoch: its numbers never go back. */
  static final String EPOCH = "m";

  private final RoomRows rows;
  private final PostgresSettings settings;
  private final String node;

  /**
   * @param node the name of this node's life
   */
  Presences(PostgresSettings settings, String node) {
    this.settings = settings;
    this.node = node;
    rows = new RoomRows(settings, node);
  }

  /** Something to be done about presence. */
  abstract static class Task extends Lane.Task {
    /** The room whose row it needs, if any. */
    @Nullable String room() {
      return null;
    }

    abstract void run(Presences presences, Session session) throws SQLException;
  }

  /** A connection comes, changes or goes. */
  abstract static class Change extends Task {
    final String topic;
    final String userId;
    final String connectionId;
    final @Nullable Link link;
    private final PresenceDiff.Reason reason;

    /** Where the room is afterwards; 0 if nothing changed. */
    long version;

    /**
     * @param link null if the connection goes
     */
    Change(
        String topic,
        String userId,
        String connectionId,
        @Nullable Link link,
        PresenceDiff.Reason reason) {
      this.topic = topic;
      this.userId = userId;
      this.connectionId = connectionId;
      this.link = link;
      this.reason = reason;
    }

    @Override
    final String room() {
      return topic;
    }

    /** Together with others. */
    @Override
    final void run(Presences presences, Session session) throws SQLException {
      presences.change(session, List.of(this));
    }

    @Override
    int bytes() {
      return 500 + (link == null ? 0 : link.data().length());
    }
  }

  /** A room as it was found: who is there, and a number that rises with every step. */
  record Loaded(long version, PresenceState state) {}

  /** Reads one room, or all. */
  abstract static class Load extends Task {
    private final @Nullable String topic;
    List<Loaded> found = List.of();

    Load(@Nullable String topic) {
      this.topic = topic;
    }

    @Override
    final @Nullable String room() {
      return topic;
    }

    @Override
    final void run(Presences presences, Session session) throws SQLException {
      found = presences.rows.load(session.connection(), topic);
    }
  }

  /** Forgets rooms that have long been empty, when the others of its transaction are done. */
  static final class Forget extends Task {
    @Override
    void run(Presences presences, Session session) throws SQLException {
      presences.rows.forget(session);
    }

    @Override
    void done() {}

    @Override
    void failed(RealtimeException why) {} // the next one follows
  }

  @Override
  public void run(Session session, List<Task> batch) throws SQLException {
    List<Task> last = batch.stream().filter(Forget.class::isInstance).toList();
    List<Task> first = new ArrayList<>(batch);
    first.removeAll(last);
    make(session, first);
    runInTurn(session, first);
    runInTurn(session, last);
  }

  private void runInTurn(Session session, List<Task> tasks) throws SQLException {
    List<Change> changes = new ArrayList<>();
    for (Task task : tasks) {
      if (task instanceof Change change) {
        changes.add(change);
      } else {
        change(session, changes);
        changes.clear();
        task.run(this, session);
      }
    }
    change(session, changes);
  }

  /** Makes the rooms that are missing before anything is written, as that ends a transaction. */
  private void make(Session session, List<Task> batch) throws SQLException {
    TreeSet<String> topics = new TreeSet<>();
    boolean mixed = false;
    for (Task task : batch) {
      String room = task.room();
      if (room != null) {
        topics.add(room);
      }
      mixed |= !(task instanceof Change);
    }
    if (mixed && !topics.isEmpty()) { // changes alone lock their rooms together
      var unused = rows.lock(session.connection(), topics);
    }
  }

  private void change(Session session, List<Change> changes) throws SQLException {
    if (changes.isEmpty()) {
      return;
    }
    Connection connection = session.connection();
    TreeSet<String> topics = new TreeSet<>();
    Map<RoomRows.Key, Place> places = new LinkedHashMap<>();
    for (Change change : changes) {
      topics.add(change.topic);
      places.put(new RoomRows.Key(change.topic, change.userId), new Place());
    }
    long[] now = new long[1];
    Map<String, Locked> rooms = rows.lock(connection, topics, now);
    rows.read(connection, places);
    List<String> messages = new ArrayList<>();
    for (Change change : changes) {
      Place place =
          Objects.requireNonNull(places.get(new RoomRows.Key(change.topic, change.userId)));
      Locked room = Objects.requireNonNull(rooms.get(change.topic));
      PresenceStep step = step(change, place, room, now[0]);
      change.version = step == null ? 0 : room.version;
      if (step != null) {
        messages.add(
            new Message(
                    Message.PRESENCE,
                    change.topic,
                    new Position(EPOCH, room.version),
                    0,
                    step.bytes())
                .text());
      }
    }
    if (!messages.isEmpty()) {
      places.values().removeIf(place -> !place.touched);
      rooms.values().removeIf(room -> !room.touched);
      rows.write(session, rooms, places, messages, now[0]);
    }
  }

  /** What the change makes of the user; null if that is nothing. */
  private @Nullable PresenceStep step(Change change, Place place, Locked room, long now) {
    Member before = place.member(change.userId);
    Room steps =
        new Room(
            new PresenceState(
                change.topic, room.revision, before == null ? List.of() : List.of(before)));
    PresenceDiff diff =
        change.link == null
            ? steps.untrack(change.userId, change.connectionId, change.reason)
            : steps.track(change.userId, change.link, now);
    List<Member> members = steps.state().members();
    Member after = members.isEmpty() ? null : members.get(0);
    Member shown = after == null ? before : after;
    if (shown == null || Objects.equals(before, after)) {
      return null;
    }
    room.version++;
    room.revision = steps.state().revision();
    room.touched = true;
    place.touched = true;
    place.links.clear();
    if (after != null) {
      place.links.addAll(after.connections());
      place.since = after.since();
    }
    if (before == null) {
      place.joined = room.version;
    }
    if (change.link != null) {
      place.nodes.put(change.connectionId, node);
    }
    return new PresenceStep(
        room.revision,
        shown,
        diff == null ? null : diff.change(),
        diff == null ? null : diff.reason());
  }

  String sql(String template) {
    return settings.sql(template);
  }
}
