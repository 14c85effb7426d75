package dev.tidewire.changes;

import dev.tidewire.changes.SqlShape.Kind;
import java.sql.Connection;
import java.sql.DatabaseMetaData;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashSet;
import java.util.Locale;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * Which captured tables a write to some table changes besides that table: through foreign keys with
 * an action, through views, through inheritance. Immutable after loading, safe for any thread.
 */
final class Reach {

  /** What a foreign key, or another tie, does to the table at its other end. */
  enum Effect {
    NONE,
    DELETE,
    UPDATE,
    /** The same as was done to this end. */
    SAME
  }

  /**
   * A tie from a table to another.
   *
   * @param watched columns of the first table whose update counts, in lower case
   * @param changed columns of the second table that are then updated, in lower case
   */
  record Tie(
      TableId to, Effect onDelete, Effect onUpdate, Set<String> watched, Set<String> changed) {}

  /** A step of the walk: what happens to a table, and to which columns of it. */
  private record Step(TableId table, boolean deleted, @Nullable Set<String> assigned) {}

  private final Map<TableId, CapturedTable> captured;
  private final Map<TableId, Set<Tie>> ties = new HashMap<>();

  /**
   * @param captured the captured tables that exist
   */
  Reach(Map<TableId, CapturedTable> captured) {
    this.captured = captured;
  }

  /** Adds a tie that passes every write on. */
  void tie(TableId from, TableId to) {
    add(from, new Tie(to, Effect.SAME, Effect.SAME, Set.of(), Set.of()));
  }

  /** Adds the foreign keys with an action above every captured table, and above those. */
  void loadForeignKeys(Connection connection, Dialect dialect) throws SQLException {
    DatabaseMetaData meta = connection.getMetaData();
    Deque<TableId> next = new ArrayDeque<>(captured.keySet());
    Set<TableId> seen = new HashSet<>(captured.keySet());
    while (!next.isEmpty()) {
      TableId child = next.remove();
      for (TableId parent : parents(meta, dialect, dialect.catalog(connection, child), child)) {
        if (seen.add(parent)) {
          next.add(parent);
        }
      }
    }
  }

  private Set<TableId> parents(
      DatabaseMetaData meta, Dialect dialect, @Nullable String catalog, TableId child)
      throws SQLException {
    Map<String, Tie> found = new HashMap<>();
    Map<String, TableId> parents = new HashMap<>();
    String schema = child.schema().isEmpty() ? null : child.schema();
    try (ResultSet keys = meta.getImportedKeys(catalog, schema, child.name())) {
      while (keys.next()) {
        Effect onDelete = effect(keys.getShort("DELETE_RULE"), Effect.DELETE);
        Effect onUpdate = effect(keys.getShort("UPDATE_RULE"), Effect.UPDATE);
        if (onDelete == Effect.NONE && onUpdate == Effect.NONE) {
          continue;
        }
        String name = keys.getString("FK_NAME");
        TableId parent = dialect.parent(keys);
        Tie tie =
            found.computeIfAbsent(
                parent + " " + name,
                key -> new Tie(child, onDelete, onUpdate, new HashSet<>(), new HashSet<>()));
        tie.watched().add(keys.getString("PKCOLUMN_NAME").toLowerCase(Locale.ROOT));
        tie.changed().add(keys.getString("FKCOLUMN_NAME").toLowerCase(Locale.ROOT));
        parents.put(parent + " " + name, parent);
      }
    }
    found.forEach((key, tie) -> add(Objects.requireNonNull(parents.get(key)), tie));
    return new LinkedHashSet<>(parents.values());
  }

  private static Effect effect(short rule, Effect cascade) {
    return switch (rule) {
      case DatabaseMetaData.importedKeyCascade -> cascade;
      case DatabaseMetaData.importedKeySetNull, DatabaseMetaData.importedKeySetDefault ->
          Effect.UPDATE;
      default -> Effect.NONE;
    };
  }

  private void add(TableId from, Tie tie) {
    ties.computeIfAbsent(from, id -> new LinkedHashSet<>()).add(tie);
  }

  /**
   * Returns the captured tables, other than by the statement itself, that it may change.
   *
   * @param verb INSERT, UPDATE or DELETE; anything else counts as all three
   * @param assigned the columns that an UPDATE assigns, in lower case; null: any
   */
  Set<CapturedTable> from(TableId start, Kind verb, @Nullable Set<String> assigned) {
    if (!ties.containsKey(start)) {
      return Set.of();
    }
    Set<CapturedTable> reached = new LinkedHashSet<>();
    Deque<Step> next = new ArrayDeque<>();
    if (verb != Kind.UPDATE && verb != Kind.INSERT) {
      next.add(new Step(start, true, null));
    }
    if (verb != Kind.DELETE) {
      next.add(new Step(start, false, verb == Kind.INSERT ? Set.of() : assigned));
    }
    Set<Step> seen = new HashSet<>(next);
    while (!next.isEmpty()) {
      Step step = next.remove();
      for (Tie tie : ties.getOrDefault(step.table(), Set.of())) {
        Step following = follow(step, tie);
        // a partition leads to its whole and back, which is the same write once more
        boolean back = tie.onUpdate() == Effect.SAME && tie.to().equals(start);
        if (following != null && !back) {
          CapturedTable table = captured.get(tie.to());
          if (table != null) {
            reached.add(table);
          }
          if (seen.add(following)) {
            next.add(following);
          }
        }
      }
    }
    return reached;
  }

  private static @Nullable Step follow(Step step, Tie tie) {
    Effect effect = step.deleted() ? tie.onDelete() : tie.onUpdate();
    if (effect == Effect.SAME) {
      // a view may call its columns otherwise, so what is assigned beyond it is not known
      boolean inserted = step.assigned() != null && step.assigned().isEmpty();
      return new Step(tie.to(), step.deleted(), inserted ? Set.of() : null);
    }
    Set<String> assigned = step.assigned();
    boolean concerned =
        step.deleted()
            || assigned == null
            || assigned.stream().anyMatch(column -> tie.watched().contains(column));
    if (effect == Effect.NONE || !concerned) {
      return null;
    }
    return new Step(tie.to(), effect == Effect.DELETE, tie.changed());
  }

  /** All captured tables that exist, by name. */
  Map<TableId, CapturedTable> captured() {
    return Map.copyOf(captured);
  }
}
