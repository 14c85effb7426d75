package dev.tidewire.broker;

import static dev.tidewire.testing.Drafts.event;
import static dev.tidewire.testing.Drafts.persisted;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.tidewire.broker.Broker.Appended;
import dev.tidewire.channel.ChannelOptions;
import dev.tidewire.channel.Position;
import dev.tidewire.channel.Publication;
import dev.tidewire.testing.Parallel;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;

class MemoryBrokerTest extends BrokerContract {

  private static final Duration IDLE = Duration.ofMinutes(10);
  private static final ChannelOptions NOTHING = ChannelOptions.DEFAULT.retain(0, Duration.ZERO);

  private final AtomicInteger epochs = new AtomicInteger();

  @Override
  protected Broker create() {
    return new MemoryBroker(clock, () -> "e" + epochs.incrementAndGet(), IDLE);
  }

  @Test
  void anIdleChannelIsForgottenAndLivesAgainInANewEpoch() {
    Position before = append(event("t", 1), NOTHING, null).position();
    clock.advance(IDLE.minusMillis(1));
    broker.housekeep();
    assertThat(broker.channelCount()).isOne();

    clock.advance(Duration.ofMillis(1));
    broker.housekeep();

    assertThat(broker.channelCount()).isZero();
    assertThat(read("t", before).outcome()).isEqualTo(Tail.Outcome.EPOCH);
    assertThat(append("t", 1).position().epoch()).isNotEqualTo(before.epoch());
  }

  @Test
  void aChannelWithARetainedPublicationOrAKeyIsNotForgotten() {
    append(event("kept", 1), ChannelOptions.DEFAULT.retain(1, Duration.ofHours(1)), null);
    append(event("keyed", 1), NOTHING, "k");
    append(event("idle", 1), NOTHING, null);

    clock.advance(Duration.ofMinutes(4));
    broker.housekeep();
    assertThat(broker.channelCount()).isEqualTo(3);
    clock.advance(Duration.ofMinutes(6));
    broker.housekeep();
    assertThat(broker.channelCount()).isEqualTo(1);
    clock.advance(Duration.ofHours(1));
    broker.housekeep();
    assertThat(broker.channelCount()).isZero();
  }

  @Test
  void aChannelIsForgottenAfterItsLastSubscriberLeft() {
    broker.subscribe("t");
    append(event("t", 1), NOTHING, null);
    clock.advance(Duration.ofDays(1));
    broker.unsubscribe("t");
    broker.housekeep();
    assertThat(broker.channelCount()).isOne();

    clock.advance(IDLE);
    broker.housekeep();

    assertThat(broker.channelCount()).isZero();
    broker.unsubscribe("t"); // of a channel nobody knows: no effect
    assertThat(broker.channelCount()).isZero();
  }

  @Test
  void persistedStampsRiseAcrossTheLivesOfAChannel() {
    Appended before = append(persisted("t", 1), NOTHING, null);
    clock.advance(Duration.ofDays(1));
    broker.housekeep();
    clock.set(before.timestamp() - 5_000); // the clock was put right

    Appended after = append(persisted("t", 1), NOTHING, null);

    assertThat(after.position().epoch()).isNotEqualTo(before.position().epoch());
    assertThat(after.timestamp()).isGreaterThan(before.timestamp());
  }

  @Test
  void subscribingAndForgettingAtOnceNeverLosesTheStream() {
    AtomicBoolean done = new AtomicBoolean();
    Parallel.run(
        List.of(
            () -> {
              try {
                for (int i = 0; i < 2_000; i++) {
                  broker.subscribe("t");
                  Position position = read("t", null).position();
                  Appended next = append(event("t", i), NOTHING, null);
                  assertThat(next.position())
                      .isEqualTo(new Position(position.epoch(), position.offset() + 1));
                  broker.unsubscribe("t");
                }
              } finally {
                done.set(true);
              }
            },
            () -> {
              while (!done.get()) {
                clock.advance(Duration.ofHours(1));
                broker.housekeep();
              }
            }));
  }

  @Test
  void appendsAndHousekeepingAtOnceLoseNothing() {
    AtomicBoolean done = new AtomicBoolean();
    List<Appended> answers = new ArrayList<>();
    Parallel.run(
        List.of(
            () -> {
              try {
                for (int i = 0; i < 3_000; i++) {
                  answers.add(append(event("t", i), NOTHING, null));
                }
              } finally {
                done.set(true);
              }
            },
            () -> {
              while (!done.get()) {
                clock.advance(Duration.ofHours(1));
                broker.housekeep();
              }
            }));

    // Whether the stream lived several lives or one: within each it is dense, and all were heard.
    assertThat(heard.of("t").stream().map(Publication::position))
        .isEqualTo(answers.stream().map(Appended::position).toList());
    Map<String, Long> last = new HashMap<>();
    for (Appended answer : answers) {
      Position position = answer.position();
      assertThat(position.offset()).isEqualTo(last.getOrDefault(position.epoch(), 0L) + 1);
      last.put(position.epoch(), position.offset());
    }
  }

  @Test
  void aFloodOfKeysForgetsTheOldestFirst() {
    for (int i = 0; i <= 100_000; i++) {
      append(event("t", 1), NOTHING, "k" + i);
    }

    assertThat(append(event("t", 1), NOTHING, "k1").repeated()).isTrue();
    assertThat(append(event("t", 1), NOTHING, "k0").repeated()).isFalse();
  }

  @Test
  void aRestoredChannelGoesOnWhereItsEarlierLifeEnded() {
    List<Publication> newest =
        List.of(
            event("t", 8).at(new Position("old", 8), clock.millis()),
            event("t", 9).at(new Position("old", 9), clock.millis()));
    broker.restore("t", new Position("old", 9), newest, KEEP);

    assertThat(read("t", new Position("old", 7)).publications()).isEqualTo(newest);
    assertThat(read("t", new Position("old", 6)).outcome()).isEqualTo(Tail.Outcome.EVICTED);
    assertThat(append("t", 10).position()).isEqualTo(new Position("old", 10));

    clock.advance(Duration.ofDays(1));
    broker.housekeep();
    assertThat(append("t", 11).position()).isEqualTo(new Position("old", 11));
  }

  @Test
  void aChannelInUseIsNotRestored() {
    append("published", 1);
    broker.subscribe("subscribed");
    read("read", null);
    broker.restore("read", new Position("old", 1), List.of(), KEEP);
    broker.restore("empty", new Position("old", 0), List.of(), KEEP);

    for (String topic : List.of("published", "subscribed", "read", "empty")) {
      assertThatThrownBy(() -> broker.restore(topic, new Position("old", 5), List.of(), KEEP))
          .isInstanceOf(IllegalStateException.class)
          .hasMessageContaining(topic);
    }
    assertThat(read("read", null).position()).isEqualTo(new Position("old", 1));
  }

  @Test
  void nothingIsAppendedBeforeTheStart() {
    Broker fresh = create();

    assertThatThrownBy(() -> fresh.append(event("t", 1), KEEP, null))
        .isInstanceOf(IllegalStateException.class);
  }
}
