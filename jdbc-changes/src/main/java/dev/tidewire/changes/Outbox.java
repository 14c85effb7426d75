package dev.tidewire.changes;

import dev.tidewire.RealtimeException;
import dev.tidewire.TableChannel.Past;
import dev.tidewire.changes.OutboxRelay.Start;
import dev.tidewire.changes.OutboxRow.Item;
import dev.tidewire.changes.OutboxRow.Text;
import dev.tidewire.changes.OutboxTable.Channel;
import dev.tidewire.channel.Position;
import java.sql.Connection;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Clock;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import javax.sql.DataSource;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Makes "committed" and "will be published, at this position" one thing: each transaction writes
 * its changes into the outbox as its last statement, and the offset of a change follows from what
 * stands in the outbox before it. After a restart, the channels are put back as they were.
 *
 * <p>A reset that no transaction carries, and a publication that gets another position than it
 * should, end that: then the channel gets a new epoch at the next start, and its clients load
 * again.
 *
 * <p>Where a broker keeps the streams, positions are the broker's, and several nodes write into one
 * outbox, of which one publishes; see {@link LeasedRelay}.
 *
 * <p>Safe for any thread.
 */
final class Outbox implements AutoCloseable {

  private static final Logger log = LoggerFactory.getLogger(Outbox.class);
  private static final String SAVEPOINT = "tidewire_outbox";

  /** More than any channel would keep. */
  private static final int MAX_RESTORED = 10_000;

  /**
   * How it is kept and published.
   *
   * @param maxWaitingRows row changes that may wait in memory
   */
  record Settings(OutboxOptions options, LeaseTimes times, int maxWaitingRows) {}

  private final OutboxTable table;
  private final Clock clock = Clock.systemUTC();
  private final Relay relay;

  /** Changes outside of transactions, where several nodes publish; else null. */
  private final @Nullable OutboxEnds ends;

  /** Topics that are known to get a new epoch at the next start. */
  private final Set<String> ending = ConcurrentHashMap.newKeySet();

  /**
   * Opens the outbox, puts the channels back and starts to publish.
   *
   * @param dataSource not observed
   */
  Outbox(
      DataSource dataSource,
      Settings settings,
      Collection<CapturedTable> captured,
      ChangeSink sink) {
    table = OutboxTable.open(dataSource);
    Map<String, CapturedTable> tables = new HashMap<>();
    captured.forEach(each -> tables.put(each.topic(), each));
    try {
      if (sink.isShared()) {
        ends = new OutboxEnds();
        relay = LeasedRelay.join(table, settings, sink, layouts(tables), ends);
      } else {
        ends = null;
        Start start = restore(tables, sink);
        relay = new OutboxRelay(table, settings, sink, tables, this::end, start);
      }
    } catch (SQLException e) {
      throw new RealtimeException("the outbox cannot be read", e);
    }
  }

  private static Map<String, String> layouts(Map<String, CapturedTable> tables) {
    Map<String, String> layouts = new HashMap<>();
    tables.forEach((topic, captured) -> layouts.put(topic, captured.layout()));
    return layouts;
  }

  /** Puts the channels back. */
  private Start restore(Map<String, CapturedTable> tables, ChangeSink sink) throws SQLException {
    String name = table.name();
    Map<String, Long> counts = new HashMap<>();
    Map<String, ArrayDeque<Past>> newest = new HashMap<>();
    long[] last = {0};
    Map<String, Channel> channels =
        table.load(
            layouts(tables),
            row -> {
              last[0] = row.number();
              String transaction = OutboxRelay.transaction(name, row);
              for (Item item : row.items()) {
                counts.merge(item.topic(), 1L, Long::sum);
                ArrayDeque<Past> past =
                    newest.computeIfAbsent(item.topic(), topic -> new ArrayDeque<>());
                past.add(new Past(item.change(transaction), row.timestamp()));
                if (past.size() > MAX_RESTORED) {
                  past.remove();
                }
              }
            });
    Map<String, Long> offsets = new HashMap<>();
    channels.forEach(
        (topic, channel) -> {
          List<Past> past = List.of();
          if (channel.goesOn()) { // else it may have columns that are not to be published any more
            past = new ArrayList<>(newest.getOrDefault(topic, new ArrayDeque<>()));
          }
          long offset = channel.base() + counts.getOrDefault(topic, 0L);
          sink.restore(topic, new Position(channel.epoch(), offset), past);
          offsets.put(topic, offset);
        });
    return new Start(name, Math.max(last[0], table.newest()), offsets);
  }

  /** What others ask of the order in which things are published. */
  PublishedOrder order() {
    return relay.order();
  }

  CaptureCounters counters() {
    return relay.counters();
  }

  /** What is done and what is left. */
  CaptureStatistics statistics() {
    return counters().statistics(relay.queue().waitingItems(), relay.backlog());
  }

  /** What a transaction has changed, and as it stands in the outbox. */
  private record Content(List<Change> changes, List<Text> texts) {}

  /** Commits a transaction, with its changes in the outbox. */
  <T> T commit(Connection connection, Engine engine, TransactionBuffer buffer, SqlCall<T> commit)
      throws SQLException {
    List<Change> changes = buffer.content();
    List<Text> texts = OutboxRow.texts(changes);
    try {
      table.turn().begin();
    } catch (SQLException e) {
      throw undone(connection, buffer, e);
    }
    try {
      return inTurn(connection, engine, buffer, new Content(changes, texts), commit);
    } finally {
      table.turn().end();
    }
  }

  private <T> T inTurn(
      Connection connection,
      Engine engine,
      TransactionBuffer buffer,
      Content content,
      SqlCall<T> commit)
      throws SQLException {
    boolean mayRetry = engine.dialect().retriesCommit();
    List<OutboxRow> rows;
    try {
      if (mayRetry) {
        execute(connection, "savepoint " + SAVEPOINT);
      }
      rows = table.write(connection, content.texts(), clock.millis());
    } catch (SQLException e) {
      throw undone(connection, buffer, e);
    }
    relay.queue().begin(rows);
    try {
      T result = commit.call();
      relay.queue().offer(rows);
      engine.sequencer().watch().note(content.changes());
      buffer.clear();
      return result;
    } catch (SQLException | RuntimeException | Error e) {
      if (!engine.dialect().isStillOpen(connection) || !unwrite(connection, mayRetry)) {
        buffer.clear();
      }
      relay.queue().ended(rows);
      throw e;
    }
  }

  /**
   * Takes the rows out of a transaction whose COMMIT may be tried again, which adds them anew.
   *
   * @return false if all of it had to be undone
   */
  private static boolean unwrite(Connection connection, boolean savepoint) {
    try {
      if (savepoint) {
        execute(connection, "rollback to " + SAVEPOINT);
        execute(connection, "release " + SAVEPOINT);
        return true;
      }
    } catch (SQLException e) {
      log.atDebug()
          .addKeyValue("part", "outbox")
          .setCause(e)
          .log("Could not take back what was written into the outbox");
    }
    undo(connection);
    return false;
  }

  /** A transaction that the outbox does not have must not be committed. */
  private static void undo(Connection connection) {
    try {
      if (connection.getAutoCommit()) {
        execute(connection, "rollback");
      } else {
        connection.rollback();
      }
    } catch (SQLException e) {
      log.atDebug()
          .addKeyValue("part", "outbox")
          .setCause(e)
          .log("Could not roll back a transaction that the outbox does not have");
    }
  }

  private static SQLException undone(
      Connection connection, TransactionBuffer buffer, SQLException failure) {
    undo(connection);
    buffer.clear();
    return explained(failure);
  }

  /** With its own state and code, for whoever runs a transaction again after a deadlock. */
  private static SQLException explained(SQLException failure) {
    String state = String.valueOf(failure.getSQLState());
    if (state.startsWith("40") || state.startsWith("08")) {
      return failure;
    }
    return new SQLException(
        "nothing is committed, because the outbox cannot be written: " + failure.getMessage(),
        failure.getSQLState(),
        failure.getErrorCode(),
        failure);
  }

  private static void execute(Connection connection, String sql) throws SQLException {
    try (Statement statement = connection.createStatement()) {
      statement.execute(sql);
    }
  }

  /**
   * Comes before a statement that may change tables and commit that by itself, without the outbox.
   *
   * @param connection the statement's, so that this needs no other
   * @param open whether it is in a transaction, with which this may be rolled back
   */
  void expect(Connection connection, Collection<CapturedTable> changing, boolean open)
      throws SQLException {
    Set<String> topics = new LinkedHashSet<>();
    changing.forEach(each -> topics.add(each.topic()));
    topics.removeAll(ending);
    Map<String, Long> noted = table.end(connection, topics);
    if (open) {
      return; // it comes with the transaction, or goes
    }
    OutboxEnds shared = ends;
    if (shared == null) {
      ending.addAll(topics);
    } else {
      shared.begin(noted);
    }
  }

  /** The same, when it has happened already; false if the outbox cannot be reached. */
  private boolean end(String topic) {
    try {
      if (!ending.contains(topic)) {
        table.end(topic);
        ending.add(topic);
      }
      return true;
    } catch (SQLException e) {
      log.atDebug()
          .addKeyValue("channel", topic)
          .setCause(e)
          .log("Could not note that {} is reset", topic);
      return false;
    }
  }

  /** Tells that tables changed outside of a transaction that the outbox knows. */
  void reset(Collection<CapturedTable> tables) {
    tables.forEach(each -> relay.queue().reset(each.topic()));
    if (ends != null) {
      ends.happened(tables.stream().map(CapturedTable::topic).toList());
    }
  }

  @Override
  public void close() {
    relay.close();
  }
}
