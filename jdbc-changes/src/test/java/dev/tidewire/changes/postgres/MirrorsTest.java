package dev.tidewire.changes.postgres;

import static dev.tidewire.testing.Drafts.await;
import static org.assertj.core.api.Assertions.assertThat;

import dev.tidewire.channel.Position;
import dev.tidewire.presence.Member;
import dev.tidewire.presence.Member.Link;
import dev.tidewire.presence.Member.Status;
import dev.tidewire.presence.PresenceDiff;
import dev.tidewire.presence.PresenceDiff.Change;
import dev.tidewire.presence.PresenceDiff.Reason;
import dev.tidewire.presence.PresenceListener;
import dev.tidewire.presence.PresenceState;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.postgresql.ds.PGSimpleDataSource;

/** What is told when readings of the tables and what the nodes say overlap, one by one. */
class MirrorsTest {

  private final ArrayDeque<Presences.Task> lane = new ArrayDeque<>();
  private final List<String> told = new ArrayList<>();
  private final Mirrors mirrors = mirrors(Duration.ofMinutes(1));

  private Mirrors mirrors(Duration timeout) {
    Mirrors made =
        new Mirrors(
            new PostgresSettings(
                new PGSimpleDataSource(),
                new Schema("t"),
                timeout,
                Duration.ofSeconds(3),
                1 << 20,
                null,
                Duration.ofSeconds(5)),
            Runnable::run,
            lane::add);
    made.tellTo(
        new PresenceListener() {
          @Override
          public void onDiff(PresenceDiff diff) {
            told.add(diff.change() + " " + diff.member().userId() + " " + diff.revision());
          }

          @Override
          public void onState(PresenceState state) {
            told.add("STATE " + state.revision() + " " + names(state));
          }

          @Override
          public void onReady(String topic) {}
        });
    return made;
  }

  private static List<String> names(PresenceState state) {
    return state.members().stream().map(Member::userId).toList();
  }

  private static Member member(String userId) {
    return PresenceStep.member(userId, List.of(new Link("c", "{}", Status.ONLINE)), 1);
  }

  private static Presences.Loaded room(long version, String... userIds) {
    List<Member> members = Stream.of(userIds).map(MirrorsTest::member).toList();
    return new Presences.Loaded(version, new PresenceState("t", version, members));
  }

  /** The oldest reading that waits finds this. */
  private void found(Presences.Loaded... rooms) {
    Presences.Load load = (Presences.Load) lane.remove();
    load.found = List.of(rooms);
    load.done();
  }

  private void begin() {
    mirrors.readAll();
    found();
  }

  private static Message step(long version, Change change, String userId) {
    Reason reason = change == Change.LEAVE ? Reason.LEFT : null;
    byte[] content = new PresenceStep(version, member(userId), change, reason).bytes();
    return new Message(Message.PRESENCE, "t", new Position(Presences.EPOCH, version), 0, content);
  }

  private static boolean isDone(CompletionStage<?> stage) {
    return stage.toCompletableFuture().isDone();
  }

  @Test
  void aStateThatWasReadAheadWaitsForTheStepsThatLeadThere() {
    begin();
    CompletionStage<PresenceState> state = mirrors.state("t");
    found(room(2, "anna", "bert"));
    mirrors.heard(step(1, Change.JOIN, "anna"));
    assertThat(isDone(state)).isFalse();

    mirrors.heard(step(2, Change.JOIN, "bert"));
    assertThat(told).containsExactly("JOIN anna 1", "JOIN bert 2");
    assertThat(await(state)).isEqualTo(room(2, "anna", "bert").state());
  }

  @Test
  void aReadingThatEndsAmidTheFirstStepsTellsEachOfThemOnce() {
    begin();
    CompletionStage<PresenceState> state = mirrors.state("t");
    mirrors.heard(step(1, Change.JOIN, "anna"));
    found(room(3, "anna"));
    mirrors.heard(step(2, Change.JOIN, "bert"));
    mirrors.heard(step(3, Change.LEAVE, "bert"));

    assertThat(told).containsExactly("JOIN anna 1", "JOIN bert 2", "LEAVE bert 3");
    assertThat(await(state).revision()).isEqualTo(3);
  }

  @Test
  void whoCameAndWentBeforeAnEmptyRoomWasReadIsTold() {
    begin();
    CompletableFuture<Void> own = new CompletableFuture<>();
    mirrors.whenHeard("t", 1, own, () -> {});
    CompletionStage<PresenceState> state = mirrors.state("t");
    found(room(2));
    assertThat(await(state)).isEqualTo(room(2).state());
    assertThat(own).isNotDone();

    mirrors.heard(step(1, Change.JOIN, "anna"));
    assertThat(own).isCompleted();
    assertThat(await(mirrors.state("t"))).as("never goes back").isEqualTo(room(2).state());
    mirrors.heard(step(2, Change.LEAVE, "anna"));
    mirrors.heard(step(3, Change.JOIN, "bert"));
    assertThat(told).containsExactly("JOIN anna 1", "LEAVE anna 2", "JOIN bert 3");
    assertThat(await(mirrors.state("t"))).isEqualTo(room(3, "bert").state());
  }

  @Test
  void anEmptyRoomIsReadOnce() {
    begin();
    CompletionStage<PresenceState> first = mirrors.state("t");
    found(room(7));

    assertThat(await(mirrors.state("t"))).isEqualTo(await(first)).isEqualTo(room(7).state());
    assertThat(lane).isEmpty();
  }

  @Test
  void whatIsNotHeardInTimeIsToldAsItWasFound() {
    Mirrors impatient = mirrors(Duration.ofSeconds(-1));
    impatient.readAll();
    found();
    CompletionStage<PresenceState> state = impatient.state("t");
    found(room(2, "anna"));
    assertThat(isDone(state)).isFalse();

    impatient.tick();
    assertThat(await(state)).isEqualTo(room(2, "anna").state());
    impatient.heard(step(1, Change.JOIN, "anna"));
    impatient.heard(step(2, Change.UPDATE, "anna"));
    assertThat(told).containsExactly("JOIN anna 2");
  }

  @Test
  void whoeverWaitsIsAnsweredWhenTheRoomIsFoundEmptyAfterAnOutage() {
    begin();
    CompletionStage<PresenceState> state = mirrors.state("t");
    found(room(1, "anna"));
    mirrors.readAll();
    found(room(2));

    assertThat(await(state)).isEqualTo(room(2).state());
    assertThat(told).isEmpty();
  }

  @Test
  void whatIsHeardBeforeAllWasReadFollowsIt() {
    mirrors.readAll();
    mirrors.heard(step(5, Change.JOIN, "anna"));
    mirrors.heard(step(6, Change.JOIN, "bert"));
    CompletableFuture<Void> own = new CompletableFuture<>();
    mirrors.whenHeard("t", 5, own, () -> {});
    found(room(5, "anna"));

    assertThat(told).containsExactly("STATE 5 [anna]", "JOIN bert 6");
    assertThat(own).isCompleted();
    assertThat(await(mirrors.state("t"))).isEqualTo(room(6, "anna", "bert").state());
    assertThat(lane).isEmpty();
  }

  @Test
  void aStepAfterAnOutageDoesNotHideThoseThatWereMissed() {
    begin();
    mirrors.readAll(); // is heard again
    mirrors.heard(step(2, Change.JOIN, "bert"));
    assertThat(told).isEmpty();
    found(room(1, "anna"));
    found(room(2, "anna", "bert"));

    assertThat(told).containsExactly("JOIN anna 1", "JOIN bert 2");
    assertThat(await(mirrors.state("t"))).isEqualTo(room(2, "anna", "bert").state());
  }
}
