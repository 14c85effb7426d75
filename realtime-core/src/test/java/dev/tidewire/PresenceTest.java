package dev.tidewire;

import static dev.tidewire.Client.connect;
import static dev.tidewire.Client.eventually;
import static dev.tidewire.testing.Drafts.await;
import static org.assertj.core.api.Assertions.assertThat;

import dev.tidewire.presence.Member;
import dev.tidewire.presence.MemoryPresenceTracker;
import dev.tidewire.presence.PresenceDiff;
import dev.tidewire.presence.PresenceListener;
import dev.tidewire.presence.PresenceState;
import dev.tidewire.presence.PresenceTracker;
import dev.tidewire.testing.ManualClock;
import dev.tidewire.testing.Parallel;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import tools.jackson.databind.JsonNode;

class PresenceTest {

  private static final String WATCH = "'type':'subscribe','topic':'t','presence':true";

  private final ManualClock clock = new ManualClock();
  private final Realtime.Builder settings =
      Realtime.builder().clock(clock).access(AccessPolicy.open()).limits(l -> l.frames(0, 0));
  private Realtime realtime;

  @AfterEach
  void close() {
    realtime.close();
  }

  private Realtime bus() {
    realtime = settings.build();
    return realtime;
  }

  private static Client track(Client client, String data) {
    client.acked("'type':'track','topic':'t','data':" + data);
    return client;
  }

  private static List<String> events(Client client) {
    return client.told("presence").stream()
        .map(f -> f.get("event").asString() + " " + f.get("userId").asString())
        .toList();
  }

  @Test
  void aSubscriberGetsTheStateAndThenEveryDifference() {
    bus();
    Client ada = track(connect(realtime, "ada"), "{'name':'Ada','userId':'root'}");
    Client watcher = connect(realtime, "bob");
    watcher.acked(WATCH);

    JsonNode state = watcher.told("presence_state", 1).get(0);
    assertThat(state.get("rev").asInt()).isOne();
    assertThat(state.get("count").asInt()).isOne();
    assertThat(state.at("/members/0/userId").asString()).isEqualTo("ada");
    assertThat(state.at("/members/0/data").toString())
        .isEqualTo("{\"name\":\"Ada\",\"userId\":\"ada\"}");
    track(ada, "{'name':'Ada L.'}");
    ada.acked("'type':'status','status':'away'");
    ada.acked("'type':'untrack','topic':'t'");

    List<JsonNode> diffs = watcher.told("presence", 4 - 1);
    assertThat(events(watcher))
        .containsExactly("presence:update ada", "presence:update ada", "presence:leave ada");
    assertThat(diffs.stream().map(f -> f.get("rev").asInt())).containsExactly(2, 3, 4);
    assertThat(diffs.get(1).get("status").asString()).isEqualTo("away");
    assertThat(diffs.get(2).get("status").asString()).isEqualTo("offline");
    assertThat(diffs.get(2).get("reason").asString()).isEqualTo("left");
  }

  @Test
  void presenceIsToldToThoseWhoWantAndMay() {
    settings.access(
        (who, topic, action) ->
            action != AccessPolicy.Action.PRESENCE_READ || who.userId().equals("may"));
    bus();
    Client may = connect(realtime, "may").subscribed("t");
    Client mayNot = connect(realtime, "mayNot").subscribed("t");
    Client unwilling = connect(realtime, "may");
    unwilling.acked("'type':'subscribe','topic':'t','presence':false");
    track(connect(realtime, "ada"), "{}");

    may.told("presence", 1);
    assertThat(may.told("presence_state")).isEmpty(); // nobody was there, and nobody asked
    assertThat(mayNot.refused(WATCH)).isEqualTo("FORBIDDEN");
    assertThat(mayNot.told("presence")).isEmpty();
    assertThat(unwilling.told("presence")).isEmpty();
  }

  @Test
  void whoAskedIsToldThatNobodyIsHere() {
    Client ada = connect(bus(), "ada");
    ada.acked(WATCH);

    assertThat(ada.told("presence_state", 1).get(0).get("members")).isEmpty();
  }

  @Test
  void whoComesBackIsToldThatNobodyIsHereAnyMore() {
    bus();
    Client bob = track(connect(realtime, "bob"), "{}");
    Client ada = connect(realtime, "ada");
    String position = ada.acked("'type':'subscribe','topic':'t'").get("position").asString();
    ada.told("presence_state", 1);
    ada.connection().drop(1001);
    bob.acked("'type':'untrack','topic':'t'");

    Client back = connect(realtime, "ada");
    back.acked("'type':'subscribe','topic':'t','since':'" + position + "'");

    assertThat(back.told("presence_state", 1).get(0).get("members")).isEmpty();
  }

  @Test
  void severalConnectionsAreOneMemberAndTheLastOneDecides() {
    bus();
    Client watcher = connect(realtime, "watcher");
    watcher.acked(WATCH);
    Client tab1 = track(connect(realtime, "ada"), "{'tab':1}");
    Client tab2 = track(connect(realtime, "ada"), "{'tab':2}");
    tab1.connection().drop(1000);
    eventually() // sessions that end at once leave in any order
        .until(
            () ->
                await(realtime.channel("t").presence()).members().get(0).connections().size() == 1);
    tab2.connection().drop(1001);
    watcher.told("presence", 3);

    assertThat(events(watcher))
        .containsExactly("presence:join ada", "presence:update ada", "presence:leave ada");
    assertThat(await(realtime.channel("t").presence()).members()).isEmpty();
  }

  @Test
  void theReasonTellsALostConnectionFromAClosedOne() {
    bus();
    Client watcher = connect(realtime, "watcher");
    watcher.acked(WATCH);
    int[] codes = {1000, 1001, 1006, 4000};
    String[] reasons = {"left", "left", "timeout", "timeout"};
    for (int i = 0; i < codes.length; i++) {
      track(connect(realtime, "ada"), "{}").connection().drop(codes[i]);
      JsonNode leave = watcher.told("presence", 2 * (i + 1)).get(2 * i + 1);
      assertThat(leave.get("reason").asString()).isEqualTo(reasons[i]);
    }
  }

  @Test
  void aSilentClientIsClosedAndItsPresenceLeaves() {
    settings.heartbeat(Duration.ofSeconds(2), Duration.ofSeconds(1));
    bus();
    Client watcher = connect(realtime, "watcher");
    watcher.acked(WATCH);
    Client silent = track(connect(realtime, "silent"), "{}");
    Client ponging = track(connect(realtime, "ponging"), "{}");

    eventually()
        .until(
            () -> {
              clock.advance(Duration.ofMillis(15)); // 3 seconds between two checks
              watcher.say("{'type':'ping'}");
              ponging.session().touch();
              return silent.isClosed();
            });

    assertThat(silent.closeCode()).isEqualTo(4000);
    JsonNode leave = watcher.told("presence", 3).get(2);
    assertThat(leave.get("userId").asString()).isEqualTo("silent");
    assertThat(leave.get("reason").asString()).isEqualTo("timeout");
    assertThat(ponging.isClosed()).isFalse();
    assertThat(watcher.isClosed()).isFalse();
  }

  @Test
  void aServerThatStoodStillDoesNotBlameItsClients() {
    settings.heartbeat(Duration.ofSeconds(2), Duration.ofSeconds(1));
    bus();
    Client client = connect(realtime, "ada");
    Client marker = connect(realtime, Identity.of("m").until(clock.instant().plusSeconds(60)));

    clock.advance(Duration.ofMinutes(2));

    assertThat(marker.closeCode()).isEqualTo(4001); // so a check took place
    assertThat(client.isClosed()).isFalse();
  }

  @Test
  void onePresenceStateIsBoundedInBytes() {
    settings.limits(l -> l.presenceStateBytes(100));
    Client ada = connect(bus(), "ada");
    String fits = "{'a':'" + "é".repeat(46) + "'}"; // 92 of the 100 bytes are its text

    track(ada, fits);
    assertThat(ada.refused("'type':'track','topic':'t','data':" + fits.replace("'}", "x'}")))
        .isEqualTo("TOO_LARGE");
  }

  @Test
  void aPresenceStateIsAnObject() {
    Client ada = connect(bus(), "ada");

    for (String data : List.of("[]", "1", "null", "'x'")) {
      assertThat(ada.refused("'type':'track','topic':'t','data':" + data)).isEqualTo("BAD_REQUEST");
    }
    ada.acked("'type':'track','topic':'t'");
    ada.acked("'type':'untrack','topic':'never tracked'".replace(" ", "_"));
  }

  @Test
  void asManyTrackedChannelsAsAllowedAndNotOneMore() {
    settings.limits(l -> l.subscriptions(2));
    Client ada = connect(bus(), "ada");
    ada.acked("'type':'track','topic':'a'");
    ada.acked("'type':'track','topic':'b'");

    assertThat(ada.refused("'type':'track','topic':'c'")).isEqualTo("LIMIT_EXCEEDED");
    ada.acked("'type':'track','topic':'a','data':{'again':1}");
    ada.acked("'type':'untrack','topic':'a'");
    ada.acked("'type':'track','topic':'c'");
  }

  @Test
  void asManyMembersAsAllowedAreTold() {
    settings.limits(l -> l.members(3));
    bus();
    for (int i = 0; i < 5; i++) {
      track(connect(realtime, "u" + i), "{}");
    }
    Client watcher = connect(realtime, "watcher");
    watcher.acked(WATCH);

    JsonNode state = watcher.told("presence_state", 1).get(0);
    assertThat(state.get("count").asInt()).isEqualTo(5);
    assertThat(state.get("members")).hasSize(3);
  }

  @Test
  void statusIsToldInEveryTrackedChannel() {
    bus();
    Client watcher = connect(realtime, "watcher");
    for (String topic : List.of("a", "b")) {
      watcher.acked("'type':'subscribe','topic':'" + topic + "','presence':true");
    }
    Client ada = connect(realtime, "ada");
    ada.acked("'type':'track','topic':'a'");
    ada.acked("'type':'status','status':'away'");
    ada.acked("'type':'track','topic':'b'");
    ada.acked("'type':'status','status':'away'"); // no change
    ada.acked("'type':'status','status':'online'");

    List<String> told =
        watcher.told("presence", 5).stream()
            .map(f -> f.get("topic").asString() + " " + f.get("status").asString())
            .toList();
    assertThat(told)
        .containsExactlyInAnyOrder("a online", "a away", "b away", "a online", "b online");
  }

  @Test
  void manyWhoJoinAtOnceAreToldInOrderWithoutGap() {
    bus();
    List<Client> watchers = new ArrayList<>();
    for (int i = 0; i < 12; i++) {
      Client watcher = connect(realtime, "w" + i);
      watcher.acked(WATCH);
      watchers.add(watcher);
    }
    AtomicInteger names = new AtomicInteger();
    Parallel.times(
        4,
        () -> {
          for (int i = 0; i < 100; i++) {
            track(connect(realtime, "u" + names.incrementAndGet()), "{}");
          }
        });

    for (Client watcher : watchers) {
      List<JsonNode> diffs = watcher.told("presence", 400);
      for (int i = 0; i < diffs.size(); i++) {
        assertThat(diffs.get(i).get("rev").asInt()).isEqualTo(i + 1);
      }
    }
  }

  @Test
  void whoeverSubscribesWhenSeesTheSameMembersWithoutGap() {
    bus();
    long seed = new Random().nextLong();
    AtomicInteger threads = new AtomicInteger();
    List<Client> watchers = new CopyOnWriteArrayList<>();
    List<Parallel.Task> tasks = new ArrayList<>();
    for (int i = 0; i < 2; i++) {
      tasks.add(
          () -> {
            int me = threads.incrementAndGet();
            Random random = new Random(seed + me);
            Client client = connect(realtime, "u" + me);
            for (int step = 0; step < 500; step++) {
              if (random.nextInt(3) == 0) {
                client.tell("'type':'untrack','topic':'t'");
              } else {
                client.tell("'type':'track','topic':'t','data':{'n':" + step + "}");
              }
            }
          });
    }
    tasks.add(
        () -> {
          for (int i = 0; i < 20; i++) {
            Client watcher = connect(realtime, "w" + i);
            watchers.add(watcher);
            watcher.acked(WATCH);
            watcher.tell(WATCH); // and once more in place
          }
        });
    Parallel.run(tasks);

    PresenceState end = await(realtime.channel("t").presence());
    Map<String, String> expected = new HashMap<>();
    end.members().forEach(m -> expected.put(m.userId(), m.data()));
    for (Client watcher : watchers) {
      eventually().until(() -> revision(watcher) == end.revision());
      assertThat(members(watcher, "seed " + seed)).isEqualTo(expected);
    }
  }

  private static long revision(Client watcher) {
    long revision = -1;
    for (JsonNode frame : watcher.connection().frames()) {
      revision = frame.has("rev") ? frame.get("rev").asLong() : revision;
    }
    return revision;
  }

  /** The members as a client knows them that checks for gaps. */
  private static Map<String, String> members(Client watcher, String label) {
    Map<String, String> members = new HashMap<>();
    long revision = -1;
    for (JsonNode frame : watcher.connection().frames()) {
      switch (frame.get("type").asString()) {
        case "presence_state" -> {
          members.clear();
          frame
              .get("members")
              .forEach(m -> members.put(m.get("userId").asString(), m.get("data").toString()));
          revision = frame.get("rev").asLong();
        }
        case "presence" -> {
          assertThat(revision).as("%s: a state comes first", label).isNotNegative();
          assertThat(frame.get("rev").asLong()).as(label).isEqualTo(revision + 1);
          revision++;
          String user = frame.get("userId").asString();
          if (frame.get("event").asString().equals("presence:leave")) {
            assertThat(members.remove(user)).as(label).isNotNull();
          } else {
            members.put(user, frame.get("data").toString());
          }
        }
        default -> {}
      }
    }
    return members;
  }

  /** A tracker that answers late, or not at all. */
  private static final class SlowTracker implements PresenceTracker {
    final MemoryPresenceTracker tracker;
    final CompletableFuture<Void> go = new CompletableFuture<>();
    volatile boolean failing;

    SlowTracker(ManualClock clock) {
      tracker = new MemoryPresenceTracker(clock);
    }

    @Override
    public void start(PresenceListener listener) {
      tracker.start(listener);
    }

    @Override
    public CompletionStage<Void> track(String topic, String userId, Member.Link connection) {
      return failing
          ? CompletableFuture.failedStage(new IllegalStateException("tracker at 10.0.0.7"))
          : tracker.track(topic, userId, connection);
    }

    @Override
    public CompletionStage<Void> untrack(
        String topic, String userId, String connectionId, PresenceDiff.Reason reason) {
      if (failing) {
        throw new IllegalStateException("tracker at 10.0.0.7");
      }
      return tracker.untrack(topic, userId, connectionId, reason);
    }

    @Override
    public CompletionStage<PresenceState> state(String topic) {
      CompletionStage<PresenceState> now = tracker.state(topic);
      return failing
          ? CompletableFuture.failedStage(new IllegalStateException("tracker at 10.0.0.7"))
          : go.thenCompose(late -> now);
    }

    @Override
    public void close() {}
  }

  @Test
  void differencesThatOvertakeTheStateComeAfterIt() {
    SlowTracker tracker = new SlowTracker(clock);
    settings.presence(tracker);
    bus();
    Client ada = track(connect(realtime, "ada"), "{}");
    Client watcher = connect(realtime, "watcher");
    watcher.acked(WATCH);
    track(ada, "{'n':1}");
    track(connect(realtime, "bob"), "{}");
    assertThat(watcher.told("presence")).isEmpty();

    tracker.go.complete(null);

    watcher.told("presence", 2);
    assertThat(members(watcher, "")).containsOnlyKeys("ada", "bob");
  }

  @Test
  void aTrackerThatFailsIsToldAndPublicationsGoOn() {
    SlowTracker tracker = new SlowTracker(clock);
    tracker.go.complete(null);
    settings.presence(tracker);
    bus();
    Client ada = track(connect(realtime, "ada"), "{}");
    tracker.failing = true;
    Client watcher = connect(realtime, "watcher");
    watcher.acked(WATCH);

    JsonNode error = watcher.told("error", 1).get(0);
    assertThat(error.at("/payload/code").asString()).isEqualTo("UNAVAILABLE");
    assertThat(error.at("/payload/message").asString()).contains("'t'").doesNotContain("10.0.0");
    assertThat(ada.refused("'type':'track','topic':'t','data':{'n':2}")).isEqualTo("UNAVAILABLE");
    assertThat(ada.refused("'type':'untrack','topic':'t'")).isEqualTo("UNAVAILABLE");
    await(realtime.channel("t").publish("e", 1));
    watcher.told("event", 1);
    tracker.failing = false;
    watcher.acked(WATCH);
    assertThat(watcher.told("presence_state", 1).get(0).get("members")).hasSize(1);
  }
}
