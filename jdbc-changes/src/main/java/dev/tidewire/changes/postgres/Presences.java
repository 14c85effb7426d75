package dev.tidewire.changes.postgres;

import dev.tidewire.channel.Position;
import dev.tidewire.presence.Member;
import dev.tidewire.presence.Member.Link;
import dev.tidewire.presence.Member.Status;
import dev.tidewire.presence.PresenceDiff;
import dev.tidewire.presence.PresenceState;
import dev.tidewire.presence.Room;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashMap;
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

  private static final long IDLE_MS = Duration.ofMinutes(10).toMillis();
  private static final int ATTEMPTS = 5;

  private final PostgresSettings settings;
  private final String node;
  private final String lock;
  private final String floor;
  private final String make;
  private final String links;
  private final String clear;
  private final String write;
  private final String load;
  private final String forget;

  /**
   * @param node the name of this node's life
   */
  Presences(PostgresSettings settings, String node) {
    this.settings = settings;
    this.node = node;
    lock =
        settings.sql(
            """
            with me as (insert into {nodes} (node, beat) values (?, 0) on conflict do nothing)
            select topic, version, revision, :now from {rooms}
            where topic = any(?) order by topic for update
            """);
    floor = settings.sql("select version, revision from {rooms} where topic = '' for share");
    make =
        settings.sql(
            """
            insert into {rooms} (topic, version, revision, used_at)
            select t.topic, f.version, f.revision, :now from unnest(?) t(topic), {rooms} f
            where f.topic = '' order by t.topic on conflict do nothing
            """);
    links =
        settings.sql(
            """
            select l.topic, l.user_id, l.connection_id, l.node, l.online, l.data, l.joined, l.since
            from {links} l join unnest(?, ?) u(topic, user_id)
              on l.topic = u.topic and l.user_id = u.user_id
            order by l.topic, l.user_id, l.place
            """);
    clear =
        settings.sql(
            """
            delete from {links} l using unnest(?, ?) u(topic, user_id)
            where l.topic = u.topic and l.user_id = u.user_id
            """);
    write =
        settings.sql(
            """
            with moved as (
              update {rooms} r set version = n.version, revision = n.revision, used_at = ?
              from unnest(?, ?, ?) n(topic, version, revision) where r.topic = n.topic),
            kept as (
              insert into {links} (topic, user_id, place, connection_id, node, online, data,
                joined, since)
              select * from unnest(?, ?, ?, ?, ?, ?, ?, ?, ?))
            select pg_notify(?, message) from unnest(?) message
            """);
    load =
        settings.sql(
            """
            select r.topic, r.version, r.revision, l.user_id, l.connection_id, l.online, l.data,
              l.since
            from {rooms} r left join {links} l on l.topic = r.topic
            where r.topic <> '' and (? or r.topic = ?)
            order by r.topic, l.joined, l.user_id, l.place
            """);
    forget =
        settings.sql(
            """
            with gone as (
              delete from {rooms} r where r.topic <> '' and r.used_at < :now - %d
                and not exists (select 1 from {links} l where l.topic = r.topic)
              returning version, revision)
            update {rooms} set
              version = greatest(version, (select coalesce(max(version), 0) from gone)),
              revision = greatest(revision, (select coalesce(max(revision), 0) from gone))
            where topic = ''
            """
                .formatted(IDLE_MS));
  }

  /** Something to be done about presence. */
  abstract static class Task extends Lane.Task {
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
    void run(Presences presences, Session session) throws SQLException {
      if (topic != null) {
        var unused = presences.lock(session.connection(), List.of(topic)); // makes it
      }
      found = presences.load(session.connection(), topic);
    }
  }

  private record Key(String topic, String userId) {}

  /** A user in a room, while its row is locked. */
  private static final class Place {
    final List<Link> links = new ArrayList<>();
    final Map<String, String> nodes = new HashMap<>();
    long joined;
    long since;
    boolean touched;

    @Nullable Member member(String userId) {
      return links.isEmpty() ? null : PresenceStep.member(userId, links, since);
    }
  }

  /** A room while its row is locked. */
  private static final class Locked {
    long version;
    long revision;
    boolean touched;

    Locked(long version, long revision) {
      this.version = version;
      this.revision = revision;
    }
  }

  @Override
  public void run(Session session, List<Task> batch) throws SQLException {
    List<Change> changes = new ArrayList<>();
    for (Task task : batch) {
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

  private void change(Session session, List<Change> changes) throws SQLException {
    if (changes.isEmpty()) {
      return;
    }
    Connection connection = session.connection();
    TreeSet<String> topics = new TreeSet<>();
    Map<Key, Place> places = new LinkedHashMap<>();
    for (Change change : changes) {
      topics.add(change.topic);
      places.put(new Key(change.topic, change.userId), new Place());
    }
    long[] now = new long[1];
    Map<String, Locked> rooms = lock(connection, topics, now);
    read(connection, places);
    List<String> messages = new ArrayList<>();
    for (Change change : changes) {
      Place place = Objects.requireNonNull(places.get(new Key(change.topic, change.userId)));
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
      write(session, rooms, places, messages, now[0]);
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

  private Map<String, Locked> lock(Connection connection, Collection<String> topics)
      throws SQLException {
    return lock(connection, topics, new long[1]);
  }

  private Map<String, Locked> lock(Connection connection, Collection<String> topics, long[] now)
      throws SQLException {
    for (int attempt = 1; attempt <= ATTEMPTS; attempt++) {
      Map<String, Locked> found = new LinkedHashMap<>();
      try (PreparedStatement statement = connection.prepareStatement(lock)) {
        var unused =
            new Parameters(connection, statement).add(node).add(settings.now()).add("text", topics);
        try (ResultSet rows = statement.executeQuery()) {
          while (rows.next()) {
            found.put(rows.getString(1), new Locked(rows.getLong(2), rows.getLong(3)));
            now[0] = Math.max(now[0], rows.getLong(4));
          }
        }
      }
      if (found.size() == topics.size()) {
        return found;
      }
      connection.rollback();
      try (PreparedStatement first = connection.prepareStatement(floor);
          PreparedStatement then = connection.prepareStatement(make)) {
        first.execute(); // waits for who forgets rooms, so that the next statement sees the floor
        var unused = new Parameters(connection, then).add(settings.now()).add("text", topics);
        then.execute();
      }
      connection.commit();
    }
    throw new SQLException("rooms vanish as soon as they are made", "40001");
  }

  private void read(Connection connection, Map<Key, Place> places) throws SQLException {
    try (PreparedStatement statement = connection.prepareStatement(links)) {
      keys(new Parameters(connection, statement), places.keySet());
      try (ResultSet rows = statement.executeQuery()) {
        while (rows.next()) {
          Place place =
              Objects.requireNonNull(places.get(new Key(rows.getString(1), rows.getString(2))));
          place.links.add(
              new Link(
                  rows.getString(3),
                  rows.getString(6),
                  rows.getBoolean(5) ? Status.ONLINE : Status.AWAY));
          place.nodes.put(rows.getString(3), rows.getString(4));
          place.joined = rows.getLong(7);
          place.since = rows.getLong(8);
        }
      }
    }
  }

  private static void keys(Parameters parameters, Collection<Key> keys) throws SQLException {
    var unused =
        parameters
            .add("text", keys.stream().map(Key::topic).toList())
            .add("text", keys.stream().map(Key::userId).toList());
  }

  private void write(
      Session session,
      Map<String, Locked> rooms,
      Map<Key, Place> places,
      List<String> messages,
      long now)
      throws SQLException {
    Connection connection = session.connection();
    try (PreparedStatement statement = connection.prepareStatement(clear)) {
      keys(new Parameters(connection, statement), places.keySet());
      statement.execute();
    }
    record Row(Key key, int place, Link link, String node, long joined, long since) {}
    List<Row> rows = new ArrayList<>();
    places.forEach(
        (key, place) -> {
          for (int i = 0; i < place.links.size(); i++) {
            Link link = place.links.get(i);
            String at = place.nodes.getOrDefault(link.id(), node);
            rows.add(new Row(key, i, link, at, place.joined, place.since));
          }
        });
    try (PreparedStatement statement = connection.prepareStatement(write)) {
      var unused =
          new Parameters(connection, statement)
              .add(now)
              .add("text", rooms.keySet())
              .add("int8", rooms.values().stream().map(room -> room.version).toList())
              .add("int8", rooms.values().stream().map(room -> room.revision).toList())
              .add("text", rows.stream().map(row -> row.key().topic()).toList())
              .add("text", rows.stream().map(row -> row.key().userId()).toList())
              .add("int4", rows.stream().map(Row::place).toList())
              .add("text", rows.stream().map(row -> row.link().id()).toList())
              .add("text", rows.stream().map(Row::node).toList())
              .add("bool", rows.stream().map(r -> r.link().status() == Status.ONLINE).toList())
              .add("text", rows.stream().map(row -> row.link().data()).toList())
              .add("int8", rows.stream().map(Row::joined).toList())
              .add("int8", rows.stream().map(Row::since).toList())
              .add(session.channel())
              .add("text", messages);
      statement.execute();
    }
  }

  private List<Loaded> load(Connection connection, @Nullable String topic) throws SQLException {
    Map<String, Map<String, Place>> rooms = new LinkedHashMap<>();
    Map<String, Locked> numbers = new HashMap<>();
    try (PreparedStatement statement = connection.prepareStatement(load)) {
      var unused =
          new Parameters(connection, statement).add(topic == null).add(topic == null ? "" : topic);
      try (ResultSet rows = statement.executeQuery()) {
        while (rows.next()) {
          String name = rows.getString(1);
          numbers.putIfAbsent(name, new Locked(rows.getLong(2), rows.getLong(3)));
          Map<String, Place> room = rooms.computeIfAbsent(name, t -> new LinkedHashMap<>());
          String userId = rows.getString(4);
          if (userId != null) {
            Place place = room.computeIfAbsent(userId, u -> new Place());
            place.since = rows.getLong(8);
            place.links.add(
                new Link(
                    rows.getString(5),
                    rows.getString(7),
                    rows.getBoolean(6) ? Status.ONLINE : Status.AWAY));
          }
        }
      }
    }
    List<Loaded> found = new ArrayList<>();
    rooms.forEach(
        (name, places) -> {
          List<Member> members = new ArrayList<>();
          places.forEach(
              (userId, place) -> members.add(Objects.requireNonNull(place.member(userId))));
          Locked at = Objects.requireNonNull(numbers.get(name));
          found.add(new Loaded(at.version, new PresenceState(name, at.revision, members)));
        });
    return found;
  }

  /** Forgets rooms that have long been empty, but not how high their numbers were. */
  void forget(Session session) throws SQLException {
    session.run(settings.sql("select 1 from {rooms} where topic = '' for update"));
    try (PreparedStatement statement = session.connection().prepareStatement(forget)) {
      var unused = new Parameters(session.connection(), statement).add(settings.now());
      statement.execute();
    }
  }

  String sql(String template) {
    return settings.sql(template);
  }

  String node() {
    return node;
  }
}
