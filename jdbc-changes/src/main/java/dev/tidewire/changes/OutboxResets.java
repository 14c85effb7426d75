package dev.tidewire.changes;

import static dev.tidewire.changes.OutboxConnections.number;
import static dev.tidewire.changes.OutboxConnections.update;

import java.sql.Connection;
import java.sql.SQLException;
import java.util.Collection;
import java.util.HashSet;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;

/**
 * Where a broker keeps the streams, a channel that cannot go on is reset: that stands in the outbox
 * like a transaction, so it is published once, in its place, by whatever node. Immutable, safe for
 * any thread.
 */
final class OutboxResets {

  private final OutboxTable table;
  private final OutboxConnections connections;
  private final OutboxSchema schema;

  OutboxResets(OutboxTable table) {
    this.table = table;
    connections = table.connections();
    schema = table.schema();
  }

  /**
   * Comes at the start of a node: the channels that are published otherwise than before, and those
   * that a node changed which did not come to tell it.
   *
   * @param layouts what of each channel is published
   */
  void join(Map<String, String> layouts) throws SQLException {
    connections.inTransaction(
        connection -> {
          schema.takeLock(connection);
          Set<String> known =
              new HashSet<>(Dialect.strings(connection, "select topic from " + schema.channels()));
          Set<String> due = new LinkedHashSet<>();
          for (Map.Entry<String, String> each : layouts.entrySet()) {
            String topic = each.getKey();
            boolean goesOn = table.channel(connection, topic, each.getValue(), false).goesOn();
            if (!goesOn && known.contains(topic)) {
              due.add(topic);
            }
          }
          if (!OutboxLease.isThere(known)) {
            // until now there was one node, or none: what it did not tell nobody waits for
            OutboxLease.create(connection, schema, table.newest(connection));
          }
          return writeWithEnds(connection, due);
        });
  }

  /** Tells what a node that died had begun. */
  void tellLeftovers() throws SQLException {
    if (connections.alone(c -> number(c, "select count(*) from " + schema.ends())) > 0) {
      connections.inTransaction(
          connection -> {
            schema.takeLock(connection);
            return writeWithEnds(connection, new LinkedHashSet<>());
          });
    }
  }

  private int writeWithEnds(Connection connection, Set<String> due) throws SQLException {
    due.addAll(Dialect.strings(connection, "select distinct topic from " + schema.ends()));
    // one by one, for what others are adding must not be waited for
    List<String> ids = Dialect.strings(connection, "select id from " + schema.ends());
    return write(connection, due, ids.stream().map(Long::valueOf).toList());
  }

  /**
   * Has channels reset, and forgets that this was to be done.
   *
   * @param ends what was noted before
   */
  void write(Collection<String> topics, Collection<Long> ends) throws SQLException {
    connections.inTransaction(
        connection -> {
          schema.takeLock(connection);
          return write(connection, topics, ends);
        });
  }

  private int write(Connection connection, Collection<String> topics, Collection<Long> ends)
      throws SQLException {
    for (long id : ends) {
      update(connection, "delete from " + schema.ends() + " where id = " + id);
    }
    if (topics.isEmpty()) {
      return 0;
    }
    long now = System.currentTimeMillis();
    return table.write(connection, List.of(OutboxRow.resets(topics)), now).size();
  }
}
