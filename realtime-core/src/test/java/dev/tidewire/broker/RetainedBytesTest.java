package dev.tidewire.broker;

import static dev.tidewire.testing.Drafts.await;
import static dev.tidewire.testing.Drafts.event;
import static org.assertj.core.api.Assertions.assertThat;

import dev.tidewire.broker.Broker.ReadLimit;
import dev.tidewire.channel.ChannelOptions;
import dev.tidewire.channel.Position;
import dev.tidewire.channel.Publication;
import dev.tidewire.testing.ManualClock;
import dev.tidewire.testing.Parallel;
import java.time.Duration;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** What all channels of a JVM retain together has a bound, and the largest give way. */
class RetainedBytesTest {

  private static final int MAX = 100_000;
  private static final ReadLimit UNLIMITED = new ReadLimit(Integer.MAX_VALUE, Integer.MAX_VALUE);

  private final ManualClock clock = new ManualClock();
  private final AtomicInteger full = new AtomicInteger();
  private final AtomicInteger epochs = new AtomicInteger();
  private final MemoryBroker broker = broker(MAX);

  private MemoryBroker broker(long max) {
    MemoryBroker made =
        new MemoryBroker(
            clock,
            () -> "e" + epochs.incrementAndGet(),
            Duration.ofMinutes(10),
            0,
            max,
            full::incrementAndGet);
    made.start(
        new BrokerListener() {
          @Override
          public void onPublication(Publication publication) {}

          @Override
          public void onLost(String topic, Tail.Outcome why, Position position) {}

          @Override
          public void onReady(String topic) {}
        });
    return made;
  }

  private static Position publish(Broker to, String topic, int bytes) {
    return await(to.append(event(topic, "x".repeat(bytes)), ChannelOptions.DEFAULT, null))
        .position();
  }

  private Tail since(Position position, String topic) {
    return await(broker.read(topic, new Position(position.epoch(), 0), UNLIMITED));
  }

  @Test
  void floodOfOneChannelTakesNothingFromTheOthers() {
    Position quiet = publish(broker, "quiet", 1_000);
    Position flooded = null;
    for (int i = 0; i < 1_000; i++) {
      flooded = publish(broker, "flooded", 1_000);
      assertThat(retained("flooded") + retained("quiet")).isLessThan(MAX / 1_000);
    }

    assertThat(since(quiet, "quiet").outcome()).isEqualTo(Tail.Outcome.COMPLETE);
    assertThat(since(flooded, "flooded").outcome()).isEqualTo(Tail.Outcome.EVICTED);
    Position recent = new Position(flooded.epoch(), flooded.offset() - 50);
    assertThat(await(broker.read("flooded", recent, UNLIMITED)).publications()).hasSize(50);
    assertThat(full.get()).isBetween(50, 200); // in portions
  }

  private int retained(String topic) {
    return broker.retained(topic);
  }

  @Test
  void largePublicationsCountByTheirSize() {
    publish(broker, "t", 50_000);
    publish(broker, "t", 40_000);
    assertThat(retained("t")).isEqualTo(2);
    publish(broker, "t", 20_000);

    assertThat(retained("t")).isEqualTo(2);
    publish(broker, "t", 200_000); // larger than all that may be kept
    assertThat(retained("t")).isZero();
    assertThat(publish(broker, "t", 1).offset()).isEqualTo(5);
    assertThat(retained("t")).isEqualTo(1);
  }

  @Test
  void whatAgedOutDoesNotCount() {
    for (int i = 0; i < 5; i++) {
      for (int n = 0; n < 60; n++) {
        publish(broker, "t" + n % 3, 1_000);
      }
      clock.advance(Duration.ofHours(1));
      broker.housekeep();
    }
    assertThat(full).hasValue(0);
  }

  @Test
  void withoutABoundEverythingIsKept() {
    MemoryBroker unbounded = broker(0);
    for (int i = 0; i < 1_000; i++) {
      publish(unbounded, "t", 1_000);
    }
    assertThat(unbounded.retained("t")).isEqualTo(1_000);
    assertThat(full).hasValue(0);
  }

  @Test
  void publishersAtOnceStayBelowTheBound() {
    Parallel.run(
        IntStream.range(0, 4)
            .<Parallel.Task>mapToObj(
                thread ->
                    () -> {
                      for (int i = 0; i < 2_000; i++) {
                        publish(broker, "t" + (thread + i) % 7, 500);
                      }
                    })
            .toList());
    publish(broker, "last", 500); // nobody makes room any more while this is measured

    int kept = IntStream.range(0, 7).map(i -> retained("t" + i)).sum() + retained("last");
    assertThat(kept).isBetween(50, MAX / 500);
    clock.advance(Duration.ofHours(1));
    broker.housekeep();
    int before = full.get();
    for (int i = 0; i < 100; i++) { // all that aged out made room: nothing was counted twice
      publish(broker, "t", 500);
    }
    assertThat(full).hasValue(before);
  }

  @ParameterizedTest
  @CsvSource({"60, 9223372036854775807", "59, 29", "45, 17", "30, 10", "2, 0", "0, 0"})
  void largestComeDownToOneSize(long total, long level) {
    assertThat(RetainedBytes.level(new long[] {30, 10, 20}, total)).isEqualTo(level);
  }
}
