package dev.tidewire.changes;

import java.util.ArrayList;
import java.util.Collection;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Queue;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentLinkedQueue;

/**
 * What is noted in the database of changes outside of transactions, until they have happened and
 * are told: a node that is killed in between leaves its notes behind. Safe for any thread.
 */
final class OutboxEnds {

  /** By thread and topic: who begins a statement also hears of its end. */
  private final Map<Long, Map<String, List<Long>>> begun = new ConcurrentHashMap<>();

  private final Queue<Long> happened = new ConcurrentLinkedQueue<>();

  /** This thread's statement may now change those channels' tables. */
  void begin(Map<String, Long> ids) {
    Map<String, List<Long>> mine =
        begun.computeIfAbsent(Thread.currentThread().getId(), thread -> new HashMap<>());
    ids.forEach((topic, id) -> mine.computeIfAbsent(topic, t -> new ArrayList<>()).add(id));
  }

  /** It has, and that they are to be reset is already asked for. */
  void happened(Collection<String> topics) {
    Map<String, List<Long>> mine = begun.remove(Thread.currentThread().getId());
    if (mine == null) {
      return;
    }
    for (String topic : topics) {
      List<Long> ids = mine.remove(topic);
      if (ids != null) {
        happened.addAll(ids);
      }
    }
    if (!mine.isEmpty()) {
      begun.put(Thread.currentThread().getId(), mine);
    }
  }

  /** Takes the notes of what is asked for by now. */
  List<Long> take() {
    List<Long> taken = new ArrayList<>();
    for (Long id = happened.poll(); id != null; id = happened.poll()) {
      taken.add(id);
    }
    return taken;
  }
}
