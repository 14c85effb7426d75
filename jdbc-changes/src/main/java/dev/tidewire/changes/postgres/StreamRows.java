package dev.tidewire.changes.postgres;

import java.security.SecureRandom;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.util.Collection;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;

/**
 * Finds and locks the states of channels, always in the order of their names. Safe for any thread.
 */
final class StreamRows {

  private static final int ATTEMPTS = 5;

  private final PostgresSettings settings;
  private final String lock;
  private final String make;
  private final SecureRandom random = new SecureRandom();

  StreamRows(PostgresSettings settings) {
    this.settings = settings;
    lock =
        settings.sql(
            """
            select topic, epoch, last_offset, last_stamp, last_persisted, keep_count, keep_ms, :now
            from {channels} where topic = any(?) order by topic for update
            """);
    make =
        settings.sql(
            """
            insert into {channels} (topic, epoch, used_at)
            select topic, epoch, :now from unnest(?, ?) n(topic, epoch) order by topic
            on conflict do nothing
            """);
  }

  /** What was found, and when. */
  record Locked(Map<String, StreamRow> byTopic, long now) {
    StreamRow of(String topic) {
      return Objects.requireNonNull(byTopic.get(topic), topic);
    }
  }

  /** The name of a new life. */
  String freshEpoch() {
    return Long.toString(random.nextLong() >>> 8, Character.MAX_RADIX);
  }

  /**
   * Locks them in a transaction that has done nothing yet, and makes those that are missing, which
   * ends that transaction.
   */
  Locked lock(Connection connection, Collection<String> topics) throws SQLException {
    String[] names = topics.toArray(String[]::new);
    for (int attempt = 1; attempt <= ATTEMPTS; attempt++) {
      Locked found = tryLock(connection, names);
      if (found.byTopic().size() == names.length) {
        return found;
      }
      // not while others are locked: who makes a row keeps everybody from it
      connection.rollback();
      make(connection, names, found.byTopic());
    }
    throw new SQLException("channels vanish as soon as they are made", "40001");
  }

  private Locked tryLock(Connection connection, String[] topics) throws SQLException {
    try (PreparedStatement statement = connection.prepareStatement(lock)) {
      var unused =
          new Parameters(connection, statement).add(settings.now()).add("text", List.of(topics));
      Map<String, StreamRow> found = new HashMap<>();
      long now = 0;
      try (ResultSet rows = statement.executeQuery()) {
        while (rows.next()) {
          StreamRow row =
              new StreamRow(
                  rows.getString(1),
                  rows.getString(2),
                  rows.getLong(3),
                  rows.getLong(4),
                  rows.getLong(5),
                  rows.getInt(6),
                  rows.getLong(7));
          now = Math.max(now, rows.getLong(8));
          found.put(row.topic(), row);
        }
      }
      return new Locked(found, now);
    }
  }

  private void make(Connection connection, String[] topics, Map<String, StreamRow> there)
      throws SQLException {
    Map<String, String> missing = new LinkedHashMap<>();
    for (String topic : topics) {
      if (!there.containsKey(topic)) {
        missing.put(topic, freshEpoch());
      }
    }
    try (PreparedStatement statement = connection.prepareStatement(make)) {
      var unused =
          new Parameters(connection, statement)
              .add(settings.now())
              .add("text", missing.keySet())
              .add("text", missing.values());
      statement.execute();
    }
    connection.commit();
  }
}
