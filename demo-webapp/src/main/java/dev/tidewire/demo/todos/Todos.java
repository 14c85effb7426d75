package dev.tidewire.demo.todos;

import static dev.tidewire.demo.Tables.CREATED_AT;
import static dev.tidewire.demo.Tables.DONE;
import static dev.tidewire.demo.Tables.ID;
import static dev.tidewire.demo.Tables.LISTS;
import static dev.tidewire.demo.Tables.LIST_ID;
import static dev.tidewire.demo.Tables.NAME;
import static dev.tidewire.demo.Tables.POSITION;
import static dev.tidewire.demo.Tables.TEXT;
import static dev.tidewire.demo.Tables.TODOS;
import static dev.tidewire.demo.Tables.VERSION;
import static org.jooq.impl.DSL.coalesce;
import static org.jooq.impl.DSL.inline;
import static org.jooq.impl.DSL.max;

import dev.tidewire.demo.web.Json;
import dev.tidewire.demo.web.Problem;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.jooq.DSLContext;
import org.jooq.Field;
import org.jooq.Record;
import org.jooq.SelectField;
import org.jspecify.annotations.Nullable;

/**
 * Lists and their items. An item's content carries a version: whoever writes names the version they
 * saw, and the UPDATE matches only that one. Its place is not content, so moving an item disturbs
 * nobody who edits it. Writes take part in the transaction they are given. Thread-safe.
 */
final class Todos {
  static final int MAX_ITEMS = 200;
  private static final long GAP = 1024;
  private static final List<SelectField<?>> LIST = List.of(ID, NAME, CREATED_AT);
  private static final List<SelectField<?>> TODO =
      List.of(ID, LIST_ID, TEXT, DONE, POSITION, VERSION);

  private final DSLContext db;

  Todos(DSLContext db) {
    this.db = db;
  }

  List<Map<String, Object>> lists() {
    return Json.rows(db.select(LIST).from(LISTS).orderBy(ID).limit(100).fetch());
  }

  List<Map<String, Object>> all() {
    return Json.rows(db.select(TODO).from(TODOS).orderBy(POSITION, ID).limit(5_000).fetch());
  }

  Map<String, Object> addList(DSLContext tx, String name) {
    return Json.row(tx.insertInto(LISTS).set(NAME, name).returningResult(LIST).fetchSingle());
  }

  void renameList(DSLContext tx, long id, String name) {
    if (tx.update(LISTS).set(NAME, name).where(ID.eq(id)).execute() == 0) {
      throw listGone();
    }
  }

  void deleteList(DSLContext tx, long id) {
    lockList(tx, id);
    tx.deleteFrom(TODOS).where(LIST_ID.eq(id)).execute();
    tx.deleteFrom(LISTS).where(ID.eq(id)).execute();
  }

  Map<String, Object> add(DSLContext tx, long listId, String text) {
    lockList(tx, listId);
    if (tx.fetchCount(TODOS, LIST_ID.eq(listId)) >= MAX_ITEMS) {
      throw Problem.badRequest("A list takes at most " + MAX_ITEMS + " items.");
    }
    Long last =
        tx.select(coalesce(max(POSITION), inline(0L)))
            .from(TODOS)
            .where(LIST_ID.eq(listId))
            .fetchSingle()
            .value1();
    return Json.row(
        tx.insertInto(TODOS)
            .set(LIST_ID, listId)
            .set(TEXT, text)
            .set(POSITION, last + GAP)
            .returningResult(TODO)
            .fetchSingle());
  }

  /** Changes text, tick or both of the version that the writer saw, and answers the row. */
  Map<String, Object> change(
      DSLContext tx, long id, long baseVersion, @Nullable String text, @Nullable Boolean done) {
    Map<Field<?>, Object> values = new HashMap<>();
    if (text != null) {
      values.put(TEXT, text);
    }
    if (done != null) {
      values.put(DONE, done);
    }
    int changed =
        tx.update(TODOS)
            .set(values)
            .set(VERSION, VERSION.plus(1))
            .where(ID.eq(id))
            .and(VERSION.eq(baseVersion))
            .execute();
    Map<String, Object> now = find(tx, id);
    if (changed == 0) {
      throw Problem.conflict("Somebody changed this item first.", now);
    }
    return now;
  }

  void delete(DSLContext tx, long id) {
    if (tx.deleteFrom(TODOS).where(ID.eq(id)).execute() == 0) {
      throw todoGone();
    }
  }

  /** Puts an item behind another one of its list, or first if {@code after} is null. */
  void move(DSLContext tx, long id, @Nullable Long after) {
    Long list = tx.select(LIST_ID).from(TODOS).where(ID.eq(id)).fetchOne(LIST_ID);
    if (list == null) {
      throw todoGone();
    }
    lockList(tx, list);
    List<Long> others =
        tx.select(ID)
            .from(TODOS)
            .where(LIST_ID.eq(list))
            .and(ID.ne(id))
            .orderBy(POSITION, ID)
            .fetch(ID);
    int place = after == null ? 0 : others.indexOf(after) + 1;
    if (after != null && place == 0) {
      throw Problem.badRequest("`after` names no other item of this list.");
    }
    place(tx, id, others, place);
  }

  /**
   * Between two neighbours there is room for ten halvings; then the whole list gets new positions.
   */
  private static void place(DSLContext tx, long id, List<Long> others, int place) {
    Map<Long, Long> positions =
        tx.select(ID, POSITION).from(TODOS).where(ID.in(others)).fetchMap(ID, POSITION);
    long before = place == 0 ? 0 : positions.getOrDefault(others.get(place - 1), 0L);
    long behind =
        place == others.size() ? before + 2 * GAP : positions.getOrDefault(others.get(place), 0L);
    if (behind - before >= 2) {
      tx.update(TODOS).set(POSITION, (before + behind) / 2).where(ID.eq(id)).execute();
      return;
    }
    others.add(place, id);
    long position = 0;
    for (Long each : others) {
      tx.update(TODOS).set(POSITION, position += GAP).where(ID.eq(each)).execute();
    }
  }

  /** Two who add to, reorder or delete one list take turns. */
  private static void lockList(DSLContext tx, long listId) {
    if (tx.select(ID).from(LISTS).where(ID.eq(listId)).forUpdate().fetchOne() == null) {
      throw listGone();
    }
  }

  private static Map<String, Object> find(DSLContext tx, long id) {
    Record row = tx.select(TODO).from(TODOS).where(ID.eq(id)).fetchOne();
    if (row == null) {
      throw todoGone();
    }
    return Json.row(row);
  }

  private static Problem listGone() {
    return Problem.notFound("This list is gone.");
  }

  private static Problem todoGone() {
    return Problem.notFound("This item is gone.");
  }
}
