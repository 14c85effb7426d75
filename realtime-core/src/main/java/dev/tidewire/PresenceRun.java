package dev.tidewire;

import dev.tidewire.presence.PresenceDiff;
import dev.tidewire.presence.PresenceDiff.Change;
import dev.tidewire.transport.Frame;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * Presence differences of one channel that are delivered together, as {@link Run} is for
 * publications. Confined to the thread that drains the channel.
 */
final class PresenceRun {

  /** Makes frames. */
  interface Encoding {

    Frame one(PresenceDiff diff);

    /**
     * One frame for several.
     *
     * @param from the revision that they change
     * @param to the revision that they lead to
     * @param changes what is left of them, at most one of each member
     */
    Frame several(long from, long to, List<PresenceDiff> changes, String topic);
  }

  private final List<PresenceDiff> diffs;
  private final boolean big;
  private final Encoding encoding;
  private @Nullable Frame each;
  private @Nullable Frame together;

  /**
   * @param diffs at least one, in order
   * @param big whether so many hear of them that they are told in one frame
   */
  PresenceRun(List<PresenceDiff> diffs, boolean big, Encoding encoding) {
    this.diffs = diffs;
    this.big = big;
    this.encoding = encoding;
  }

  int size() {
    return diffs.size();
  }

  long firstRevision() {
    return diffs.get(0).revision();
  }

  long lastRevision() {
    return diffs.get(diffs.size() - 1).revision();
  }

  /** What of it comes after a revision; null if nothing does. */
  @Nullable PresenceRun after(long revision) {
    if (firstRevision() > revision) {
      return this;
    }
    List<PresenceDiff> later = diffs.stream().filter(d -> d.revision() > revision).toList();
    return later.isEmpty() ? null : new PresenceRun(later, big, encoding);
  }

  /** Every difference in a frame of its own, joined. */
  Frame each() {
    Frame known = each;
    if (known == null) {
      known = Frame.join(diffs.stream().map(encoding::one).toList());
      each = known;
    }
    return known;
  }

  /** In one frame, if so many hear of it that this matters. */
  Frame together() {
    if (!big || diffs.size() == 1) {
      return each();
    }
    Frame known = together;
    if (known == null) {
      known =
          encoding.several(
              firstRevision() - 1, lastRevision(), changes(diffs), diffs.get(0).topic());
      together = known;
    }
    return known;
  }

  /** What became of each member in the end; who only came and went is left out. */
  static List<PresenceDiff> changes(List<PresenceDiff> diffs) {
    Map<String, Change> first = new LinkedHashMap<>();
    Map<String, PresenceDiff> last = new LinkedHashMap<>();
    for (PresenceDiff diff : diffs) {
      String user = diff.member().userId();
      first.putIfAbsent(user, diff.change());
      last.remove(user); // to the end of the line
      last.put(user, diff);
    }
    List<PresenceDiff> changes = new ArrayList<>(last.size());
    last.forEach(
        (user, diff) -> {
          boolean isNew = first.get(user) == Change.JOIN;
          boolean isGone = diff.change() == Change.LEAVE;
          if (isGone ? !isNew : true) {
            Change change = isGone ? Change.LEAVE : isNew ? Change.JOIN : Change.UPDATE;
            changes.add(
                new PresenceDiff(
                    diff.topic(), diff.revision(), change, diff.member(), diff.reason()));
          }
        });
    return changes;
  }
}
