package dev.tidewire.history;

import dev.tidewire.channel.Position;
import java.util.ArrayList;
import java.util.Collections;
import java.util.Comparator;
import java.util.List;
import java.util.concurrent.locks.ReentrantLock;

/** One channel's persisted messages, oldest first. Safe for any thread: guarded by its lock. */
final class MemoryLog {

  /** The answer of a log that was dropped meanwhile. */
  static final int DROPPED = Integer.MIN_VALUE;

  private static final Comparator<HistoryMessage> OLDEST_FIRST =
      Comparator.comparingLong(HistoryMessage::createdAt)
          .thenComparing(m -> m.position().epoch())
          .thenComparingLong(m -> m.position().offset());

  private final ReentrantLock lock = new ReentrantLock();
  private final List<HistoryMessage> messages = new ArrayList<>();
  private int limit;
  private long lastAppended;
  private boolean dropped;

  /** Appends; returns by how much the number of messages held changed, or {@link #DROPPED}. */
  int append(HistoryMessage message, int newLimit) {
    lock.lock();
    try {
      if (dropped) {
        return DROPPED;
      }
      limit = newLimit;
      lastAppended = message.createdAt();
      // Two publishers may arrive in the other order than their positions.
      int at = Collections.binarySearch(messages, message, OLDEST_FIRST);
      if (at >= 0) {
        return 0;
      }
      int before = messages.size();
      messages.add(-at - 1, message);
      // Trimming an array list at its head moves the rest: do it in batches.
      if (first() > limit / 8) {
        messages.subList(0, first()).clear();
      }
      return messages.size() - before;
    } finally {
      lock.unlock();
    }
  }

  /** Index of the first message that still counts. */
  private int first() {
    return Math.max(0, messages.size() - limit);
  }

  List<HistoryMessage> page(HistoryQuery query) {
    lock.lock();
    try {
      int to = messages.size();
      Position before = query.beforePosition();
      if (before != null) {
        to = indexOf(before);
      }
      Long time = query.beforeTime();
      while (time != null && to > 0 && messages.get(to - 1).createdAt() >= time) {
        to--;
      }
      int from = Math.max(first(), to - query.limit());
      return from < to ? List.copyOf(messages.subList(from, to)) : List.of();
    } finally {
      lock.unlock();
    }
  }

  /** Index of the message at the position, or of the first one after where it would be. */
  private int indexOf(Position position) {
    int next = 0;
    for (int i = messages.size() - 1; i >= 0; i--) {
      Position at = messages.get(i).position();
      if (at.epoch().equals(position.epoch())) {
        if (at.offset() < position.offset()) {
          return i + 1;
        }
        next = i;
        if (at.offset() == position.offset()) {
          return i;
        }
      }
    }
    return next;
  }

  long lastAppended() {
    lock.lock();
    try {
      return lastAppended;
    } finally {
      lock.unlock();
    }
  }

  /** Takes nothing from now on; returns how many messages it held. */
  int drop() {
    lock.lock();
    try {
      dropped = true;
      int held = messages.size();
      messages.clear();
      return held;
    } finally {
      lock.unlock();
    }
  }
}
