package dev.tidewire;

import dev.tidewire.presence.PresenceDiff;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.function.BiConsumer;
import java.util.function.Consumer;

/**
 * When a channel's subscribers are told of its members. In a small channel at once. In a big one
 * the first difference at once, and what follows together, ten or four times a second, as long as
 * there is something to tell: so a thousand who join cost everybody a few frames, and an idle
 * channel has no timer. Confined to the thread that drains the channel.
 */
final class ChannelPresence {

  /** Up to so many subscribers each difference is told at once. */
  static final int SMALL = 32;

  private static final int MIDDLE = 256;
  private static final Duration MIDDLE_TICK = Duration.ofMillis(100);
  private static final Duration BIG_TICK = Duration.ofMillis(250);

  /** With more the tick is not waited for. */
  private static final int MAX_WAITING = 4_096;

  private static final int MAX_RUN = 1_024;
  private static final int MAX_RUN_BYTES = 64 * 1024;

  private final PresenceRun.Encoding encoding;
  private final BiConsumer<Duration, Runnable> afterwards;
  private List<PresenceDiff> waiting = new ArrayList<>(2);
  private boolean ticking;

  /**
   * @param afterwards runs a task in the drain after a time
   */
  ChannelPresence(PresenceRun.Encoding encoding, BiConsumer<Duration, Runnable> afterwards) {
    this.encoding = encoding;
    this.afterwards = afterwards;
  }

  /** The next difference; {@link #tell} follows. */
  void add(PresenceDiff diff) {
    waiting.add(diff);
  }

  /** A whole state is told in the place of the differences that lead to it. */
  void forget(long upToRevision) {
    waiting.removeIf(diff -> diff.revision() <= upToRevision);
  }

  /**
   * Tells what waits, if it is time to.
   *
   * @param subscribers how many the channel has
   */
  void tell(int subscribers, Consumer<PresenceRun> delivery) {
    boolean big = subscribers > SMALL;
    if (waiting.isEmpty() || (big && ticking && waiting.size() < MAX_WAITING)) {
      return;
    }
    List<PresenceDiff> all = waiting;
    waiting = new ArrayList<>(2);
    for (int from = 0; from < all.size(); ) {
      int to = endOfRun(all, from);
      delivery.accept(new PresenceRun(all.subList(from, to), big, encoding));
      from = to;
    }
    if (big && !ticking) {
      ticking = true;
      afterwards.accept(subscribers > MIDDLE ? BIG_TICK : MIDDLE_TICK, () -> ticking = false);
    }
  }

  private static int endOfRun(List<PresenceDiff> all, int from) {
    int to = from;
    int bytes = 0;
    while (to < all.size() && to - from < MAX_RUN && bytes < MAX_RUN_BYTES) {
      bytes += all.get(to++).member().data().length() + MAX_RUN_BYTES / MAX_RUN;
    }
    return to;
  }
}
