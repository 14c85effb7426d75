package dev.tidewire.changes;

import static dev.tidewire.changes.OutboxConnections.number;
import static dev.tidewire.changes.OutboxConnections.update;

import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/**
 * Keeps the outbox small: what is deleted of a channel is counted, for its offsets follow from
 * that. Immutable, safe for any thread.
 */
final class OutboxPruning {

  private static final int CHUNK = 200;

  private final OutboxConnections connections;
  private final OutboxSchema schema;

  OutboxPruning(OutboxConnections connections, OutboxSchema schema) {
    this.connections = connections;
    this.schema = schema;
  }

  /**
   * Deletes the oldest transactions, a few at a time.
   *
   * @param published the last one that may go
   * @param before those written before this time are too old
   * @param keep those that are more than so many are too many
   */
  void prune(long published, long before, int keep) throws SQLException {
    pruneTransactions(published, before, keep);
    String repeated = "select topic from " + schema.ends() + " group by topic having count(*) > 1";
    for (String topic : connections.alone(connection -> Dialect.strings(connection, repeated))) {
      connections.inTransaction(connection -> keepOneEnd(connection, topic));
    }
  }

  /** The same without a look at channels whose epoch ends. */
  void pruneTransactions(long published, long before, int keep) throws SQLException {
    boolean more = true;
    while (more) {
      more = pruneChunk(published, before, keep) == CHUNK;
    }
  }

  private int keepOneEnd(Connection connection, String topic) throws SQLException {
    schema.takeLock(connection);
    List<String> ids =
        Dialect.strings(
            connection, "select id from " + schema.ends() + " where topic = ? order by id", topic);
    for (String id : ids.subList(Math.min(1, ids.size()), ids.size())) {
      update(connection, "delete from " + schema.ends() + " where id = " + id);
    }
    return ids.size();
  }

  private int pruneChunk(long published, long before, int keep) throws SQLException {
    String from = " from " + schema.outbox();
    long bound =
        connections.alone(
            connection -> {
              long old =
                  number(connection, "select max(seq)" + from + " where written_at < " + before);
              long many =
                  number(
                      connection,
                      "select seq" + from + " order by seq desc limit 1 offset " + keep);
              long first = number(connection, "select min(seq)" + from);
              long last = Math.min(published, Math.max(old, many));
              return first == 0 || first > last ? 0 : last;
            });
    return bound == 0 ? 0 : connections.inTransaction(connection -> delete(connection, bound));
  }

  private int delete(Connection connection, long bound) throws SQLException {
    schema.takeLock(connection);
    int deleted = 0;
    long last = 0;
    Map<String, Long> counts = new HashMap<>();
    try (Statement statement = connection.createStatement();
        ResultSet rows =
            statement.executeQuery(
                "select seq, counts from "
                    + schema.outbox()
                    + " where seq <= "
                    + bound
                    + " order by seq limit "
                    + CHUNK)) {
      while (rows.next()) {
        deleted++;
        last = rows.getLong(1);
        OutboxRow.counts(rows.getString(2))
            .forEach((topic, count) -> counts.merge(topic, (long) count, Long::sum));
      }
    }
    for (Map.Entry<String, Long> each : counts.entrySet()) {
      update(
          connection,
          "update "
              + schema.channels()
              + " set base = base + "
              + each.getValue()
              + " where topic = ?",
          each.getKey());
    }
    update(connection, "delete from " + schema.outbox() + " where seq <= " + last);
    update(
        connection,
        "update "
            + schema.channels()
            + " set base = "
            + last
            + " where topic = '*' and base < "
            + last);
    return deleted;
  }
}
