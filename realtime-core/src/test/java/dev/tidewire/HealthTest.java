package dev.tidewire;

import static dev.tidewire.testing.Drafts.await;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.tidewire.Health.Status;
import dev.tidewire.Health.Trouble;
import dev.tidewire.history.HistoryMessage;
import dev.tidewire.history.HistoryQuery;
import dev.tidewire.history.HistoryStore;
import dev.tidewire.testing.ManualClock;
import dev.tidewire.testing.WrappedBroker;
import java.time.Duration;
import java.util.List;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/** What a bus says about itself to load balancers. */
class HealthTest {

  private final ManualClock clock = new ManualClock();
  private final WrappedBroker broker = new WrappedBroker(clock);
  private final Frail history = new Frail();
  private final Realtime realtime =
      Realtime.builder()
          .clock(clock)
          .access(AccessPolicy.open())
          .broker(broker)
          .history(history)
          .build();

  @AfterEach
  void close() {
    realtime.close();
  }

  /** A store that fails as it is told: later, or at once. */
  private static final class Frail implements HistoryStore {
    private volatile @Nullable RuntimeException failure;

    private <T> CompletionStage<T> answer(T value) {
      RuntimeException with = failure;
      if (with instanceof IllegalStateException) {
        throw with;
      }
      return with == null
          ? CompletableFuture.completedFuture(value)
          : CompletableFuture.failedStage(with);
    }

    @Override
    @SuppressWarnings("NullAway")
    public CompletionStage<Void> append(HistoryMessage message, int limit) {
      return answer(null);
    }

    @Override
    public CompletionStage<List<HistoryMessage>> page(HistoryQuery query) {
      return answer(List.of());
    }

    @Override
    public void close() {}
  }

  private void persist() {
    await(realtime.channel("t").publish("e", 1, PublishOptions.persisted()));
  }

  private void page() {
    await(realtime.channel("t").history(10));
  }

  private void assertHealth(Status status, Trouble... troubles) {
    assertThat(realtime.health()).isEqualTo(new Health(status, Set.of(troubles)));
    assertThat(realtime.health().letsIn())
        .isEqualTo(status == Status.UP || status == Status.DEGRADED);
  }

  @Test
  void aBusThatWorksIsUp() {
    persist();
    assertHealth(Status.UP);
  }

  @Test
  void aBrokerOutOfReachDegradesUntilItIsBack() {
    broker.reachable(false);
    assertHealth(Status.DEGRADED, Trouble.BROKER_UNREACHABLE);
    broker.reachable(true);
    assertHealth(Status.UP);
  }

  @Test
  void aHistoryThatFailsDegradesUntilItWorks() {
    for (RuntimeException failure :
        List.of(new RuntimeException("full"), new IllegalStateException("full"))) {
      history.failure = failure;
      assertThatThrownBy(this::persist).hasRootCauseMessage("full");
      assertHealth(Status.DEGRADED, Trouble.HISTORY_FAILING);
      history.failure = null;
      page();
      assertHealth(Status.UP);
      history.failure = failure;
      assertThatThrownBy(this::page).hasRootCauseMessage("full");
      broker.reachable(false);
      assertHealth(Status.DEGRADED, Trouble.HISTORY_FAILING, Trouble.BROKER_UNREACHABLE);
      broker.reachable(true);
      history.failure = null;
      persist();
      assertHealth(Status.UP);
    }
  }

  @Test
  void aFailureThatNobodyTriedAgainIsForgottenAfterAMinute() {
    history.failure = new RuntimeException("full");
    assertThatThrownBy(this::persist).hasRootCauseMessage("full");
    clock.advance(Duration.ofMinutes(1));
    assertHealth(Status.DEGRADED, Trouble.HISTORY_FAILING);
    clock.advance(Duration.ofMillis(1));
    assertHealth(Status.UP);
  }

  @Test
  void theEndComesFirst() {
    broker.reachable(false);
    realtime.drain(Duration.ofHours(1));
    assertHealth(Status.DRAINING);
    realtime.close();
    assertHealth(Status.DOWN);
  }
}
