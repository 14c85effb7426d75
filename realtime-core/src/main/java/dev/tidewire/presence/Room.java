package dev.tidewire.presence;

import dev.tidewire.presence.Member.Link;
import dev.tidewire.presence.Member.Status;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * The members of one channel, and what one step makes of them; for trackers. Not thread-safe: its
 * tracker calls it under the channel's lock.
 */
public final class Room {

  private final String topic;
  private final Map<String, Member> members = new LinkedHashMap<>();
  private long revision;

  Room(String topic, long revision) {
    this.topic = topic;
    this.revision = revision;
  }

  /** A channel that has these members already, in the order they joined. */
  public Room(PresenceState state) {
    this(state.topic(), state.revision());
    state.members().forEach(member -> members.put(member.userId(), member));
  }

  /** Sets the state of a connection; null if nobody needs to be told. */
  public @Nullable PresenceDiff track(String userId, Link link, long now) {
    Member before = members.get(userId);
    if (before == null) {
      return tell(
          PresenceDiff.Change.JOIN,
          new Member(userId, link.data(), link.status(), List.of(link), now));
    }
    return update(before, with(before, link));
  }

  /** Takes a connection out; null if nobody needs to be told. */
  public @Nullable PresenceDiff untrack(
      String userId, String connectionId, PresenceDiff.Reason reason) {
    Member before = members.get(userId);
    if (before == null) {
      return null;
    }
    List<Link> links = without(before, connectionId);
    if (links.isEmpty()) {
      members.remove(userId);
      return new PresenceDiff(topic, ++revision, PresenceDiff.Change.LEAVE, before, reason);
    }
    return links.size() == before.connections().size() ? null : update(before, links);
  }

  /** With the link in the last place; a new status alone does not move it there. */
  private static List<Link> with(Member member, Link link) {
    List<Link> links = new ArrayList<>(member.connections());
    for (int i = 0; i < links.size(); i++) {
      if (links.get(i).id().equals(link.id())) {
        if (links.get(i).data().equals(link.data())) {
          links.set(i, link);
          return links;
        }
        links.remove(i);
        break;
      }
    }
    links.add(link);
    return links;
  }

  private static List<Link> without(Member member, String connectionId) {
    return member.connections().stream().filter(l -> !l.id().equals(connectionId)).toList();
  }

  /** Members see each other, not each other's tabs: silent where only the connections differ. */
  private @Nullable PresenceDiff update(Member before, List<Link> links) {
    boolean online = links.stream().anyMatch(l -> l.status() == Status.ONLINE);
    Member after =
        new Member(
            before.userId(),
            links.get(links.size() - 1).data(),
            online ? Status.ONLINE : Status.AWAY,
            List.copyOf(links),
            before.since());
    if (after.data().equals(before.data()) && after.status() == before.status()) {
      members.put(after.userId(), after);
      return null;
    }
    return tell(PresenceDiff.Change.UPDATE, after);
  }

  private PresenceDiff tell(PresenceDiff.Change change, Member member) {
    members.put(member.userId(), member);
    return new PresenceDiff(topic, ++revision, change, member, null);
  }

  /** Everybody, and the number of the last difference. */
  public PresenceState state() {
    return new PresenceState(topic, revision, List.copyOf(members.values()));
  }

  long revision() {
    return revision;
  }

  int size() {
    return members.size();
  }

  boolean isEmpty() {
    return members.isEmpty();
  }
}
