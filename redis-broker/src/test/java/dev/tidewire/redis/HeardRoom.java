package dev.tidewire.redis;

import static org.assertj.core.api.Assertions.fail;

import dev.tidewire.presence.Member;
import dev.tidewire.presence.PresenceDiff;
import dev.tidewire.presence.PresenceDiff.Change;
import dev.tidewire.presence.PresenceListener;
import dev.tidewire.presence.PresenceState;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * The members of one channel as the listener of one node knows them, from the empty channel on. A
 * step that does not lead from what it knew to what is, is a fault. Safe for any thread.
 */
final class HeardRoom implements PresenceListener {

  private final Map<String, Member> members = new LinkedHashMap<>();
  private final List<String> story = new ArrayList<>();
  private final List<String> faults = new ArrayList<>();
  private long revision;
  private int states;

  @Override
  public synchronized void onDiff(PresenceDiff diff) {
    String user = diff.member().userId();
    String step =
        diff.revision()
            + " "
            + diff.change()
            + " "
            + user
            + (diff.reason() == null ? "" : " " + diff.reason());
    boolean isKnown = members.containsKey(user);
    if (diff.revision() != revision + 1 || isKnown == (diff.change() == Change.JOIN)) {
      faults.add(step + " after " + revision + " " + members.keySet());
    }
    revision = diff.revision();
    story.add(step);
    if (diff.change() == Change.LEAVE) {
      members.remove(user);
    } else {
      members.put(user, diff.member());
    }
  }

  @Override
  public synchronized void onState(PresenceState state) {
    if (state.revision() < revision) {
      faults.add("state " + state.revision() + " after " + revision);
    }
    members.clear();
    state.members().forEach(member -> members.put(member.userId(), member));
    revision = state.revision();
    states++;
  }

  @Override
  public void onReady(String topic) {}

  /** Users with their data. */
  synchronized Map<String, String> members() {
    if (!faults.isEmpty()) {
      fail("heard " + faults);
    }
    Map<String, String> known = new LinkedHashMap<>();
    members.forEach((user, member) -> known.put(user, member.data()));
    return known;
  }

  /** Every difference, as {@code 3 LEAVE ada TIMEOUT}. */
  synchronized List<String> story() {
    return List.copyOf(story);
  }

  synchronized long revision() {
    return revision;
  }

  /** How often it was told everybody anew. */
  synchronized int states() {
    return states;
  }
}
