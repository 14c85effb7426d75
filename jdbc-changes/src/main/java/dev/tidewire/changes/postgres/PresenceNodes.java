package dev.tidewire.changes.postgres;

import dev.tidewire.RealtimeException;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Which nodes are alive. Each counts up in a row of its own; one whose count stands still while
 * this node has looked regularly is dead, whatever the clocks say. Used by the lane's thread only,
 * but for {@link #forgetLooks}.
 */
final class PresenceNodes {

  private static final Logger log = LoggerFactory.getLogger(PresenceNodes.class);

  private static final long DEAD_NANOS = Duration.ofSeconds(6).toNanos();

  /** After a longer pause between two looks this node cannot tell who was alive meanwhile. */
  private static final long REGULAR_NANOS = Duration.ofSeconds(3).toNanos();

  private record Look(long beat, long since) {}

  /** What a look at the nodes came to. */
  interface Verdict {

    /** Somebody took this node for dead, and its members away. */
    void wasTakenForDead();

    /** A node is dead: this is to be done about it. */
    void dead(Presences.Task bury);

    /** The members that a dead node left behind. */
    void orphans(String node, long beat, List<Presences.Change> orphans);
  }

  /** Makes the change that takes an orphan away. */
  interface Orphan {
    Presences.Change leave(String topic, String userId, String connectionId);
  }

  private final String node;
  private final Verdict verdict;
  private final Orphan orphan;
  private final Map<String, Look> others = new HashMap<>();
  private volatile boolean irregular;
  private long lastLook = System.nanoTime();
  private long beat;

  PresenceNodes(String node, Verdict verdict, Orphan orphan) {
    this.node = node;
    this.verdict = verdict;
    this.orphan = orphan;
  }

  /** The database was away: the others may not have been able to count. */
  void forgetLooks() {
    irregular = true;
  }

  /** Counts up, looks at the others. */
  final class Beat extends Presences.Task {
    private final Runnable ended;
    private final Map<String, Long> beats = new HashMap<>();

    Beat(Runnable ended) {
      this.ended = ended;
    }

    @Override
    void run(Presences presences, Session session) throws SQLException {
      beats.clear();
      try (PreparedStatement statement =
          session
              .connection()
              .prepareStatement(
                  presences.sql(
                      """
                      insert into {nodes} (node, beat) values (?, 1)
                      on conflict (node) do update set beat = {nodes}.beat + 1
                      """))) {
        statement.setString(1, node);
        statement.execute();
      }
      try (PreparedStatement statement =
              session
                  .connection()
                  .prepareStatement(presences.sql("select node, beat from {nodes}"));
          ResultSet rows = statement.executeQuery()) {
        while (rows.next()) {
          beats.put(rows.getString(1), rows.getLong(2));
        }
      }
    }

    @Override
    void done() {
      ended.run();
      look(beats);
    }

    @Override
    void failed(RealtimeException why) {
      ended.run();
      forgetLooks();
    }
  }

  private void look(Map<String, Long> beats) {
    long now = System.nanoTime();
    if (irregular || now - lastLook > REGULAR_NANOS) {
      irregular = false;
      others.clear();
    }
    lastLook = now;
    long mine = beats.getOrDefault(node, 0L);
    boolean expected = mine > beat;
    beat = mine;
    if (!expected) {
      log.atWarn()
          .addKeyValue("node", node)
          .log("This node was taken for dead; its members join again");
      verdict.wasTakenForDead();
    }
    others.keySet().retainAll(beats.keySet());
    beats.forEach(
        (other, count) -> {
          Look before = others.get(other);
          if (other.equals(node)) {
            return;
          }
          if (before == null || before.beat() != count) {
            others.put(other, new Look(count, now));
          } else if (now - before.since() >= DEAD_NANOS) {
            others.put(other, new Look(count, now)); // once more, if this should fail
            log.atInfo().addKeyValue("node", other).log("A node is dead; its members leave");
            verdict.dead(new Bury(other, count));
          }
        });
  }

  /** Finds what a dead node left. */
  private final class Bury extends Presences.Task {
    private final String other;
    private final long count;
    private final List<Presences.Change> found = new ArrayList<>();

    Bury(String other, long count) {
      this.other = other;
      this.count = count;
    }

    @Override
    void run(Presences presences, Session session) throws SQLException {
      found.clear();
      try (PreparedStatement statement =
          session
              .connection()
              .prepareStatement(
                  presences.sql(
                      "select topic, user_id, connection_id from {links} where node = ?"))) {
        statement.setString(1, other);
        try (ResultSet rows = statement.executeQuery()) {
          while (rows.next()) {
            found.add(orphan.leave(rows.getString(1), rows.getString(2), rows.getString(3)));
          }
        }
      }
    }

    @Override
    void done() {
      verdict.orphans(other, count, found);
    }

    @Override
    void failed(RealtimeException why) {
      log.atDebug()
          .addKeyValue("node", other)
          .setCause(why)
          .log("A dead node could not be looked after; the next attempt follows");
    }
  }

  /** Takes a node out, unless it counts again or somebody is left. */
  static final class Remove extends Presences.Task {
    private final String other;
    private final long count;

    /**
     * @param count up to which it counted, negative for any
     */
    Remove(String other, long count) {
      this.other = other;
      this.count = count;
    }

    @Override
    void run(Presences presences, Session session) throws SQLException {
      try (PreparedStatement statement =
          session
              .connection()
              .prepareStatement(
                  presences.sql(
                      """
                      delete from {nodes} n where n.node = ? and (? or n.beat = ?)
                        and not exists (select 1 from {links} l where l.node = n.node)
                      """))) {
        statement.setString(1, other);
        statement.setBoolean(2, count < 0);
        statement.setLong(3, count);
        statement.execute();
      }
    }

    @Override
    void done() {}

    @Override
    void failed(RealtimeException why) {
      log.atDebug()
          .addKeyValue("node", other)
          .setCause(why)
          .log("A dead node could not be removed; the next attempt follows");
    }
  }
}
