package dev.tidewire.history;

import static dev.tidewire.testing.Drafts.await;
import static org.assertj.core.api.Assertions.assertThat;

import dev.tidewire.channel.Position;
import dev.tidewire.testing.Parallel;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** What every history store keeps to. */
public abstract class HistoryStoreContract {

  protected static final int MANY = 1_000_000;

  protected HistoryStore store;

  protected abstract HistoryStore create();

  @BeforeEach
  void open() {
    store = create();
  }

  @AfterEach
  void close() {
    store.close();
  }

  protected static HistoryMessage message(String topic, String epoch, long offset, long at) {
    return new HistoryMessage(
        new Position(epoch, offset), topic, offset % 2 == 0 ? null : "u", "e", "" + offset, at);
  }

  protected void append(HistoryMessage message, int limit) {
    await(store.append(message, limit));
  }

  protected List<HistoryMessage> page(HistoryQuery query) {
    return await(store.page(query));
  }

  private List<HistoryMessage> fill(int count) {
    List<HistoryMessage> all = new ArrayList<>();
    for (int i = 1; i <= count; i++) {
      all.add(message("t", "a", i, 1_000 + i));
      append(all.get(i - 1), MANY);
    }
    return all;
  }

  @Test
  void aMessageComesBackAsItWas() {
    HistoryMessage message =
        new HistoryMessage(
            new Position("k3f9", 7), "chat/x", null, "é\"", "{\"a\":1e400,\"b\":\"\\u0041\"}", 5);
    append(message, MANY);
    append(message("other", "a", 1, 1), MANY);

    assertThat(page(HistoryQuery.latest("chat/x", 10))).containsExactly(message);
  }

  @Test
  void aPageHasTheNewestOldestFirst() {
    List<HistoryMessage> all = fill(10);

    assertThat(page(HistoryQuery.latest("t", 3))).isEqualTo(all.subList(7, 10));
    assertThat(page(HistoryQuery.latest("t", 10))).isEqualTo(all);
    assertThat(page(HistoryQuery.latest("t", 1_000_000_000))).isEqualTo(all);
    assertThat(page(HistoryQuery.latest("nobody", 5))).isEmpty();
  }

  @Test
  void beforeCutsByPlaceOrByTime() {
    List<HistoryMessage> all = fill(10);

    assertThat(page(HistoryQuery.latest("t", 3).before(new Position("a", 8))))
        .isEqualTo(all.subList(4, 7));
    assertThat(page(HistoryQuery.latest("t", 3).before(1_008L))).isEqualTo(all.subList(4, 7));
    assertThat(page(HistoryQuery.latest("t", 3).before(new Position("a", 8)).before(1_004L)))
        .isEqualTo(all.subList(0, 3));
    assertThat(page(HistoryQuery.latest("t", 3).before(new Position("a", 1)))).isEmpty();
    assertThat(page(HistoryQuery.latest("t", 3).before(Long.MIN_VALUE))).isEmpty();
    assertThat(page(HistoryQuery.latest("t", 20).before(Long.MAX_VALUE))).isEqualTo(all);
  }

  @Test
  void anUnknownPlaceStandsWhereItsOffsetWouldBe() {
    for (long offset : new long[] {10, 20, 30}) {
      append(message("t", "a", offset, 1_000 + offset), MANY);
    }
    for (long offset : new long[] {5, 6}) {
      append(message("t", "b", offset, 2_000 + offset), MANY);
    }

    assertThat(offsets(HistoryQuery.latest("t", 9).before(new Position("a", 25))))
        .containsExactly(10L, 20L);
    assertThat(offsets(HistoryQuery.latest("t", 9).before(new Position("a", 99))))
        .containsExactly(10L, 20L, 30L);
    assertThat(offsets(HistoryQuery.latest("t", 9).before(new Position("a", 1)))).isEmpty();
    assertThat(offsets(HistoryQuery.latest("t", 9).before(new Position("b", 1))))
        .containsExactly(10L, 20L, 30L);
    assertThat(offsets(HistoryQuery.latest("t", 9).before(new Position("b", 9))))
        .containsExactly(10L, 20L, 30L, 5L, 6L);
    assertThat(offsets(HistoryQuery.latest("t", 9).before(new Position("zz", 25)))).isEmpty();
  }

  private List<Long> offsets(HistoryQuery query) {
    return page(query).stream().map(m -> m.position().offset()).toList();
  }

  @Test
  void onlyTheNewestOfALimitedChannelAreThere() {
    for (int i = 1; i <= 100; i++) {
      append(message("t", "a", i, 1_000 + i), 10);
      int oldest = Math.max(1, i - 9);
      assertThat(offsets(HistoryQuery.latest("t", 50)))
          .as("after %s messages", i)
          .hasSize(Math.min(i, 10))
          .startsWith((long) oldest)
          .endsWith((long) i);
    }
    assertThat(offsets(HistoryQuery.latest("t", 50).before(new Position("a", 95))))
        .containsExactly(91L, 92L, 93L, 94L);
    assertThat(page(HistoryQuery.latest("t", 50).before(new Position("a", 20)))).isEmpty();
  }

  @Test
  void aLimitOfZeroKeepsNothing() {
    append(message("t", "a", 1, 1), 0);

    assertThat(page(HistoryQuery.latest("t", 5))).isEmpty();
  }

  @Test
  void aRepeatedMessageIsStoredOnce() {
    fill(3);
    append(message("t", "a", 2, 1_002), MANY);

    assertThat(offsets(HistoryQuery.latest("t", 9))).containsExactly(1L, 2L, 3L);
  }

  @Test
  void messagesThatArriveInAnotherOrderStandInTheirOwn() {
    List<HistoryMessage> all = new ArrayList<>();
    for (int i = 1; i <= 60; i++) {
      all.add(message("t", "a", i, 1_000 + i));
    }
    List<HistoryMessage> shuffled = new ArrayList<>(all);
    Collections.shuffle(shuffled, new Random(7));
    shuffled.forEach(m -> append(m, MANY));

    assertThat(page(HistoryQuery.latest("t", 100))).isEqualTo(all);
  }

  @Test
  void messagesOfSeveralLivesArePagedThroughByPlace() {
    List<HistoryMessage> all = new ArrayList<>();
    for (String epoch : List.of("z", "a", "m")) {
      for (int i = 1; i <= 7; i++) {
        all.add(message("t", epoch, i, 1_000 + all.size()));
      }
    }
    all.forEach(m -> append(m, MANY));

    for (int size = 1; size <= 22; size++) {
      assertThat(pagedByPlace("t", size)).isEqualTo(all);
      assertThat(pagedByTime("t", size)).isEqualTo(all);
    }
  }

  /** All messages, taken page by page, each before the first of the last one. */
  protected List<HistoryMessage> pagedByPlace(String topic, int size) {
    List<HistoryMessage> all = new ArrayList<>();
    List<HistoryMessage> page = page(HistoryQuery.latest(topic, size));
    while (!page.isEmpty()) {
      assertThat(page).hasSizeLessThanOrEqualTo(size);
      all.addAll(0, page);
      page = page(HistoryQuery.latest(topic, size).before(page.get(0).position()));
    }
    return all;
  }

  /** The same by time. */
  protected List<HistoryMessage> pagedByTime(String topic, int size) {
    List<HistoryMessage> all = new ArrayList<>();
    List<HistoryMessage> page = page(HistoryQuery.latest(topic, size));
    while (!page.isEmpty()) {
      all.addAll(0, page);
      page = page(HistoryQuery.latest(topic, size).before(page.get(0).createdAt()));
    }
    return all;
  }

  @Test
  void concurrentAppendsAndPagesSeeOnlyWholeStates() {
    Parallel.run(
        List.of(
            () -> {
              for (int i = 1; i <= 400; i++) {
                append(message("t", "a", i, i), 50);
              }
            },
            () -> {
              long last = 0;
              while (last < 400) {
                List<Long> offsets = offsets(HistoryQuery.latest("t", 50));
                for (int i = 1; i < offsets.size(); i++) {
                  assertThat(offsets.get(i)).isEqualTo(offsets.get(i - 1) + 1);
                }
                last = offsets.isEmpty() ? 0 : offsets.get(offsets.size() - 1);
              }
            }));
  }
}
