package dev.tidewire.changes.postgres;

import dev.tidewire.changes.postgres.Presences.Loaded;
import dev.tidewire.presence.Member;
import dev.tidewire.presence.Member.Link;
import dev.tidewire.presence.Member.Status;
import dev.tidewire.presence.PresenceState;
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
import org.jspecify.annotations.Nullable;

/** The tables of presence, and every statement on rooms and links. Safe for any thread. */
final class RoomRows {

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
  RoomRows(PostgresSettings settings, String node) {
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

  record Key(String topic, String userId) {}

  /** A user in a room, while its row is locked. */
  static final class Place {
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
  static final class Locked {
    long version;
    long revision;
    boolean touched;

    Locked(long version, long revision) {
      this.version = version;
      this.revision = revision;
    }
  }

  /** Locks rooms, and makes those that are missing, which ends the transaction before. */
  Map<String, Locked> lock(Connection connection, Collection<String> topics) throws SQLException {
    return lock(connection, topics, new long[1]);
  }

  /** The same; tells the time. */
  Map<String, Locked> lock(Connection connection, Collection<String> topics, long[] now)
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

  /** Fills in who is there. */
  void read(Connection connection, Map<Key, Place> places) throws SQLException {
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

  /** Writes the rooms and places that were touched, and tells the nodes. */
  void write(
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

  /** Reads a room, or all. */
  List<Loaded> load(Connection connection, @Nullable String topic) throws SQLException {
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
}
