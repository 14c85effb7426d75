package dev.tidewire.changes.history;

import java.util.LinkedHashMap;
import java.util.Map;
import org.jooq.DSLContext;

/**
 * Keeps each channel at its limit without counting its rows at every message: it remembers how many
 * there are, and counts again now and then because other nodes write and delete, too. For the
 * writer's thread alone.
 */
final class HistoryTrim {

  /** Up to here a limit is kept exactly; finding the first row too many then costs next to none. */
  private static final int EXACT = 1_000;

  private static final int MAX_CHANNELS = 10_000;

  private record Rows(int rows, int addedSinceCount) {}

  private final HistoryTable table;
  private final Map<String, Rows> known =
      new LinkedHashMap<>(16, 0.75f, true) {
        private static final long serialVersionUID = 1L;

        @Override
        protected boolean removeEldestEntry(Map.Entry<String, Rows> eldest) {
          return size() > MAX_CHANNELS;
        }
      };

  HistoryTrim(HistoryTable table) {
    this.table = table;
  }

  /** After {@code added} rows of a channel were inserted: deletes what is too many. */
  void trim(DSLContext db, String topic, int added, int limit) {
    Rows before = known.get(topic);
    Rows now =
        before == null || before.addedSinceCount() + added > limit / 8 + 64
            ? new Rows(table.count(db, topic), 0)
            : new Rows(before.rows() + added, before.addedSinceCount() + added);
    if (now.rows() > limit + slack(limit)) {
      table.trim(db, topic, limit);
      now = new Rows(limit, now.addedSinceCount());
    }
    known.put(topic, now);
  }

  private static int slack(int limit) {
    return limit <= EXACT ? 0 : limit / 8;
  }

  /** What was remembered does not hold any more: the transaction failed, or rows were deleted. */
  void forget() {
    known.clear();
  }
}
