package dev.tidewire.changes.postgres;

import static java.nio.charset.StandardCharsets.UTF_8;

import dev.tidewire.RealtimeException;
import dev.tidewire.broker.Broker.Appended;
import dev.tidewire.channel.ChannelOptions;
import dev.tidewire.channel.Draft;
import dev.tidewire.channel.Position;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashMap;
import java.util.HexFormat;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.TreeSet;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import org.jspecify.annotations.Nullable;

/**
 * Gives publications their places: locks the rows of their channels, looks up idempotency keys,
 * then one statement moves the channels on, writes log and keys, and notifies the nodes. Safe for
 * any thread.
 */
final class Appends implements Lane.Work<Appends.Step> {

  private static final long KEY_MEMORY_MS = Duration.ofMinutes(5).toMillis();

  /** What a publication takes beside its bytes while it waits. */
  private static final int OVERHEAD = 500;

  private final StreamRows rows;
  private final String keys;
  private final String write;

  Appends(PostgresSettings settings, StreamRows rows) {
    this.rows = rows;
    keys =
        settings.sql("select hash, epoch, message_offset, stamp from {keys} where hash = any(?)");
    write =
        settings.sql(
            """
            with ended as (delete from {log} where epoch = any(?)),
            moved as (
              update {channels} c set epoch = n.epoch, last_offset = n.last_offset,
                last_stamp = n.stamp, last_persisted = n.persisted, keep_count = n.keep_count,
                keep_ms = n.keep_ms, used_at = ?
              from unnest(?::text[], ?::text[], ?::int8[], ?::int8[], ?::int8[], ?::int4[], ?::int8[])
                n(topic, epoch, last_offset, stamp, persisted, keep_count, keep_ms)
              where c.topic = n.topic),
            kept as (
              insert into {log} (epoch, message_offset, stamp, draft)
              select * from unnest(?::text[], ?::int8[], ?::int8[], ?::bytea[])),
            named as (
              insert into {keys} (hash, epoch, message_offset, stamp)
              select * from unnest(?::bytea[], ?::text[], ?::int8[], ?::int8[])
              on conflict (hash) do update set epoch = excluded.epoch,
                message_offset = excluded.message_offset, stamp = excluded.stamp)
            select pg_notify(?, message) from unnest(?::text[]) message
            """);
  }

  /** What waits for a channel's row. */
  abstract static class Step extends Lane.Task {
    abstract String topic();
  }

  /** How far is the channel before whatever is appended next? */
  static final class Look extends Step {
    private final String topic;
    private final CompletableFuture<Position> answer = new CompletableFuture<>();
    private @Nullable Position found;

    Look(String topic) {
      this.topic = topic;
    }

    CompletionStage<Position> answer() {
      return answer;
    }

    @Override
    String topic() {
      return topic;
    }

    @Override
    void done() {
      answer.complete(Objects.requireNonNull(found));
    }

    @Override
    void failed(RealtimeException why) {
      answer.completeExceptionally(why);
    }
  }

  /** A publication that waits for its place. */
  static final class Append extends Step {
    private final Draft draft;
    private final byte[] bytes;
    private final ChannelOptions options;
    private final @Nullable String key;
    private final @Nullable Position known;
    private final CompletableFuture<Appended> answer = new CompletableFuture<>();
    private @Nullable Appended appended;

    Append(
        Draft draft,
        ChannelOptions options,
        @Nullable String idempotencyKey,
        @Nullable Position known) {
      this.draft = draft;
      this.bytes = Message.bytes(draft);
      this.options = options;
      this.known = known;
      key = idempotencyKey == null ? null : hash(draft.topic(), idempotencyKey);
    }

    /** A topic has no blank. */
    private static String hash(String topic, String key) {
      try {
        byte[] text = (topic + ' ' + key).getBytes(UTF_8);
        return HexFormat.of().formatHex(MessageDigest.getInstance("SHA-256").digest(text));
      } catch (NoSuchAlgorithmException e) {
        throw new IllegalStateException(e); // every Java has it
      }
    }

    CompletionStage<Appended> answer() {
      return answer;
    }

    @Override
    String topic() {
      return draft.topic();
    }

    @Override
    int bytes() {
      return bytes.length + OVERHEAD;
    }

    @Override
    void done() {
      answer.complete(Objects.requireNonNull(appended));
    }

    @Override
    void failed(RealtimeException why) {
      answer.completeExceptionally(why);
    }
  }

  /** A row of the log, or of the keys. */
  @SuppressWarnings("ArrayRecordComponent") // only carried
  private record Entry(byte[] bytes, Position at, long stamp) {}

  /** What a batch comes to. */
  private static final class Outcome {
    final List<String> ended = new ArrayList<>();
    final List<Entry> log = new ArrayList<>();
    final Map<String, Entry> keys = new LinkedHashMap<>();
    final List<String> messages = new ArrayList<>();
  }

  @Override
  public void run(Session session, List<Step> batch) throws SQLException {
    Connection connection = session.connection();
    Collection<String> topics = new TreeSet<>();
    List<String> hashes = new ArrayList<>();
    for (Step step : batch) {
      topics.add(step.topic());
      if (step instanceof Append append && append.key != null) {
        hashes.add(append.key);
      }
    }
    StreamRows.Locked locked = rows.lock(connection, topics);
    Map<String, Appended> known = known(connection, hashes, locked.now());
    Outcome outcome = new Outcome();
    for (Step step : batch) {
      if (step instanceof Look look) {
        look.found = locked.of(look.topic).position();
      } else if (step instanceof Append append) {
        append.appended = appended(append, locked, known, outcome);
      }
    }
    if (!outcome.messages.isEmpty()) {
      write(session, locked, outcome);
    }
  }

  private Appended appended(
      Append append, StreamRows.Locked locked, Map<String, Appended> known, Outcome outcome) {
    if (append.key == null) {
      return place(append, locked, outcome);
    }
    Appended first = known.get(append.key);
    if (first != null) {
      return new Appended(first.position(), first.timestamp(), true);
    }
    Appended placed = place(append, locked, outcome);
    known.put(append.key, placed);
    outcome.keys.put(
        append.key,
        new Entry(HexFormat.of().parseHex(append.key), placed.position(), placed.timestamp()));
    return placed;
  }

  private Appended place(Append append, StreamRows.Locked locked, Outcome outcome) {
    StreamRow row = locked.of(append.draft.topic());
    row.renew(append.known, rows.freshEpoch(), outcome.ended);
    Position at = row.next(append.options, append.draft.persist(), locked.now());
    Message message = new Message(Message.PUBLISHED, row.topic(), at, row.stamp(), append.bytes);
    outcome.messages.add(message.text());
    if (!row.keepsNothing() || !message.isWhole()) {
      outcome.log.add(new Entry(append.bytes, at, row.stamp()));
    }
    return new Appended(at, row.stamp(), false);
  }

  /** The first answers to those keys that are remembered. */
  private Map<String, Appended> known(Connection connection, List<String> hashes, long now)
      throws SQLException {
    Map<String, Appended> known = new HashMap<>();
    if (hashes.isEmpty()) {
      return known;
    }
    try (PreparedStatement statement = connection.prepareStatement(keys)) {
      var unused =
          new Parameters(connection, statement)
              .addBytes(hashes.stream().map(HexFormat.of()::parseHex).toArray(byte[][]::new));
      try (ResultSet found = statement.executeQuery()) {
        while (found.next()) {
          Position at = new Position(found.getString(2), found.getLong(3));
          long stamp = found.getLong(4);
          if (stamp + KEY_MEMORY_MS > now) {
            known.put(HexFormat.of().formatHex(found.getBytes(1)), new Appended(at, stamp, true));
          }
        }
      }
    }
    return known;
  }

  private void write(Session session, StreamRows.Locked locked, Outcome outcome)
      throws SQLException {
    Connection connection = session.connection();
    List<StreamRow> moved = List.copyOf(locked.byTopic().values());
    try (PreparedStatement statement = connection.prepareStatement(write)) {
      Parameters values = new Parameters(connection, statement);
      values.add("text", outcome.ended);
      values.add(locked.now());
      values.add("text", moved.stream().map(StreamRow::topic).toList());
      values.add("text", moved.stream().map(row -> row.position().epoch()).toList());
      values.add("int8", moved.stream().map(row -> row.position().offset()).toList());
      values.add("int8", moved.stream().map(StreamRow::stamp).toList());
      values.add("int8", moved.stream().map(StreamRow::persisted).toList());
      values.add("int4", moved.stream().map(StreamRow::keepCount).toList());
      values.add("int8", moved.stream().map(StreamRow::keepMillis).toList());
      values.add("text", outcome.log.stream().map(entry -> entry.at().epoch()).toList());
      values.add("int8", outcome.log.stream().map(entry -> entry.at().offset()).toList());
      values.add("int8", outcome.log.stream().map(Entry::stamp).toList());
      values.addBytes(outcome.log.stream().map(Entry::bytes).toArray(byte[][]::new));
      Collection<Entry> named = outcome.keys.values();
      values.addBytes(named.stream().map(Entry::bytes).toArray(byte[][]::new));
      values.add("text", named.stream().map(entry -> entry.at().epoch()).toList());
      values.add("int8", named.stream().map(entry -> entry.at().offset()).toList());
      values.add("int8", named.stream().map(Entry::stamp).toList());
      values.add(session.channel());
      values.add("text", outcome.messages);
      statement.execute();
    }
  }
}
