package dev.tidewire.changes;

import dev.tidewire.changes.CapturePlan.Again;
import dev.tidewire.changes.CapturePlan.Expects;
import dev.tidewire.channel.Operation;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * Reads rows once more after a statement, by their keys, and tells what it changed by what differs.
 * All rows that it can have touched must have been read, and locked, before. Used by one thread.
 */
final class Reread {

  private static final int KEYS_AT_ONCE = 200;

  private final CapturePlan plan;
  private final Again again;
  private final CapturedWrite.Port port;
  private final Set<List<Object>> keys = new LinkedHashSet<>();

  Reread(CapturePlan plan, Again again, CapturedWrite.Port port) {
    this.plan = plan;
    this.again = again;
    this.port = port;
  }

  /** Remembers the key of a row, its first column at {@code offset}. */
  void note(ResultSet row, int offset) throws SQLException {
    keys.add(plan.meta().rawKey(row, offset));
  }

  /**
   * Tells the changes.
   *
   * @param before the rows read before the statement
   * @param count rows written, as the statement says
   * @return null if what came out is not what must have
   */
  @Nullable List<Change> changes(
      Connection connection, List<List<@Nullable Object>> before, long count, Actor actor)
      throws SQLException {
    if (count == 0 && before.isEmpty()) {
      return List.of();
    }
    Map<List<@Nullable Object>, List<@Nullable Object>> after = new LinkedHashMap<>();
    if (again.expects() == Expects.SAME || again.expects() == Expects.ANY) {
      readByKey(connection, after);
    }
    Piece also = again.also();
    if (also != null) {
      try (PreparedStatement select = connection.prepareStatement(sql(also.text()))) {
        port.bind(select, also.parameters());
        read(select, after);
      }
    }
    return switch (again.expects()) {
      case SAME -> same(before, after, count) ? differences(before, after, actor) : null;
      case MOVED -> moved(before, after, count, actor);
      case GONE -> before.size() == count ? differences(before, after, actor) : null;
      case ADDED -> after.size() == count ? differences(before, after, actor) : null;
      case ANY -> any(connection, before, after, count) ? differences(before, after, actor) : null;
    };
  }

  private static boolean same(
      List<List<@Nullable Object>> before,
      Map<List<@Nullable Object>, List<@Nullable Object>> after,
      long count) {
    return after.size() == before.size() && count == before.size();
  }

  private @Nullable List<Change> moved(
      List<List<@Nullable Object>> before,
      Map<List<@Nullable Object>, List<@Nullable Object>> after,
      long count,
      Actor actor) {
    if (before.size() != 1 || after.size() != 1 || count != 1) {
      return null;
    }
    List<@Nullable Object> row = after.values().iterator().next();
    Change change = plan.meta().change(Operation.UPDATE, before.get(0), row, actor);
    return change == null ? List.of() : List.of(change);
  }

  /**
   * Whether it is certain that each row that is new was not there before. Below REPEATABLE READ
   * nothing keeps another writer from bringing it in between.
   */
  private boolean any(
      Connection connection,
      List<List<@Nullable Object>> before,
      Map<List<@Nullable Object>, List<@Nullable Object>> after,
      long count)
      throws SQLException {
    if (count > 0 && after.isEmpty()) {
      return false;
    }
    Set<List<@Nullable Object>> known = new LinkedHashSet<>();
    before.forEach(row -> known.add(plan.meta().keyOf(row)));
    return known.containsAll(after.keySet())
        || connection.getTransactionIsolation() >= Connection.TRANSACTION_REPEATABLE_READ;
  }

  private List<Change> differences(
      List<List<@Nullable Object>> before,
      Map<List<@Nullable Object>, List<@Nullable Object>> after,
      Actor actor) {
    TableMeta meta = plan.meta();
    List<@Nullable Change> changes = new ArrayList<>();
    Map<List<@Nullable Object>, List<@Nullable Object>> old = new LinkedHashMap<>();
    for (List<@Nullable Object> row : before) {
      old.put(meta.keyOf(row), row);
      if (!after.containsKey(meta.keyOf(row))) {
        changes.add(meta.change(Operation.DELETE, row, null, actor));
      }
    }
    after.forEach(
        (key, row) -> {
          List<@Nullable Object> was = old.get(key);
          Operation operation = was == null ? Operation.INSERT : Operation.UPDATE;
          changes.add(meta.change(operation, was, row, actor));
        });
    List<Change> told = new ArrayList<>(changes.size());
    for (Change change : changes) {
      if (change != null) {
        told.add(change);
      }
    }
    return told;
  }

  private void readByKey(
      Connection connection, Map<List<@Nullable Object>, List<@Nullable Object>> after)
      throws SQLException {
    List<List<Object>> all = List.copyOf(keys);
    for (int from = 0; from < all.size(); from += KEYS_AT_ONCE) {
      List<List<Object>> some = all.subList(from, Math.min(from + KEYS_AT_ONCE, all.size()));
      try (PreparedStatement select = connection.prepareStatement(sql(keyCondition(some.size())))) {
        int at = 1;
        for (List<Object> key : some) {
          for (Object value : key) {
            select.setObject(at++, value);
          }
        }
        read(select, after);
      }
    }
  }

  private String keyCondition(int size) {
    List<String> names =
        plan.meta().keyNames().stream().map(name -> TableId.quote(name, '`')).toList();
    if (names.size() == 1) {
      return names.get(0) + " IN (" + String.join(", ", "?".repeat(size).split("")) + ')';
    }
    String one = '(' + String.join(" = ? AND ", names) + " = ?)";
    return String.join(" OR ", java.util.Collections.nCopies(size, one));
  }

  private String sql(String condition) {
    return again.select() + " WHERE " + condition + again.suffix();
  }

  private void read(
      PreparedStatement select, Map<List<@Nullable Object>, List<@Nullable Object>> after)
      throws SQLException {
    try (ResultSet rows = select.executeQuery()) {
      while (rows.next()) {
        List<@Nullable Object> row = plan.meta().image(rows, 1);
        after.put(plan.meta().keyOf(row), row);
      }
    }
  }
}
