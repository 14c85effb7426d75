package dev.tidewire.changes;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import java.sql.SQLException;
import java.sql.SQLTimeoutException;
import java.time.Duration;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.CountDownLatch;
import org.junit.jupiter.api.Test;

class OutboxTurnTest {

  private static final long LONG = Duration.ofMinutes(5).toMillis();

  @Test
  void theNextBeginsWhenTheOneBeforeHasEnded() throws Exception {
    OutboxTurn turn = new OutboxTurn(true, LONG);
    turn.begin();
    CountDownLatch asking = new CountDownLatch(1);
    CompletableFuture<Void> next =
        CompletableFuture.runAsync(
            () -> {
              asking.countDown();
              begin(turn);
              turn.end();
            });
    asking.await();
    assertThat(next).isNotDone();
    turn.end();
    await().atMost(Duration.ofSeconds(60)).until(next::isDone);
    next.join();
  }

  @Test
  void aCommitThatDoesNotReturnIsWaitedForInVainAndTold() throws Exception {
    OutboxTurn turn = new OutboxTurn(true, 10);
    turn.begin();
    assertThatThrownBy(() -> CompletableFuture.runAsync(() -> begin(turn)).join())
        .hasRootCauseInstanceOf(SQLTimeoutException.class)
        .hasStackTraceContaining("another COMMIT has not returned for 10 ms");
    turn.end();
    CompletableFuture.runAsync(() -> begin(turn)).join();
  }

  @Test
  void anInterruptedThreadHasItsTurnIfNobodyElseHas() throws Exception {
    OutboxTurn turn = new OutboxTurn(true, LONG);
    Thread.currentThread().interrupt();
    turn.begin();
    turn.end();
    assertThat(Thread.interrupted()).isTrue();
  }

  @Test
  void nobodyWaitsWhereTheDatabaseKeepsTheOrder() throws Exception {
    OutboxTurn turn = new OutboxTurn(false, LONG);
    turn.begin();
    CompletableFuture.runAsync(() -> begin(turn)).join();
    turn.end();
  }

  private static void begin(OutboxTurn turn) {
    try {
      turn.begin();
    } catch (SQLException e) {
      throw new CompletionException(e);
    }
  }
}
