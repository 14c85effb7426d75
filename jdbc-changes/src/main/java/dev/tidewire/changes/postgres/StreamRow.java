package dev.tidewire.changes.postgres;

import dev.tidewire.channel.ChannelOptions;
import dev.tidewire.channel.Position;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** The state of one channel while its row is locked. For one thread. */
final class StreamRow {

  private final String topic;
  private String epoch;
  private long offset;
  private long stamp;
  private long persisted;
  private int keepCount;
  private long keepMillis;

  StreamRow(
      String topic,
      String epoch,
      long offset,
      long stamp,
      long persisted,
      int keepCount,
      long keepMillis) {
    this.topic = topic;
    this.epoch = epoch;
    this.offset = offset;
    this.stamp = stamp;
    this.persisted = persisted;
    this.keepCount = keepCount;
    this.keepMillis = keepMillis;
  }

  /**
   * A stream that knows less than a node has heard of begins a new epoch.
   *
   * @param ended takes the epoch that is over
   */
  void renew(@Nullable Position known, String fresh, List<String> ended) {
    if (known != null && known.epoch().equals(epoch) && known.offset() > offset) {
      ended.add(epoch);
      epoch = fresh;
      offset = 0;
    }
  }

  /** The place of one more publication. */
  Position next(ChannelOptions options, boolean persist, long now) {
    keepCount = options.retainCount();
    keepMillis = options.retainFor().toMillis();
    offset++;
    stamp = Math.max(stamp, now);
    if (persist) {
      stamp = Math.max(stamp, persisted + 1);
      persisted = stamp;
    }
    return new Position(epoch, offset);
  }

  boolean keepsNothing() {
    return keepCount == 0 || keepMillis == 0;
  }

  String topic() {
    return topic;
  }

  Position position() {
    return new Position(epoch, offset);
  }

  long stamp() {
    return stamp;
  }

  long persisted() {
    return persisted;
  }

  int keepCount() {
    return keepCount;
  }

  long keepMillis() {
    return keepMillis;
  }
}
