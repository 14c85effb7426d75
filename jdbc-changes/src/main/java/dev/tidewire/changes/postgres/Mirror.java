package dev.tidewire.changes.postgres;

import dev.tidewire.presence.Member;
import dev.tidewire.presence.PresenceDiff;
import dev.tidewire.presence.PresenceDiff.Change;
import dev.tidewire.presence.PresenceDiff.Reason;
import dev.tidewire.presence.PresenceState;
import java.util.ArrayList;
import java.util.Iterator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * One room as this node has heard of it, step by step. What it missed it gets from the tables: the
 * difference between then and now is told. Not thread-safe: guarded by the tracker's lock.
 */
final class Mirror {

  /** Takes what is to be told. */
  @FunctionalInterface
  interface Teller {
    void tell(PresenceDiff diff);
  }

  private final String topic;
  private final Map<String, Member> members = new LinkedHashMap<>();
  private long version;
  private long revision;

  /** How far the room is known to be. */
  private long known;

  Mirror(String topic, long version, long revision) {
    this.topic = topic;
    this.version = version;
    this.revision = revision;
    this.known = version;
  }

  /** Takes a step if it is the next one; false if something is missing before it. */
  boolean take(long stepVersion, @Nullable PresenceStep step, Teller teller) {
    if (stepVersion <= version) {
      return true;
    }
    known = Math.max(known, stepVersion);
    if (step == null || stepVersion != version + 1) {
      return false;
    }
    version = stepVersion;
    revision = step.revision();
    if (step.change() == Change.LEAVE) {
      members.remove(step.member().userId());
    } else {
      members.put(step.member().userId(), step.member());
    }
    PresenceDiff diff = step.diff(topic);
    if (diff != null) {
      teller.tell(diff);
    }
    return true;
  }

  /** Goes on to what the tables have; false if they are behind what was heard of. */
  boolean merge(Presences.Loaded loaded, Teller teller) {
    PresenceState now = loaded.state();
    if (loaded.version() <= version) {
      return known <= version;
    }
    record Told(Change change, Member member) {}
    List<Told> told = new ArrayList<>();
    Map<String, Member> present = new LinkedHashMap<>();
    now.members().forEach(member -> present.put(member.userId(), member));
    for (Iterator<Member> each = members.values().iterator(); each.hasNext(); ) {
      Member before = each.next();
      if (!present.containsKey(before.userId())) {
        each.remove();
        told.add(new Told(Change.LEAVE, before));
      }
    }
    for (Member member : now.members()) {
      Member before = members.put(member.userId(), member);
      if (before == null) {
        told.add(new Told(Change.JOIN, member));
      } else if (!before.data().equals(member.data()) || before.status() != member.status()) {
        told.add(new Told(Change.UPDATE, member));
      }
    }
    // Each of them was at least one step; the last has the number of the present state.
    long number = Math.max(revision, now.revision() - told.size());
    for (Told each : told) {
      teller.tell(
          new PresenceDiff(
              topic,
              ++number,
              each.change(),
              each.member(),
              each.change() == Change.LEAVE ? Reason.LEFT : null));
    }
    version = loaded.version();
    revision = now.revision();
    known = Math.max(known, version);
    return known <= version;
  }

  PresenceState state() {
    return new PresenceState(topic, revision, List.copyOf(members.values()));
  }

  long version() {
    return version;
  }

  boolean isEmpty() {
    return members.isEmpty();
  }
}
