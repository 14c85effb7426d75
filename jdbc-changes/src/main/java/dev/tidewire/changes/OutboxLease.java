package dev.tidewire.changes;

import static dev.tidewire.changes.OutboxConnections.update;

import dev.tidewire.channel.Position;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * Says which node relays an outbox whose broker several nodes share: a row with its owner, a beat
 * that changes while the owner lives, and the number up to which everything is published. It is
 * changed by compare-and-set alone.
 *
 * <p>A node judges by its own monotonic clock whether the row still changes, and how long it may
 * publish itself. How old a publication may be whose fate is not known is counted by the database's
 * clock as well, the only one that outlives a node.
 *
 * <p>For the relay's thread, except where it says otherwise.
 */
final class OutboxLease {

  private static final String ROW = ">";
  private static final int MAX_TOPIC = 254;

  /**
   * What the row says.
   *
   * @param owner empty if nobody
   * @param done everything up to this number is published
   * @param newest the last number in the outbox, or {@code done} if that is later
   * @param seconds by the database's clock, since 1970
   */
  record State(String owner, long done, Beat beat, long newest, long seconds) {}

  /**
   * A sign of life.
   *
   * @param seconds when, by the database's clock; rather too early
   * @param ageMillis for how long something has been sent whose fate is not known; negative if
   *     there is no such thing
   */
  record Beat(long count, long seconds, long ageMillis) {

    static final Beat NONE = new Beat(0, 0, -1);

    static Beat parse(String text) {
      String[] parts = text.split(" ", 3);
      return new Beat(Long.parseLong(parts[0]), Long.parseLong(parts[1]), Long.parseLong(parts[2]));
    }

    String text() {
      return count + " " + seconds + " " + ageMillis;
    }
  }

  /**
   * Where a channel stood when everything up to a number was published, and nothing after it.
   *
   * @param position null if that is not known
   */
  record Place(long done, @Nullable Position position) {}

  /**
   * What whoever takes over finds.
   *
   * @param ageMillis for how long something after {@code done} may have been sent; negative if
   *     nothing was
   * @param abandoned whether the owner before did not release it
   */
  record Taken(long done, long newest, long ageMillis, boolean abandoned) {}

  private final OutboxConnections connections;
  private final OutboxSchema schema;
  private final LeaseTimes times;
  private final String self = OutboxTable.random();
  private @Nullable State seen;
  private long seenNanos;
  private long lookedNanos;
  private long beatNanos;
  private long untilNanos;
  private long seconds;
  private long count;
  private volatile boolean mine;

  OutboxLease(OutboxTable table, LeaseTimes times) {
    connections = table.connections();
    schema = table.schema();
    this.times = times;
    lookedNanos = System.nanoTime() - times.lease().toNanos();
  }

  /** Makes the row, in a transaction that holds the outbox's lock. */
  static void create(Connection connection, OutboxSchema schema, long done) throws SQLException {
    update(
        connection,
        "insert into "
            + schema.channels()
            + " (topic, epoch, base, layout) values (?, '', %d, ?)".formatted(done),
        ROW,
        Beat.NONE.text());
  }

  static boolean isThere(Iterable<String> topics) {
    for (String topic : topics) {
      if (topic.equals(ROW)) {
        return true;
      }
    }
    return false;
  }

  /** Asks the database, and remembers nothing. Safe for any thread. */
  State read() throws SQLException {
    String sql =
        "select epoch, base, layout, (select max(seq) from "
            + schema.outbox()
            + "), "
            + schema.seconds()
            + " from "
            + schema.channels()
            + " where topic = '"
            + ROW
            + "'";
    return connections.alone(
        connection -> {
          try (Statement statement = connection.createStatement();
              ResultSet row = statement.executeQuery(sql)) {
            if (!row.next()) {
              throw new SQLException("the outbox has lost the row of its lease");
            }
            long done = row.getLong(2);
            return new State(
                row.getString(1),
                done,
                Beat.parse(row.getString(3)),
                Math.max(done, row.getLong(4)),
                row.getLong(5));
          }
        });
  }

  /** Where a channel stands by what is noted with the row. Safe for any thread. */
  Place place(String topic) throws SQLException {
    String sql =
        "select l.base, p.epoch, p.base from %1$s l left join %1$s p on p.topic = ?"
                .formatted(schema.channels())
            + " where l.topic = '"
            + ROW
            + "'";
    return connections.alone(
        connection -> {
          try (PreparedStatement statement = connection.prepareStatement(sql)) {
            statement.setString(1, ROW + topic);
            try (ResultSet row = statement.executeQuery()) {
              row.next();
              String epoch = row.getString(2);
              return new Place(
                  row.getLong(1), epoch == null ? null : new Position(epoch, row.getLong(3)));
            }
          }
        });
  }

  boolean isLookDue(long everyNanos) {
    return System.nanoTime() - lookedNanos >= everyNanos;
  }

  boolean isBeatDue() {
    return System.nanoTime() - beatNanos >= times.beat().toNanos();
  }

  /** Looks at the row, and notes since when it has been as it is. */
  State look() throws SQLException {
    lookedNanos = System.nanoTime();
    State now = read();
    State before = seen;
    boolean moved =
        before == null || !now.owner().equals(before.owner()) || !now.beat().equals(before.beat());
    if (moved) {
      seenNanos = System.nanoTime();
    }
    seen = now;
    seconds = now.seconds();
    if (!now.owner().equals(self)) {
      mine = false;
    }
    return now;
  }

  /** Whether the row, as it was seen last, has been still for too long, or belongs to nobody. */
  boolean mayBeTaken() {
    State last = seen;
    return last != null
        && !mine
        && (last.owner().isEmpty()
            || last.owner().equals(self)
            || lookedNanos - seenNanos >= times.lease().toNanos());
  }

  /** Takes it as it was seen last; null if another was faster. */
  @Nullable Taken take() throws SQLException {
    State last = seen;
    if (last == null) {
      return null;
    }
    long start = System.nanoTime();
    long age = last.beat().ageMillis();
    boolean released = last.owner().isEmpty();
    if (!released || age >= 0) {
      long still = (start - seenNanos) / 1_000_000;
      age = Math.max(age, 0) + Math.max(still, 1_000 * (last.seconds() - last.beat().seconds()));
    }
    Beat beat = new Beat(last.beat().count() + 1, last.seconds(), age);
    boolean taken =
        connections.inTransaction(
                connection ->
                    update(
                        connection,
                        "update "
                            + schema.channels()
                            + " set epoch = ?, layout = ? where topic = ? and epoch = ?"
                            + " and layout = ?",
                        self,
                        beat.text(),
                        ROW,
                        last.owner(),
                        last.beat().text()))
            > 0;
    if (!taken) {
      return null;
    }
    count = beat.count();
    long newest = look().newest(); // whatever the owner before can have sent is there now
    held(start);
    return new Taken(last.done(), newest, age, !released && !last.owner().equals(self));
  }

  /**
   * Gives a sign of life and notes what is published.
   *
   * @param places the channels that have moved
   * @return false if another node has taken over
   */
  boolean renew(long done, long ageMillis, Map<String, Position> places) throws SQLException {
    long start = System.nanoTime();
    Beat beat = new Beat(++count, seconds, ageMillis);
    boolean kept =
        connections.inTransaction(
            connection -> {
              // nobody else ever has this name: who finds it has not been replaced
              if (!set(connection, self, done, beat)) {
                return false;
              }
              for (Map.Entry<String, Position> each : places.entrySet()) {
                put(connection, each.getKey(), each.getValue());
              }
              return true;
            });
    if (kept) {
      held(start);
    } else {
      mine = false;
    }
    return kept;
  }

  private void held(long start) {
    mine = true;
    beatNanos = start;
    untilNanos = start + times.ownNanos();
  }

  /** Lets another node take over at once. */
  void release(long done, long ageMillis) throws SQLException {
    mine = false;
    Beat beat = new Beat(++count, seconds, ageMillis);
    connections.inTransaction(connection -> set(connection, "", done, beat));
  }

  private boolean set(Connection connection, String owner, long done, Beat beat)
      throws SQLException {
    String sql =
        "update %s set epoch = ?, base = %d, layout = ? where topic = ? and epoch = ?"
            .formatted(schema.channels(), done);
    return update(connection, sql, owner, beat.text(), ROW, self) > 0;
  }

  private void put(Connection connection, String topic, Position position) throws SQLException {
    if (topic.length() > MAX_TOPIC) {
      return; // it has no room for the mark
    }
    String sql =
        "update %s set epoch = ?, base = %d where topic = ?"
            .formatted(schema.channels(), position.offset());
    if (update(connection, sql, position.epoch(), ROW + topic) == 0) {
      update(
          connection,
          "insert into %s (topic, epoch, base, layout) values (?, ?, %d, '')"
              .formatted(schema.channels(), position.offset()),
          ROW + topic,
          position.epoch());
    }
  }

  /** What this node is called in the table. Safe for any thread. */
  String self() {
    return self;
  }

  /** Whether this node is the owner, as far as it knows. Safe for any thread. */
  boolean isMine() {
    return mine;
  }

  /** Whether nobody else can have taken over yet. */
  boolean maySend() {
    return mine && System.nanoTime() - untilNanos < 0;
  }

  /** The database's clock, when it was asked last. */
  long seconds() {
    return seconds;
  }
}
