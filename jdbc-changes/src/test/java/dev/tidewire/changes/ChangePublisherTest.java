package dev.tidewire.changes;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.tidewire.channel.Operation;
import dev.tidewire.channel.RowChange;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.Test;

class ChangePublisherTest {

  private static final CapturedTable A = new CapturedTable("a", "a", Set.of(), Set.of());

  private final CommitSequencer sequencer =
      new CommitSequencer(10, Duration.ofSeconds(30), System::nanoTime);
  private final List<String> told = new CopyOnWriteArrayList<>();

  private void commit(int id) {
    sequencer.settle(
        sequencer.draw(),
        List.of(new Change(A, Operation.INSERT, Map.of("id", id), null, Actor.UNKNOWN)));
  }

  /** A sink that refuses some of what it is given. */
  private abstract class Sink implements ChangeSink {
    @Override
    public CompletionStage<?> publish(RowChange change) {
      return answer(change.row().get("id").toString());
    }

    @Override
    public CompletionStage<?> reset(String topic) {
      return answer("reset");
    }

    abstract CompletionStage<?> answer(String what);
  }

  @Test
  void aTransactionIsTimedFromItsCommitToTheLastOfItsChanges() {
    AtomicLong now = new AtomicLong();
    CommitSequencer timed = new CommitSequencer(10, Duration.ofSeconds(30), now::get);
    ChangeSink sink =
        new Sink() {
          @Override
          CompletionStage<?> answer(String what) {
            now.addAndGet(5);
            return what.equals("refused")
                ? CompletableFuture.failedFuture(new IllegalStateException("refused"))
                : CompletableFuture.completedFuture(null);
          }
        };
    CommitSequencer.Ticket first = timed.draw();
    CommitSequencer.Ticket second = timed.draw();
    CommitSequencer.Ticket third = timed.draw();
    List<Long> took = new CopyOnWriteArrayList<>();
    try (ChangePublisher publisher = new ChangePublisher(timed, sink, "x")) {
      CaptureCounters counters = publisher.outlet().counters();
      counters.time(took::add);
      now.set(100);
      timed.settle(second, List.of(change(3)));
      timed.settle(third, List.of(change("refused")));
      assertThat(timed.waitingRows()).isEqualTo(2);
      now.set(200);
      timed.settle(first, List.of(change(1), change(2)));
      await().until(() -> counters.statistics(0, 0).failed() == 1);
      await()
          .untilAsserted(
              () -> {
                now.addAndGet(Duration.ofSeconds(1).toNanos()); // until it has looked again
                assertThat(counters.statistics(0, 0))
                    .isEqualTo(new CaptureStatistics(3, 1, 1, 0, 0));
              });
    }
    assertThat(took).containsExactly(10L, 115L);
    assertThat(timed.waitingRows()).isZero();
  }

  private static Change change(Object id) {
    return new Change(A, Operation.INSERT, Map.of("id", id), null, Actor.UNKNOWN);
  }

  @Test
  void refusedChangeIsMadeUpForByAReset() {
    ChangeSink sink =
        new Sink() {
          private int resets;

          @Override
          CompletionStage<?> answer(String what) {
            told.add(what);
            if (what.equals("2")) {
              throw new IllegalStateException("refused");
            }
            if (what.equals("reset") && ++resets == 1) {
              return CompletableFuture.failedFuture(new IllegalStateException("refused later"));
            }
            return CompletableFuture.completedStage(null);
          }
        };
    try (ChangePublisher publisher = new ChangePublisher(sequencer, sink, "x")) {
      commit(1);
      commit(2);
      await().untilAsserted(() -> assertThat(told).containsExactly("1", "2", "reset", "reset"));
      commit(3);
      await().untilAsserted(() -> assertThat(told).endsWith("reset", "3"));
    }
  }

  @Test
  void blockedSinkNeitherBlocksACommitNorGrowsWithoutBound() throws InterruptedException {
    CountDownLatch open = new CountDownLatch(1);
    ChangeSink sink =
        new Sink() {
          @Override
          CompletionStage<?> answer(String what) {
            told.add(what);
            try {
              open.await();
            } catch (InterruptedException e) {
              Thread.currentThread().interrupt();
            }
            return CompletableFuture.completedStage(null);
          }
        };
    ChangePublisher publisher = new ChangePublisher(sequencer, sink, "x");
    for (int i = 0; i < 1_000; i++) {
      commit(i);
    }
    open.countDown();
    publisher.close();
    assertThat(told).startsWith("0").endsWith("reset").hasSizeLessThan(100);
  }

  @Test
  void closePublishesWhatWaits() {
    ChangeSink sink =
        new Sink() {
          @Override
          CompletionStage<?> answer(String what) {
            told.add(what);
            return CompletableFuture.completedStage(null);
          }
        };
    ChangePublisher publisher = new ChangePublisher(sequencer, sink, "x");
    commit(1);
    commit(2);
    publisher.close();
    assertThat(told).containsExactly("1", "2");
    assertThat(Thread.getAllStackTraces().keySet())
        .noneMatch(thread -> thread.getName().equals("tidewire-changes"));
  }
}
