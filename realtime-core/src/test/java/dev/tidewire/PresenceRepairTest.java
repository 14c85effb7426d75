package dev.tidewire;

import static dev.tidewire.Client.connect;
import static dev.tidewire.testing.Drafts.await;
import static org.assertj.core.api.Assertions.assertThat;

import dev.tidewire.presence.Member;
import dev.tidewire.presence.MemoryPresenceTracker;
import dev.tidewire.presence.PresenceDiff;
import dev.tidewire.presence.PresenceListener;
import dev.tidewire.presence.PresenceState;
import dev.tidewire.presence.PresenceTracker;
import dev.tidewire.testing.ManualClock;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import tools.jackson.databind.JsonNode;

/** A tracker behind a network loses differences, and then tells the whole state. */
class PresenceRepairTest {

  private static final String WATCH = "'type':'subscribe','topic':'t','presence':true";

  /** Loses what it is told to; answers when it is told to. */
  private static final class LossyTracker implements PresenceTracker {
    final MemoryPresenceTracker tracker = new MemoryPresenceTracker(new ManualClock());
    final List<String> interest = new ArrayList<>();
    PresenceListener hub;
    boolean isLosing;
    CompletableFuture<Void> answers = CompletableFuture.completedFuture(null);

    @Override
    public void start(PresenceListener listener) {
      hub = listener;
      tracker.start(
          new PresenceListener() {
            @Override
            public void onDiff(PresenceDiff diff) {
              if (!isLosing) {
                listener.onDiff(diff);
              }
            }

            @Override
            public void onReady(String topic) {
              listener.onReady(topic);
            }
          });
    }

    @Override
    public void subscribe(String topic) {
      interest.add("+" + topic);
    }

    @Override
    public void unsubscribe(String topic) {
      interest.add("-" + topic);
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
      CompletionStage<PresenceState> now = tracker.state(topic);
      return answers.thenCompose(nothing -> now);
    }

    /** The losses end, and are made good. */
    void repair(String topic) {
      isLosing = false;
      hub.onState(await(tracker.state(topic)));
      hub.onReady(topic);
    }

    @Override
    public void close() {}
  }

  private final LossyTracker tracker = new LossyTracker();
  private final Realtime realtime =
      Realtime.builder().access(AccessPolicy.open()).presence(tracker).build();

  @AfterEach
  void close() {
    realtime.close();
  }

  private Client track(String user) {
    Client client = connect(realtime, user);
    client.acked("'type':'track','topic':'t','data':{}");
    return client;
  }

  /** Joins, leaves and states as a client was told them. */
  private static List<String> story(Client client) {
    List<String> story = new ArrayList<>();
    for (JsonNode frame : client.connection().frames()) {
      switch (frame.get("type").asString()) {
        case "presence" -> story.add(frame.get("rev").asInt() + frame.get("userId").asString());
        case "presence_state" -> {
          List<String> users = new ArrayList<>();
          frame.get("members").forEach(member -> users.add(member.get("userId").asString()));
          story.add(frame.get("rev").asInt() + users.toString());
        }
        default -> {}
      }
    }
    return story;
  }

  @Test
  void theStateStandsInThePlaceOfLostDifferences() {
    Client watcher = connect(realtime, "watcher");
    watcher.acked(WATCH);
    Client unwilling = connect(realtime, "unwilling");
    unwilling.acked("'type':'subscribe','topic':'t','presence':false");
    track("a");
    tracker.isLosing = true;
    track("b");
    track("c");
    tracker.repair("t");
    track("d");

    watcher.told("presence", 2);
    assertThat(story(watcher)).containsExactly("0[]", "1a", "3[a, b, c]", "4d");
    assertThat(story(unwilling)).isEmpty();
  }

  @Test
  void whoAskedForNothingIsToldThatNobodyIsLeft() {
    Client watcher = connect(realtime, "watcher");
    watcher.acked("'type':'subscribe','topic':'t'");
    Client ada = track("ada");
    tracker.isLosing = true;
    ada.acked("'type':'untrack','topic':'t'");
    tracker.repair("t");

    watcher.told("presence_state", 1);
    assertThat(story(watcher)).containsExactly("1ada", "2[]");
  }

  @Test
  void aStateToldBeforeTheAnswerCountsIfItIsNewer() {
    track("a");
    tracker.answers = new CompletableFuture<>();
    Client watcher = connect(realtime, "watcher");
    watcher.acked(WATCH); // asks, and is answered with the state of this moment, later
    tracker.isLosing = true;
    track("b");
    track("c");
    tracker.repair("t");
    track("d");
    tracker.answers.complete(null);

    watcher.told("presence", 1);
    assertThat(story(watcher)).containsExactly("3[a, b, c]", "4d");
  }

  @Test
  void aStateOlderThanTheAnswerIsNotTold() {
    track("a");
    PresenceState old = await(tracker.tracker.state("t"));
    track("b");
    Client watcher = connect(realtime, "watcher");
    watcher.acked(WATCH);
    watcher.told("presence_state", 1);
    tracker.hub.onState(old);
    track("c");

    watcher.told("presence", 1);
    assertThat(story(watcher)).containsExactly("2[a, b]", "3c");
  }

  @Test
  void whoCouldNotBeToldIsToldWithTheNextState() {
    tracker.answers = CompletableFuture.failedFuture(new IllegalStateException("away"));
    Client watcher = connect(realtime, "watcher");
    watcher.acked(WATCH);
    track("a");
    tracker.repair("t");
    track("b");

    watcher.told("presence", 1);
    assertThat(watcher.told("error")).hasSize(1);
    assertThat(story(watcher)).containsExactly("1[a]", "2b");
  }

  @Test
  void theTrackerLearnsWhichChannelsHaveSubscribers() {
    Client one = connect(realtime, "one");
    one.acked(WATCH);
    Client two = connect(realtime, "two");
    two.acked(WATCH);
    one.acked("'type':'unsubscribe','topic':'t'");
    assertThat(tracker.interest).containsExactly("+t");
    two.acked("'type':'unsubscribe','topic':'t'");

    assertThat(tracker.interest).containsExactly("+t", "-t");
  }
}
