package dev.tidewire;

import static dev.tidewire.Client.connect;
import static dev.tidewire.testing.Drafts.await;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.tidewire.presence.Member;
import dev.tidewire.presence.MemoryPresenceTracker;
import dev.tidewire.presence.PresenceDiff;
import dev.tidewire.presence.PresenceListener;
import dev.tidewire.presence.PresenceState;
import dev.tidewire.presence.PresenceTracker;
import dev.tidewire.testing.ManualClock;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.concurrent.CompletionStage;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** Short drops that nobody is to notice; time and threads are the test's. */
class PresenceGraceTest {

  private static final Duration WINDOW = Duration.ofSeconds(10);

  private final ManualClock clock = new ManualClock();
  private final SharedTracker tracker = new SharedTracker(clock);
  private final List<SteppedThreads> threads = new ArrayList<>();
  private final Realtime here = node();
  private final Realtime there = node();
  private Client watcher;

  /** One tracker for several nodes, each of which hears everything. */
  private static final class SharedTracker implements PresenceTracker {
    private final MemoryPresenceTracker tracker;
    private final List<PresenceListener> nodes = new ArrayList<>();

    SharedTracker(ManualClock clock) {
      tracker = new MemoryPresenceTracker(clock);
      tracker.start(
          new PresenceListener() {
            @Override
            public void onDiff(PresenceDiff diff) {
              nodes.forEach(node -> node.onDiff(diff));
            }

            @Override
            public void onReady(String topic) {
              nodes.forEach(node -> node.onReady(topic));
            }
          });
    }

    @Override
    public void start(PresenceListener listener) {
      nodes.add(listener);
    }

    @Override
    public CompletionStage<Void> track(String topic, String userId, Member.Link connection) {
      return tracker.track(topic, userId, connection);
    }

    @Override
    public CompletionStage<Void> untrack(
        String topic, String userId, String connectionId, PresenceDiff.Reason reason) {
      return tracker.untrack(topic, userId, connectionId, reason);
    }

    @Override
    public CompletionStage<PresenceState> state(String topic) {
      return tracker.state(topic);
    }

    @Override
    public void close() {}
  }

  private Realtime node() {
    Realtime.Builder settings =
        Realtime.builder()
            .clock(clock)
            .access(AccessPolicy.open())
            .presence(tracker)
            .presenceGrace(WINDOW);
    SteppedThreads own = new SteppedThreads();
    threads.add(own);
    settings.threads = () -> own;
    return settings.build();
  }

  @BeforeEach
  void watch() {
    watcher = connect(here, "watcher");
    watcher.acked("'type':'subscribe','topic':'t','presence':true");
  }

  @AfterEach
  void close() {
    here.close();
    there.close();
  }

  private void settle() {
    for (SteppedThreads own : threads) {
      while (own.step(0)) {
        // all that waits
      }
    }
  }

  private void pass(Duration time) {
    clock.advance(time);
    watcher.say("{'type':'ping'}");
    threads.forEach(SteppedThreads::tick);
    settle();
  }

  private Client ada(Realtime node, String data) {
    return ada(node, data, Identity.of("ada"));
  }

  private Client ada(Realtime node, String data, Identity who) {
    Client ada = connect(node, who);
    ada.acked("'type':'track','topic':'t','data':" + data);
    return ada;
  }

  private void drop(Client client) {
    client.connection().drop(1006);
    settle();
  }

  private List<String> told() {
    return watcher.told("presence").stream()
        .map(
            frame ->
                frame.get("event").asString().substring("presence:".length())
                    + (frame.has("reason") ? ' ' + frame.get("reason").asString() : ""))
        .toList();
  }

  private List<String> connections() {
    return await(here.channel("t").presence()).members().stream()
        .flatMap(member -> member.connections().stream().map(Member.Link::id))
        .toList();
  }

  @Test
  void aShortDropIsNeitherLeaveNorJoin() {
    drop(ada(here, "{'n':1}"));
    pass(Duration.ofSeconds(9));
    Client back = ada(here, "{'n':1}");

    assertThat(connections()).containsExactly(back.session().id()); // the lost one is not needed
    pass(Duration.ofMinutes(1));
    assertThat(told()).containsExactly("join");
  }

  @Test
  void norIsItIfTheUserComesBackOnAnotherNode() {
    drop(ada(here, "{'n':1}"));
    pass(Duration.ofSeconds(9));
    Client back = ada(there, "{'n':1}");
    pass(Duration.ofSeconds(1));

    assertThat(connections()).containsExactly(back.session().id());
    assertThat(told()).containsExactly("join");
    drop(back);
    pass(Duration.ofSeconds(10));
    assertThat(told()).containsExactly("join", "leave timeout");
  }

  @Test
  void whoComesBackWithAnotherStateIsUpdated() {
    drop(ada(here, "{'n':1}"));
    ada(here, "{'n':2}");

    assertThat(told()).containsExactly("join", "update");
  }

  @Test
  void whoDoesNotComeBackLeavesWhenTheWindowIsOver() {
    drop(ada(here, "{}"));
    pass(Duration.ofMillis(9_999));
    assertThat(told()).containsExactly("join");
    pass(Duration.ofMillis(1));

    assertThat(told()).containsExactly("join", "leave timeout");
    assertThat(connections()).isEmpty();
  }

  @Test
  void whoClosesInOrderLeavesAtOnce() {
    ada(here, "{}").connection().drop(1001);
    settle();

    assertThat(told()).containsExactly("join", "leave left");
  }

  @Test
  void whoCameBackAndUntracksLeavesAtOnce() {
    drop(ada(here, "{}"));
    ada(here, "{}").acked("'type':'untrack','topic':'t'");

    assertThat(told()).containsExactly("join", "leave left");
  }

  @Test
  void eachOfSeveralTabsHasAWindowOfItsOwn() {
    Client one = ada(here, "{}");
    Client other = ada(here, "{}");
    drop(one);
    drop(other);
    ada(here, "{}").connection().drop(1000); // one of them is back, and closed
    settle();
    assertThat(told()).containsExactly("join");
    pass(WINDOW);

    assertThat(told()).containsExactly("join", "leave timeout");
  }

  @Test
  void whoIsRevokedMeanwhileLeavesAtOnce() {
    drop(ada(here, "{}"));
    here.revoke(who -> who.userId().equals("bob"));
    assertThat(told()).containsExactly("join");
    here.revoke(who -> who.userId().equals("ada"));

    assertThat(told()).containsExactly("join", "leave logout");
  }

  @Test
  void aRevocationBetweenTheDropAndItsCleanupIsNotMissed() {
    Client ada = ada(here, "{}");
    ada.connection().drop(1006);
    here.revoke(who -> who.userId().equals("ada"));
    settle();

    assertThat(told()).containsExactly("join", "leave logout");
  }

  @Test
  void whoseTokenExpiresMeanwhileLeavesThen() {
    drop(ada(here, "{}", Identity.of("ada").until(clock.instant().plusSeconds(3))));
    pass(Duration.ofSeconds(2));
    assertThat(told()).containsExactly("join");
    pass(Duration.ofSeconds(1));

    assertThat(told()).containsExactly("join", "leave logout");
  }

  @Test
  void aNodeThatStopsWaitsForNobody() {
    drop(ada(there, "{}"));
    there.close();
    settle();

    assertThat(told()).containsExactly("join", "leave timeout");
  }

  @Test
  void withMoreLostConnectionsThanAreKeptTheOldestLeave() {
    Absences absences = new Absences(tracker, WINDOW);
    for (int i = 0; i <= Absences.MAX_CONNECTIONS; i++) {
      Identity who = Identity.of("u" + i);
      await(
          tracker.track(
              "many", who.userId(), new Member.Link("c" + i, "{}", Member.Status.ONLINE)));
      absences.begin("c" + i, Standing.of(who), Set.of("many"), PresenceDiff.Reason.TIMEOUT, i);
    }

    assertThat(absences.count()).isEqualTo(Absences.MAX_CONNECTIONS);
    List<Member> members = await(tracker.state("many")).members();
    assertThat(members).hasSize(Absences.MAX_CONNECTIONS);
    assertThat(members.get(0).userId()).isEqualTo("u1");
    absences.close();
    assertThat(await(tracker.state("many")).members()).isEmpty();
  }

  @Test
  void aWindowIsZeroOrMore() {
    assertThatThrownBy(() -> Realtime.builder().presenceGrace(Duration.ofMillis(-1)))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("PT-0.001S");
  }
}
