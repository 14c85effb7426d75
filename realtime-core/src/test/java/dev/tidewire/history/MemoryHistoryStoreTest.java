package dev.tidewire.history;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.tidewire.testing.Parallel;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;

class MemoryHistoryStoreTest extends HistoryStoreContract {

  @Override
  protected HistoryStore create() {
    return new MemoryHistoryStore();
  }

  @Test
  void theLongestIdleChannelsGoWhenAllTogetherHoldTooMuch() {
    store = new MemoryHistoryStore(100);
    for (int channel = 0; channel < 10; channel++) {
      for (int i = 1; i <= 10; i++) {
        append(message("t" + channel, "a", i, channel * 100 + i), MANY);
      }
    }
    append(message("t0", "a", 11, 5_000), MANY); // the first one is used again

    assertThat(page(HistoryQuery.latest("t1", 50))).isEmpty();
    assertThat(page(HistoryQuery.latest("t2", 50))).isEmpty();
    assertThat(page(HistoryQuery.latest("t0", 50))).hasSize(11);
    assertThat(page(HistoryQuery.latest("t9", 50))).hasSize(10);
    append(message("t1", "b", 1, 6_000), MANY);
    assertThat(page(HistoryQuery.latest("t1", 50))).hasSize(1);
  }

  @Test
  void oneChannelMayHoldAllThereIs() {
    store = new MemoryHistoryStore(10);
    for (int i = 1; i <= 50; i++) {
      append(message("t", "a", i, i), 40);
    }

    assertThat(page(HistoryQuery.latest("t", 50))).hasSize(40);
  }

  @Test
  void droppingAndAppendingAtOnceKeepTheBound() {
    store = new MemoryHistoryStore(1_000);
    AtomicInteger thread = new AtomicInteger();
    Parallel.times(
        4,
        () -> {
          int me = thread.incrementAndGet();
          for (int i = 1; i <= 5_000; i++) {
            append(message("t" + me + "/" + i % 50, "a", i, i), MANY);
          }
        });

    int held = 0;
    for (int me = 1; me <= 4; me++) {
      for (int i = 0; i < 50; i++) {
        held += page(HistoryQuery.latest("t" + me + "/" + i, 10_000)).size();
      }
    }
    assertThat(held).isBetween(500, 1_001);
  }

  @Test
  void aBoundOfNothingIsRefused() {
    assertThatThrownBy(() -> new MemoryHistoryStore(0))
        .isInstanceOf(IllegalArgumentException.class);
    assertThatThrownBy(() -> HistoryQuery.latest("t", 0))
        .isInstanceOf(IllegalArgumentException.class);
  }
}
