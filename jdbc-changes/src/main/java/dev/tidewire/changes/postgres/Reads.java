package dev.tidewire.changes.postgres;

import dev.tidewire.RealtimeException;
import dev.tidewire.broker.Broker.ReadLimit;
import dev.tidewire.broker.Tail;
import dev.tidewire.channel.Position;
import dev.tidewire.channel.Publication;
import dev.tidewire.protocol.FrameCodec;
import dev.tidewire.protocol.FrameIds;
import dev.tidewire.protocol.StoredDraft;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.TreeMap;
import java.util.concurrent.CompletableFuture;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Reads how far channels are, for many in one statement, and what they keep. Safe for any thread.
 */
final class Reads implements Lane.Work<Reads.Read> {

  private static final Logger log = LoggerFactory.getLogger(Reads.class);

  private final PostgresSettings settings;
  private final StreamRows rows;
  private final FrameCodec codec = new FrameCodec(new FrameIds("postgres"), 1);
  private final String positions;
  private final String renew;
  private final String read;

  Reads(PostgresSettings settings, StreamRows rows) {
    this.settings = settings;
    this.rows = rows;
    positions =
        settings.sql("select topic, epoch, last_offset from {channels} where topic = any(?)");
    renew =
        settings.sql(
            """
            with ended as (delete from {log} where epoch = any(?))
            update {channels} set epoch = ?, last_offset = ? where topic = ?
            """);
    read =
        settings.sql(
            """
            select c.epoch, c.last_offset, l.message_offset, l.stamp, l.draft
            from {channels} c left join lateral (
              select *, sum(octet_length(draft)) over (order by message_offset desc) as bytes
              from {log}
              where epoch = c.epoch and c.epoch = ? and message_offset > ?
                and c.last_offset - ? <= ?
                and (? or message_offset > c.last_offset - c.keep_count
                  and stamp > :now - c.keep_ms)) l on l.bytes <= ?
            where c.topic = ? order by l.message_offset
            """);
  }

  /** Something to be read, or looked after. */
  abstract static class Read extends Lane.Task {
    abstract void run(Reads reads, Session session) throws SQLException;
  }

  /** One that is answered. */
  abstract static class Asked<A> extends Read {
    final CompletableFuture<A> answer = new CompletableFuture<>();
    @Nullable A found;

    @Override
    void done() {
      answer.complete(Objects.requireNonNull(found));
    }

    @Override
    void failed(RealtimeException why) {
      answer.completeExceptionally(why);
    }
  }

  /** How far is the channel? */
  static final class Check extends Asked<Position> {
    private final String topic;
    private final @Nullable Position known;

    Check(String topic, @Nullable Position known) {
      this.topic = topic;
      this.known = known;
    }

    private boolean isAnswer(@Nullable Position present) {
      return present != null
          && (known == null
              || !known.epoch().equals(present.epoch())
              || known.offset() <= present.offset());
    }

    @Override
    void run(Reads reads, Session session) throws SQLException {
      found = reads.renewed(session.connection(), topic, known);
    }
  }

  /** What came after a position? */
  static final class Since extends Asked<Tail> {
    private final String topic;
    private final @Nullable Position since;
    private final ReadLimit limit;
    private final boolean everything;

    /**
     * @param everything that is still there, whether the channel's options retain it or not
     */
    Since(String topic, @Nullable Position since, ReadLimit limit, boolean everything) {
      this.topic = topic;
      this.since = since;
      this.limit = limit;
      this.everything = everything;
    }

    @Override
    void run(Reads reads, Session session) throws SQLException {
      Tail tail = reads.tail(session.connection(), this);
      if (tail == null) {
        var unused = reads.rows.lock(session.connection(), List.of(topic)); // makes it
        tail = reads.tail(session.connection(), this);
      }
      if (tail == null) {
        throw new SQLException("a channel vanished as soon as it was made", "40001");
      }
      found = tail;
    }
  }

  @Override
  public void run(Session session, List<Read> batch) throws SQLException {
    Map<String, Position> present = positions(session.connection(), batch);
    // Those that lock something in the order of the names.
    TreeMap<String, List<Check>> open = new TreeMap<>();
    for (Read read : batch) {
      if (!(read instanceof Check check)) {
        continue;
      }
      Position at = present.get(check.topic);
      if (check.isAnswer(at)) {
        check.found = at;
      } else {
        open.computeIfAbsent(check.topic, t -> new ArrayList<>()).add(check);
      }
    }
    for (List<Check> checks : open.values()) {
      for (Check check : checks) {
        check.run(this, session);
      }
    }
    for (Read read : batch) {
      if (!(read instanceof Check)) {
        read.run(this, session);
      }
    }
  }

  private Map<String, Position> positions(Connection connection, List<Read> batch)
      throws SQLException {
    Map<String, Position> found = new TreeMap<>();
    List<String> topics = new ArrayList<>();
    for (Read read : batch) {
      if (read instanceof Check check) {
        topics.add(check.topic);
      }
    }
    if (topics.isEmpty()) {
      return found;
    }
    try (PreparedStatement statement = connection.prepareStatement(positions)) {
      var unused = new Parameters(connection, statement).add("text", topics);
      try (ResultSet result = statement.executeQuery()) {
        while (result.next()) {
          found.put(result.getString(1), new Position(result.getString(2), result.getLong(3)));
        }
      }
    }
    return found;
  }

  /** Makes the channel, or begins a new epoch if it has forgotten what a node has heard. */
  private Position renewed(Connection connection, String topic, @Nullable Position known)
      throws SQLException {
    StreamRow row = rows.lock(connection, List.of(topic)).of(topic);
    List<String> ended = new ArrayList<>();
    row.renew(known, rows.freshEpoch(), ended);
    if (!ended.isEmpty()) {
      log.atWarn()
          .addKeyValue("channel", topic)
          .log("Channel {} has forgotten {}: it begins anew", topic, known);
      try (PreparedStatement statement = connection.prepareStatement(renew)) {
        var unused =
            new Parameters(connection, statement)
                .add("text", ended)
                .add(row.position().epoch())
                .add(row.position().offset())
                .add(topic);
        statement.execute();
      }
    }
    return row.position();
  }

  /** Null if there is no such channel. */
  private @Nullable Tail tail(Connection connection, Since asked) throws SQLException {
    Position since = asked.since;
    Position present = null;
    long bytes = 0;
    List<Publication> found = new ArrayList<>();
    boolean readable = true;
    try (PreparedStatement statement = connection.prepareStatement(read)) {
      var unused =
          new Parameters(connection, statement)
              .add(since == null ? "" : since.epoch())
              .add(since == null ? 0 : since.offset())
              .add(since == null ? 0 : since.offset())
              .add((long) asked.limit.count())
              .add(asked.everything)
              .add(settings.now())
              .add((long) asked.limit.bytes())
              .add(asked.topic);
      try (ResultSet rowsFound = statement.executeQuery()) {
        while (rowsFound.next()) {
          present = new Position(rowsFound.getString(1), rowsFound.getLong(2));
          byte[] draft = rowsFound.getBytes(5);
          if (draft != null && readable) {
            Publication publication =
                publication(
                    asked.topic,
                    new Position(present.epoch(), rowsFound.getLong(3)),
                    rowsFound.getLong(4),
                    draft);
            readable = publication != null;
            if (publication != null) {
              found.add(publication);
              bytes += publication.frame().length;
            }
          }
        }
      }
    }
    if (present == null) {
      return null;
    }
    if (since == null) {
      return new Tail(present, Tail.Outcome.COMPLETE, List.of());
    }
    if (!since.epoch().equals(present.epoch()) || since.offset() > present.offset()) {
      return new Tail(present, Tail.Outcome.EPOCH, List.of());
    }
    boolean complete =
        readable
            && found.size() == present.offset() - since.offset()
            && bytes <= asked.limit.bytes();
    return complete
        ? new Tail(present, Tail.Outcome.COMPLETE, List.copyOf(found))
        : new Tail(present, Tail.Outcome.EVICTED, List.of());
  }

  private @Nullable Publication publication(String topic, Position at, long stamp, byte[] draft) {
    try {
      return StoredDraft.read(topic, draft, 0, codec).at(at, stamp);
    } catch (IllegalArgumentException e) {
      log.atError()
          .addKeyValue("channel", topic)
          .setCause(e)
          .log("The log of channel {} cannot be read; readers are told to reload", topic);
      return null;
    }
  }
}
