package dev.tidewire.broker;

import dev.tidewire.channel.Publication;
import java.util.Arrays;
import java.util.Collection;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicLong;

/**
 * What all streams of a broker retain together, and its bound. Where it is met the largest streams
 * give way first, down to one size: who floods a channel takes nothing from the others. Safe for
 * any thread; takes the streams' locks one after the other.
 */
final class RetainedBytes {

  /** The objects around a frame, about. */
  private static final int OVERHEAD = 200;

  /** A row and its old row as Java values, beside their JSON. */
  private static final int CHANGE_FACTOR = 3;

  private final long max;
  private final Runnable whenFull;
  private final AtomicLong sum = new AtomicLong();
  private final AtomicBoolean makingRoom = new AtomicBoolean();

  /**
   * @param max 0 for no bound
   * @param whenFull called each time that streams have to give way
   */
  RetainedBytes(long max, Runnable whenFull) {
    this.max = max;
    this.whenFull = whenFull;
  }

  static long of(Publication publication) {
    int frame = publication.frame().length;
    return OVERHEAD + (long) frame * (publication.change() == null ? 1 : CHANGE_FACTOR);
  }

  void add(long bytes) {
    sum.addAndGet(bytes);
  }

  /**
   * Has the largest give way if there is too much; a tenth more than needed, to be done with it.
   */
  void makeRoom(Collection<MemoryStream> streams) {
    if (max == 0 || sum.get() <= max || !makingRoom.compareAndSet(false, true)) {
      return;
    }
    try {
      long[] sizes = streams.stream().mapToLong(MemoryStream::retainedBytes).toArray();
      long level = level(sizes, max - max / 10);
      streams.forEach(stream -> stream.shrink(level));
    } finally {
      makingRoom.set(false);
    }
    whenFull.run();
  }

  /** The size that the largest have to come down to, so that all together are {@code total}. */
  static long level(long[] sizes, long total) {
    Arrays.sort(sizes);
    long rest = total;
    for (int i = 0; i < sizes.length; i++) {
      long share = rest / (sizes.length - i);
      if (sizes[i] > share) {
        return share;
      }
      rest -= sizes[i];
    }
    return Long.MAX_VALUE;
  }
}
