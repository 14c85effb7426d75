package dev.tidewire.presence;

import static dev.tidewire.testing.Drafts.await;
import static org.assertj.core.api.Assertions.assertThat;

import dev.tidewire.presence.Member.Link;
import dev.tidewire.presence.Member.Status;
import dev.tidewire.presence.PresenceDiff.Change;
import dev.tidewire.presence.PresenceDiff.Reason;
import dev.tidewire.testing.Drafts;
import dev.tidewire.testing.ManualClock;
import dev.tidewire.testing.Parallel;
import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** What every presence tracker keeps to. */
public abstract class PresenceTrackerContract {

  protected final ManualClock clock = new ManualClock();
  protected final Heard heard = new Heard();
  protected PresenceTracker tracker;

  /** A tracker that tells the time by {@link #clock}; not started. */
  protected abstract PresenceTracker create();

  /** What the listener heard. */
  protected static final class Heard implements PresenceListener {
    private final Map<String, List<PresenceDiff>> byTopic = new ConcurrentHashMap<>();
    private final Map<String, Integer> toldReady = new ConcurrentHashMap<>();

    @Override
    public void onDiff(PresenceDiff diff) {
      byTopic
          .computeIfAbsent(
              diff.topic(), t -> java.util.Collections.synchronizedList(new ArrayList<>()))
          .add(diff);
    }

    @Override
    public void onReady(String topic) {
      toldReady.put(topic, of(topic).size());
    }

    List<PresenceDiff> of(String topic) {
      return byTopic.getOrDefault(topic, List.of());
    }

    int toldReady(String topic) {
      return toldReady.getOrDefault(topic, 0);
    }
  }

  @BeforeEach
  void start() {
    tracker = create();
    tracker.start(heard);
    // A tracker that others share finds out first who is there already, and tells that as states.
    track("started", "u1", "c1", "{}");
    untrack("started", "u1", "c1");
  }

  @AfterEach
  void stop() {
    tracker.close();
  }

  private void track(String topic, String user, String connection, String data, Status status) {
    await(tracker.track(topic, user, new Link(connection, data, status)));
    assertThat(heard.toldReady(topic)).isEqualTo(heard.of(topic).size());
  }

  private void track(String topic, String user, String connection, String data) {
    track(topic, user, connection, data, Status.ONLINE);
  }

  private void untrack(String topic, String user, String connection) {
    await(tracker.untrack(topic, user, connection, Reason.LEFT));
    assertThat(heard.toldReady(topic)).isEqualTo(heard.of(topic).size());
  }

  private PresenceState state(String topic) {
    return await(tracker.state(topic));
  }

  private PresenceDiff last(String topic) {
    List<PresenceDiff> diffs = heard.of(topic);
    return diffs.get(diffs.size() - 1);
  }

  @Test
  void theFirstTrackIsAJoin() {
    track("t", "u1", "c1", "{\"n\":1}");

    Member expected =
        new Member(
            "u1",
            "{\"n\":1}",
            Status.ONLINE,
            List.of(new Link("c1", "{\"n\":1}", Status.ONLINE)),
            clock.millis());
    assertThat(heard.of("t"))
        .containsExactly(new PresenceDiff("t", 1, Change.JOIN, expected, null));
    assertThat(state("t")).isEqualTo(new PresenceState("t", 1, List.of(expected)));
  }

  @Test
  void aSecondTrackIsAnUpdateAndNeverLeavesInBetween() {
    track("t", "u1", "c1", "{\"n\":1}");
    long joined = clock.millis();
    clock.advance(Duration.ofSeconds(9));
    track("t", "u1", "c1", "{\"n\":2}");

    assertThat(heard.of("t"))
        .extracting(PresenceDiff::change)
        .containsExactly(Change.JOIN, Change.UPDATE);
    assertThat(last("t").member().data()).isEqualTo("{\"n\":2}");
    assertThat(last("t").member().since()).isEqualTo(joined);
    assertThat(last("t").member().connections()).hasSize(1);
  }

  @Test
  void aTrackThatChangesNothingIsNotTold() {
    track("t", "u1", "c1", "{}");
    track("t", "u1", "c1", "{}");

    assertThat(heard.of("t")).hasSize(1);
    assertThat(state("t").revision()).isEqualTo(1);
  }

  @Test
  void connectionsOfOneUserAreOneMember() {
    track("t", "u1", "c1", "{\"tab\":1}");
    track("t", "u1", "c2", "{\"tab\":2}");
    track("t", "u2", "c3", "{}");

    assertThat(state("t").members()).extracting(Member::userId).containsExactly("u1", "u2");
    assertThat(state("t").members().get(0).connections())
        .extracting(Link::id)
        .containsExactly("c1", "c2");
    assertThat(state("t").members().get(0).data()).isEqualTo("{\"tab\":2}");
  }

  @Test
  void anotherConnectionWithTheSameStateIsNotTold() {
    track("t", "u1", "c1", "{}");
    track("t", "u1", "c2", "{}");
    untrack("t", "u1", "c1");

    assertThat(heard.of("t")).hasSize(1);
    assertThat(state("t").members().get(0).connections())
        .extracting(Link::id)
        .containsExactly("c2");
  }

  @Test
  void theLastUntrackLeavesAndThoseBeforeDoNot() {
    track("t", "u1", "c1", "{\"tab\":1}");
    track("t", "u1", "c2", "{\"tab\":2}");

    untrack("t", "u1", "c2");
    assertThat(last("t").change()).isEqualTo(Change.UPDATE);
    assertThat(last("t").member().data()).isEqualTo("{\"tab\":1}");
    untrack("t", "u1", "c1");
    assertThat(last("t").change()).isEqualTo(Change.LEAVE);
    assertThat(last("t").reason()).isEqualTo(Reason.LEFT);
    assertThat(last("t").member().data()).isEqualTo("{\"tab\":1}");
    assertThat(state("t").members()).isEmpty();
  }

  @Test
  void theReasonOfALeaveIsTold() {
    for (Reason reason : Reason.values()) {
      track("t", "u1", "c1", "{}");
      await(tracker.untrack("t", "u1", "c1", reason));
      assertThat(last("t").reason()).isEqualTo(reason);
    }
  }

  @Test
  void theCountIsThatOfTheMembers() {
    assertThat(await(tracker.occupancy("t"))).isEqualTo(new Occupancy("t", 0, 0));
    track("t", "u1", "c1", "{\"tab\":1}");
    track("t", "u1", "c2", "{\"tab\":2}");
    track("t", "u2", "c3", "{}");
    assertThat(await(tracker.occupancy("t"))).isEqualTo(new Occupancy("t", 3, 2));
    untrack("t", "u2", "c3");

    assertThat(await(tracker.occupancy("t"))).isEqualTo(new Occupancy("t", 4, 1));
  }

  @Test
  void untrackingWhoIsNotThereHasNoEffect() {
    untrack("t", "u1", "c1");
    track("t", "u1", "c1", "{}");
    untrack("t", "u1", "c2");
    untrack("t", "u2", "c1");

    assertThat(heard.of("t")).hasSize(1);
    assertThat(state("t").members()).hasSize(1);
  }

  @Test
  void aMemberIsOnlineIfAnyConnectionIs() {
    track("t", "u1", "c1", "{}", Status.AWAY);
    assertThat(last("t").member().status()).isEqualTo(Status.AWAY);
    track("t", "u1", "c2", "{}", Status.ONLINE);
    assertThat(last("t").member().status()).isEqualTo(Status.ONLINE);
    track("t", "u1", "c2", "{}", Status.AWAY);
    assertThat(last("t").member().status()).isEqualTo(Status.AWAY);
    track("t", "u1", "c1", "{}", Status.ONLINE);
    assertThat(last("t").member().status()).isEqualTo(Status.ONLINE);
    untrack("t", "u1", "c1");
    assertThat(last("t").member().status()).isEqualTo(Status.AWAY);
    assertThat(heard.of("t"))
        .extracting(PresenceDiff::change)
        .containsExactly(Change.JOIN, Change.UPDATE, Change.UPDATE, Change.UPDATE, Change.UPDATE);
  }

  @Test
  void aConnectionThatOnlyGoesAwayDoesNotPutItsStateForward() {
    track("t", "u1", "background", "{\"tab\":1}");
    track("t", "u1", "active", "{\"tab\":2}");
    track("t", "u1", "background", "{\"tab\":1}", Status.AWAY);

    assertThat(state("t").members().get(0).data()).isEqualTo("{\"tab\":2}");
    assertThat(state("t").members().get(0).status()).isEqualTo(Status.ONLINE);
    assertThat(heard.of("t")).hasSize(2);
  }

  @Test
  void revisionsAreDensePerChannelAlsoWhenItWasEmpty() {
    for (int round = 0; round < 5; round++) {
      track("busy", "u" + round, "c", "{}");
      track("busy", "u" + round, "c", "{\"n\":1}");
    }
    for (int round = 0; round < 5; round++) {
      long before = state("t").revision();
      track("t", "u1", "c1", "{}");
      assertThat(last("t").revision()).isEqualTo(before + 1);
      untrack("t", "u1", "c1");
      assertThat(state("t").revision()).isEqualTo(before + 2);
      track("other" + round, "u1", "c1", "{}");
    }

    for (String topic : List.of("t", "busy")) {
      List<PresenceDiff> diffs = heard.of(topic);
      for (int i = 0; i < diffs.size(); i++) {
        assertThat(diffs.get(i).revision()).isEqualTo(i + 1L);
      }
    }
  }

  @Test
  void askingForTheStateHidesNoneOfTheFirstDifferences() {
    List<CompletionStage<?>> stages = new ArrayList<>();
    for (int i = 0; i < 50; i++) {
      stages.add(tracker.track("t" + i, "u1", new Link("c1", "{}", Status.ONLINE)));
      stages.add(tracker.state("t" + i));
      stages.add(tracker.track("t" + i, "u2", new Link("c2", "{}", Status.ONLINE)));
      stages.add(tracker.state("t" + i));
    }
    stages.forEach(Drafts::await);

    for (int i = 0; i < 50; i++) {
      assertThat(heard.of("t" + i)).extracting(PresenceDiff::revision).containsExactly(1L, 2L);
      assertThat(heard.of("t" + i))
          .extracting(diff -> diff.change() + " " + diff.member().userId())
          .containsExactlyInAnyOrder("JOIN u1", "JOIN u2");
    }
  }

  @Test
  void concurrentChangesGiveDiffsThatLeadFromStateToState() {
    Random seeds = new Random();
    long seed = seeds.nextLong();
    AtomicInteger thread = new AtomicInteger();
    List<PresenceState> seen = new ArrayList<>();
    List<Parallel.Task> tasks = new ArrayList<>();
    for (int i = 0; i < 4; i++) {
      tasks.add(
          () -> {
            int me = thread.incrementAndGet();
            Random random = new Random(seed + me);
            for (int step = 0; step < 500; step++) {
              String user = "u" + random.nextInt(3);
              if (random.nextBoolean()) {
                await(
                    tracker.track(
                        "t",
                        user,
                        new Link("c" + me, "{\"n\":" + random.nextInt(3) + "}", Status.ONLINE)));
              } else {
                await(tracker.untrack("t", user, "c" + me, Reason.LEFT));
              }
            }
          });
    }
    tasks.add(
        () -> {
          for (int i = 0; i < 200; i++) {
            seen.add(state("t"));
          }
        });
    Parallel.run(tasks);
    seen.add(state("t"));

    Map<Long, Map<String, String>> byRevision = new LinkedHashMap<>();
    Map<String, String> members = new LinkedHashMap<>();
    byRevision.put(0L, Map.of());
    for (PresenceDiff diff : heard.of("t")) {
      assertThat(diff.revision()).as("seed %s", seed).isEqualTo(byRevision.size());
      String user = diff.member().userId();
      assertThat(members.containsKey(user)).isEqualTo(diff.change() != Change.JOIN);
      if (diff.change() == Change.LEAVE) {
        members.remove(user);
      } else {
        members.put(user, diff.member().data());
      }
      byRevision.put(diff.revision(), new LinkedHashMap<>(members));
    }
    for (PresenceState state : seen) {
      Map<String, String> told = new LinkedHashMap<>();
      state.members().forEach(m -> told.put(m.userId(), m.data()));
      assertThat(told).as("seed %s", seed).isEqualTo(byRevision.get(state.revision()));
    }
  }
}
