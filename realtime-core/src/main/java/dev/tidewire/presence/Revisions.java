package dev.tidewire.presence;

import java.util.Iterator;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.concurrent.locks.ReentrantLock;

/**
 * The revisions of channels without members, so that numbering goes on where it stopped. Bounded:
 * the number of a channel that was forgotten goes on above every number forgotten so far. Safe for
 * any thread.
 */
final class Revisions {

  private final ReentrantLock lock = new ReentrantLock();
  private final LinkedHashMap<String, Long> byTopic = new LinkedHashMap<>();
  private final int maxTopics;
  private long highestForgotten;

  Revisions(int maxTopics) {
    this.maxTopics = maxTopics;
  }

  /** The channel's last revision, remembered from now on, as it may have been told to somebody. */
  long of(String topic) {
    lock.lock();
    try {
      Long known = byTopic.get(topic);
      long revision = known == null ? highestForgotten : known;
      remember(topic, revision);
      return revision;
    } finally {
      lock.unlock();
    }
  }

  void remember(String topic, long revision) {
    lock.lock();
    try {
      byTopic.remove(topic); // to the end of the line
      byTopic.put(topic, revision);
      if (byTopic.size() > maxTopics) {
        Iterator<Map.Entry<String, Long>> oldestFirst = byTopic.entrySet().iterator();
        highestForgotten = Math.max(highestForgotten, oldestFirst.next().getValue());
        oldestFirst.remove();
      }
    } finally {
      lock.unlock();
    }
  }
}
