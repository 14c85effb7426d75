package dev.tidewire.changes.postgres;

import dev.tidewire.RealtimeException;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.time.Duration;
import java.util.Collection;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Keeps the channels that this node subscribes to, and deletes what is too old, which one node at a
 * time does for all. Run again and again; safe for any thread.
 */
final class Sweep extends Reads.Read {

  private static final Logger log = LoggerFactory.getLogger(Sweep.class);

  /** An unused channel is remembered as long. */
  private static final long IDLE_MS = Duration.ofMinutes(10).toMillis();

  private static final long KEY_MEMORY_MS = Duration.ofMinutes(5).toMillis();

  /** Nodes that missed a message read it so long, whatever the channel retains. */
  private static final long GRACE_MS = Duration.ofSeconds(20).toMillis();

  private static final long MAX_ROWS = 10_000;
  private static final int CLASS = 0x7469;

  private final PostgresSettings settings;
  private final Supplier<Collection<String>> used;
  private final AtomicBoolean running;
  private final String touch;
  private final String mine;
  private final String trim;
  private final String keys;
  private final String forget;

  Sweep(PostgresSettings settings, Supplier<Collection<String>> used, AtomicBoolean running) {
    this.settings = settings;
    this.used = used;
    this.running = running;
    touch =
        settings.sql(
            """
            with now as materialized (select :now as t), mine as (
              select c.topic from {channels} c, now
              where c.topic = any(?) and c.used_at < now.t - 60000
              order by c.topic for update of c)
            update {channels} c set used_at = now.t from mine, now where c.topic = mine.topic
            """);
    mine =
        settings.sql(
            "select pg_try_advisory_xact_lock("
                + CLASS
                + ", hashtext(cast('{channels}'::regclass::oid as text)))");
    trim =
        settings.sql(
            """
            with now as materialized (select :now as t)
            delete from {log} l using (
              select c.epoch, dead.until from now, {channels} c
              cross join lateral (
                select message_offset, stamp from {log} where epoch = c.epoch
                order by message_offset limit 1) oldest
              cross join lateral (
                select max(message_offset) as until from (
                  select message_offset, stamp from {log} where epoch = c.epoch
                  order by message_offset limit ?) old
                where old.stamp <= now.t - greatest(c.keep_ms, %1$d)
                  or old.stamp <= now.t - %1$d
                    and old.message_offset <= c.last_offset - c.keep_count) dead
              where oldest.stamp <= now.t - greatest(c.keep_ms, %1$d)
                or oldest.stamp <= now.t - %1$d
                  and oldest.message_offset <= c.last_offset - c.keep_count) d
            where l.epoch = d.epoch and l.message_offset <= d.until
            """
                .formatted(GRACE_MS));
    keys = settings.sql("delete from {keys} where stamp <= :now - " + KEY_MEMORY_MS);
    forget =
        settings.sql(
            """
            with now as materialized (select :now as t), gone as (
              delete from {channels} c using now
              where c.used_at < now.t - greatest(%d, c.keep_ms) returning c.epoch)
            delete from {log} l using gone where l.epoch = gone.epoch
            """
                .formatted(IDLE_MS));
  }

  @Override
  void run(Reads reads, Session session) throws SQLException {
    Connection connection = session.connection();
    Long now = settings.now(); // once: what is in use now is not forgotten a moment later
    touch(connection, now);
    try (PreparedStatement statement = connection.prepareStatement(mine);
        ResultSet row = statement.executeQuery()) {
      if (!row.next() || !row.getBoolean(1)) {
        return;
      }
    }
    delete(connection, trim, now, MAX_ROWS);
    delete(connection, keys, now, null);
    delete(connection, forget, now, null);
  }

  private void touch(Connection connection, @Nullable Long now) throws SQLException {
    Collection<String> topics = used.get();
    if (topics.isEmpty()) {
      return;
    }
    try (PreparedStatement statement = connection.prepareStatement(touch)) {
      var unused = new Parameters(connection, statement).add(now).add("text", topics);
      statement.execute();
    }
    connection.commit(); // who publishes there is not to wait for the rest
  }

  private void delete(Connection connection, String sql, @Nullable Long now, @Nullable Long limit)
      throws SQLException {
    try (PreparedStatement statement = connection.prepareStatement(sql)) {
      Parameters parameters = new Parameters(connection, statement).add(now);
      if (limit != null) {
        var unused = parameters.add(limit);
      }
      int rows = statement.executeUpdate();
      log.trace("{} rows deleted", rows);
    }
  }

  @Override
  void done() {
    running.set(false);
  }

  @Override
  void failed(RealtimeException why) {
    running.set(false);
    log.atDebug()
        .addKeyValue("part", "broker")
        .setCause(why)
        .log("What is too old could not be deleted; the next attempt follows");
  }
}
