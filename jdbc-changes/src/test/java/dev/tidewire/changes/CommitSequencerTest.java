package dev.tidewire.changes;

import static org.assertj.core.api.Assertions.assertThat;

import dev.tidewire.changes.CommitSequencer.Ticket;
import dev.tidewire.channel.Operation;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.Test;

class CommitSequencerTest {

  private static final CapturedTable A = new CapturedTable("a", "a", Set.of(), Set.of());
  private static final CapturedTable B = new CapturedTable("b", "b", Set.of(), Set.of());

  private final AtomicLong now = new AtomicLong();
  private final CommitSequencer sequencer =
      new CommitSequencer(3, Duration.ofSeconds(30), now::get);

  private static List<Change> rows(CapturedTable table, int... ids) {
    List<Change> changes = new ArrayList<>();
    for (int id : ids) {
      changes.add(new Change(table, Operation.INSERT, Map.of("id", id), null, Actor.UNKNOWN));
    }
    return changes;
  }

  private List<String> taken() throws InterruptedException {
    List<String> taken = new ArrayList<>();
    while (true) {
      CommitSequencer.Commit commit = sequencer.take(Duration.ZERO);
      if (commit == null) {
        return taken;
      }
      for (Change change : commit.changes()) {
        taken.add(change.table() + (change.isReset() ? "!" : change.row().get("id").toString()));
      }
    }
  }

  @Test
  void handsOverInTheOrderOfTickets() throws InterruptedException {
    Ticket first = sequencer.draw();
    Ticket second = sequencer.draw();
    Ticket third = sequencer.draw();
    sequencer.settle(third, rows(A, 3));
    sequencer.settle(second, List.of());
    assertThat(taken()).isEmpty();
    sequencer.settle(first, rows(A, 1));
    assertThat(taken()).containsExactly("a1", "a3");
  }

  @Test
  void moreThanTheLimitBecomesResetsBehindEverythingThatWaits() throws InterruptedException {
    Ticket first = sequencer.draw();
    Ticket tooMuch = sequencer.draw();
    Ticket between = sequencer.draw();
    Ticket last = sequencer.draw();
    sequencer.settle(first, rows(A, 1, 2));
    sequencer.settle(tooMuch, rows(A, 3, 4));
    sequencer.settle(between, rows(A, 5));
    sequencer.settle(last, List.of());
    assertThat(taken()).containsExactly("a1", "a2", "a5", "a!");
    sequencer.settle(sequencer.draw(), rows(A, 6, 7, 8));
    assertThat(taken()).containsExactly("a6", "a7", "a8");
  }

  @Test
  void resetsThatAreCarriedMoveOnWithTheirCarrier() throws InterruptedException {
    Ticket first = sequencer.draw();
    sequencer.settle(first, rows(A, 1, 2, 3));
    for (int i = 0; i < 1_000; i++) {
      sequencer.settle(sequencer.draw(), rows(i % 2 == 0 ? A : B, i));
    }
    List<String> taken = taken();
    assertThat(taken.subList(0, 3)).containsExactly("a1", "a2", "a3");
    assertThat(taken).hasSize(5).endsWith("a!", "b!");
  }

  @Test
  void ticketThatStaysOpenIsPassedOverAndLaterReset() throws InterruptedException {
    Ticket hanging = sequencer.draw();
    Ticket other = sequencer.draw();
    sequencer.settle(other, rows(A, 2));
    assertThat(taken()).isEmpty();
    now.addAndGet(Duration.ofSeconds(31).toNanos());
    assertThat(taken()).containsExactly("a2");
    sequencer.settle(hanging, rows(B, 1));
    assertThat(taken()).containsExactly("b!");
  }

  @Test
  void ticketThatStaysOpenAloneIsWaitedFor() throws InterruptedException {
    Ticket alone = sequencer.draw();
    now.addAndGet(Duration.ofMinutes(5).toNanos());
    assertThat(taken()).isEmpty();
    sequencer.settle(alone, rows(A, 1));
    assertThat(taken()).containsExactly("a1");
  }

  @Test
  void resetOutsideOfATransactionTakesItsPlace() throws InterruptedException {
    Ticket before = sequencer.draw();
    sequencer.reset(List.of(A, B));
    sequencer.reset(List.of());
    sequencer.settle(before, rows(A, 1));
    assertThat(taken()).containsExactly("a1", "a!", "b!");
  }

  @Test
  void nothingIsKeptOnceStopped() throws InterruptedException {
    Ticket open = sequencer.draw();
    sequencer.close();
    sequencer.stop();
    sequencer.settle(open, rows(A, 1));
    sequencer.settle(sequencer.draw(), rows(A, 2));
    assertThat(taken()).isEmpty();
  }
}
