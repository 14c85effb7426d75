package dev.tidewire.changes;

import static dev.tidewire.changes.OutboxConnections.number;
import static dev.tidewire.changes.OutboxConnections.update;

import dev.tidewire.RealtimeException;
import dev.tidewire.changes.OutboxRow.Text;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.sql.Types;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ThreadLocalRandom;
import javax.sql.DataSource;

/**
 * Every statement on the outbox's tables. Whoever adds a transaction holds the lock from then to
 * the end of its commit, so that numbers rise in the order of commits, and whoever sees a number
 * sees all that are lower, or never will.
 *
 * <p>Immutable, safe for any thread.
 */
final class OutboxTable {

  private static final int ATTEMPTS = 5;
  private static final int CHUNK = 100;
  private static final long PATIENCE_MILLIS = 30_000;

  /**
   * What is known of a channel.
   *
   * @param base how many of its publications are no longer in the outbox
   * @param goesOn whether the epoch is the one from before
   */
  record Channel(String epoch, long base, boolean goesOn) {}

  /** Takes rows one by one. */
  interface Reader {
    void read(OutboxRow row);
  }

  private final OutboxConnections connections;
  private final OutboxSchema schema;
  private final OutboxPruning pruning;
  private final OutboxTurn turn;

  private OutboxTable(DataSource dataSource, OutboxSchema schema) {
    this.schema = schema;
    turn = new OutboxTurn(schema.takesTurns(), PATIENCE_MILLIS);
    connections = new OutboxConnections(dataSource, turn);
    pruning = new OutboxPruning(connections, schema);
  }

  OutboxConnections connections() {
    return connections;
  }

  OutboxSchema schema() {
    return schema;
  }

  OutboxPruning pruning() {
    return pruning;
  }

  /** Whoever writes commits before it is the next one's turn. */
  OutboxTurn turn() {
    return turn;
  }

  /** Finds the tables, or makes them. */
  static OutboxTable open(DataSource dataSource) {
    try {
      OutboxTable table = new OutboxTable(dataSource, schema(dataSource));
      table.create();
      return table;
    } catch (SQLException e) {
      throw new RealtimeException("the outbox cannot be opened", e);
    }
  }

  private static OutboxSchema schema(DataSource dataSource) throws SQLException {
    try (Connection connection = dataSource.getConnection()) {
      return OutboxSchema.of(connection);
    }
  }

  private void create() throws SQLException {
    for (int attempt = 1; !isThere(); attempt++) {
      try {
        connections.inTransaction(
            connection -> {
              try (Statement statement = connection.createStatement()) {
                for (String definition : schema.definitions()) {
                  statement.execute(definition);
                }
              }
              return update(
                  connection,
                  "insert into "
                      + schema.channels()
                      + " values ('*', '', 0, ''), ('', '"
                      + random()
                      + "', 0, '')");
            });
        return;
      } catch (SQLException e) {
        // two that create them at the same time may both have found them missing
        if (attempt == ATTEMPTS) {
          throw new SQLException(
              "the outbox's tables are missing and cannot be made; they are: "
                  + String.join("; ", schema.definitions()),
              e.getSQLState(),
              e.getErrorCode(),
              e);
        }
      }
    }
  }

  private boolean isThere() {
    try {
      return connections.alone(
          connection -> {
            number(connection, "select count(*) from " + schema.ends() + " where id < 0");
            number(connection, "select count(*) from " + schema.outbox() + " where seq < 0");
            String rows = "select count(*) from " + schema.channels() + " where topic = ''";
            return number(connection, rows) > 0;
          });
    } catch (SQLException e) {
      return false;
    }
  }

  /** A new name for an epoch. */
  static String random() {
    return Long.toString(ThreadLocalRandom.current().nextLong() >>> 1, Character.MAX_RADIX);
  }

  /** What the identifiers of transactions begin with. */
  String name() throws SQLException {
    return connections.alone(
        connection ->
            Dialect.strings(
                    connection, "select epoch from " + schema.channels() + " where topic = ''")
                .get(0));
  }

  /**
   * Adds a transaction to the outbox, in that transaction and as the last thing before its commit.
   *
   * @return its rows
   */
  List<OutboxRow> write(Connection connection, List<Text> texts, long now) throws SQLException {
    long key = schema.takeLock(connection, () -> connections.alone(schema::makeLock));
    List<OutboxRow> rows = new ArrayList<>(texts.size());
    try (PreparedStatement statement =
        schema.returning()
            ? connection.prepareStatement(schema.insert())
            : connection.prepareStatement(schema.insert(), new String[] {"SEQ"})) {
      for (Text text : texts) {
        if (rows.isEmpty()) {
          statement.setNull(1, Types.BIGINT);
        } else {
          statement.setLong(1, rows.get(0).number());
        }
        statement.setLong(2, now);
        statement.setString(3, text.counts());
        statement.setString(4, text.changes());
        long number = insert(statement);
        long first = rows.isEmpty() ? number : rows.get(0).number();
        rows.add(new OutboxRow(number, first, now, text.items()));
      }
    }
    if (schema.restoresKeys()) {
      number(connection, "select last_insert_id(" + key + ")");
    }
    return rows;
  }

  private long insert(PreparedStatement statement) throws SQLException {
    if (!schema.returning()) {
      statement.executeUpdate();
    }
    try (ResultSet key =
        schema.returning() ? statement.executeQuery() : statement.getGeneratedKeys()) {
      key.next();
      return key.getLong(1);
    }
  }

  /**
   * Notes, on a connection of whoever asks, that channels have a new epoch from the next start on.
   *
   * @return what was noted, by topic
   */
  Map<String, Long> end(Connection connection, Iterable<String> topics) throws SQLException {
    Map<String, Long> ids = new HashMap<>();
    for (String topic : topics) {
      long id = ThreadLocalRandom.current().nextLong() >>> 1;
      update(connection, "insert into " + schema.ends() + " values (" + id + ", ?)", topic);
      ids.put(topic, id);
    }
    return ids;
  }

  /** The same on a connection of its own. */
  void end(String topic) throws SQLException {
    connections.inTransaction(connection -> end(connection, List.of(topic)));
  }

  /**
   * Reads transactions in order, after {@code number}; some of them.
   *
   * @return up to where transactions were deleted
   */
  long read(long number, Reader reader) throws SQLException {
    return connections.alone(
        connection -> {
          read(connection, number, reader);
          return pruned(connection);
        });
  }

  private int read(Connection connection, long number, Reader reader) throws SQLException {
    int read = 0;
    try (PreparedStatement statement =
        connection.prepareStatement(
            "select seq, first_seq, written_at, counts, changes from "
                + schema.outbox()
                + " where seq > ? order by seq limit "
                + CHUNK)) {
      statement.setLong(1, number);
      try (ResultSet rows = statement.executeQuery()) {
        while (rows.next()) {
          long seq = rows.getLong(1);
          long first = rows.getLong(2);
          reader.read(
              OutboxRow.parse(
                  seq,
                  rows.wasNull() ? seq : first,
                  rows.getLong(3),
                  rows.getString(4),
                  rows.getString(5)));
          read++;
        }
      }
    }
    return read;
  }

  /** The last number that is there, or was deleted. */
  long newest() throws SQLException {
    return connections.alone(this::newest);
  }

  long newest(Connection connection) throws SQLException {
    return Math.max(
        pruned(connection), number(connection, "select max(seq) from " + schema.outbox()));
  }

  private long pruned(Connection connection) throws SQLException {
    return number(connection, "select base from " + schema.channels() + " where topic = '*'");
  }

  /**
   * Reads all there is, as of one moment.
   *
   * @param layouts what of each channel is published; one that is new, has changed or was to end
   *     begins an epoch
   * @param reader is given what is there, the oldest first
   * @return the channels by topic
   */
  Map<String, Channel> load(Map<String, String> layouts, Reader reader) throws SQLException {
    return connections.inTransaction(
        connection -> {
          schema.takeLock(connection);
          Set<String> ended =
              new HashSet<>(Dialect.strings(connection, "select topic from " + schema.ends()));
          Map<String, Channel> known = new HashMap<>();
          for (Map.Entry<String, String> each : layouts.entrySet()) {
            String topic = each.getKey();
            known.put(topic, channel(connection, topic, each.getValue(), ended.contains(topic)));
            update(connection, "delete from " + schema.ends() + " where topic = ?", topic);
          }
          long[] last = {Long.MIN_VALUE};
          Reader counting =
              row -> {
                last[0] = row.number();
                reader.read(row);
              };
          while (read(connection, last[0], counting) > 0) {
            // the reader has them
          }
          return known;
        });
  }

  /** What is known of a channel from now on. */
  Channel channel(Connection connection, String topic, String layout, boolean ended)
      throws SQLException {
    try (PreparedStatement statement =
        connection.prepareStatement(
            "select epoch, base, layout from " + schema.channels() + " where topic = ?")) {
      statement.setString(1, topic);
      try (ResultSet row = statement.executeQuery()) {
        if (row.next()) {
          Channel kept = new Channel(row.getString(1), row.getLong(2), true);
          if (!ended && layout.equals(row.getString(3))) {
            return kept;
          }
          Channel changed = new Channel(random(), kept.base(), false);
          update(
              connection,
              "update " + schema.channels() + " set epoch = ?, layout = ? where topic = ?",
              changed.epoch(),
              layout,
              topic);
          return changed;
        }
      }
    }
    // what is in the outbox from an earlier time counts as well
    Channel fresh = new Channel(random(), 0, false);
    update(
        connection,
        "insert into " + schema.channels() + " (topic, epoch, base, layout) values (?, ?, 0, ?)",
        topic,
        fresh.epoch(),
        layout);
    return fresh;
  }
}
