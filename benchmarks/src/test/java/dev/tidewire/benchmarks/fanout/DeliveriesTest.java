package dev.tidewire.benchmarks.fanout;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import org.junit.jupiter.api.Test;

/** A measurement that loses, repeats or reorders something must not end in a figure. */
class DeliveriesTest {

  private final Deliveries deliveries = new Deliveries(Scenario.parse("many:2x3", 8));

  @Test
  void publicationIsInFlightUntilEveryMemberHasIt() {
    long number = deliveries.publish(1);
    deliveries.receive(3, number, 0);
    deliveries.receive(5, number, 0);
    assertThat(deliveries.inFlight()).isOne();
    deliveries.receive(4, number, 0);
    assertThat(deliveries.inFlight()).isZero();
    assertThat(deliveries.total()).isEqualTo(3);
  }

  @Test
  void lostPublicationFails() {
    deliveries.publish(0);
    deliveries.publish(0);
    assertThatThrownBy(() -> deliveries.receive(0, 2, 0)).hasMessageContaining("expected 1");
  }

  @Test
  void repeatedPublicationFails() {
    deliveries.publish(0);
    deliveries.publish(0);
    deliveries.receive(0, 1, 0);
    assertThatThrownBy(() -> deliveries.receive(0, 1, 0)).hasMessageContaining("expected 2");
  }

  @Test
  void publicationThatNobodyMadeFails() {
    assertThatThrownBy(() -> deliveries.receive(0, 1, 0)).hasMessageContaining("expected 1 of 0");
  }

  @Test
  void percentilesAreOfWhatIsRecorded() {
    deliveries.publish(0);
    deliveries.receive(0, 1, 0);
    deliveries.startRecording();
    long now = System.nanoTime();
    deliveries.receive(1, 1, now - 8_000_000_000L);
    deliveries.receive(2, 1, now - 2_000_000_000_000L);
    assertThat(deliveries.percentileMillis(50)).isBetween(8e3, 1e6);
    assertThat(deliveries.percentileMillis(99)).isGreaterThan(1.9e6);
  }
}
