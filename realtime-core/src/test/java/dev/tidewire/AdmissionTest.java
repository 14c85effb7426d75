package dev.tidewire;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import dev.tidewire.broker.MemoryBroker;
import dev.tidewire.protocol.Reply;
import dev.tidewire.testing.ManualClock;
import dev.tidewire.testing.Parallel;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.function.Consumer;
import org.junit.jupiter.api.Test;

class AdmissionTest {

  private static final String HOME = "192.0.2.1";

  private final ManualClock clock = new ManualClock();
  private final Limits limits = new Limits();

  private Admission admission(Consumer<Limits> change) {
    change.accept(limits);
    return new Admission(limits, new MemoryBroker(clock, () -> "e", Duration.ZERO), clock);
  }

  private static Reply.Failure refused(org.assertj.core.api.ThrowableAssert.ThrowingCallable call) {
    Rejection rejection = catchThrowableOfType(Rejection.class, call);
    assertThat(rejection).as("a refusal").isNotNull();
    return rejection.toReply();
  }

  @Test
  void asManyConnectionsAsAllowedGetInOneMoreIsToldToComeBack() {
    Admission admission = admission(l -> l.connections(3));
    Admission.Place first = admission.handshake("192.0.2.1");
    admission.handshake("192.0.2.2");
    admission.poll("192.0.2.3");

    Reply.Failure refusal = refused(() -> admission.handshake("192.0.2.4"));
    assertThat(refusal.status()).isEqualTo(503);
    assertThat(refusal.temporary()).isTrue();
    assertThat(refusal.retryAfterMs()).isPositive();
    assertThat(refused(() -> admission.poll("192.0.2.4")).status()).isEqualTo(503);
    assertThat(admission.connectionCount()).isEqualTo(3);
    assertThat(limits.timesMet(Limit.CONNECTIONS)).isEqualTo(2);

    first.close();
    first.close();
    admission.handshake("192.0.2.4");
    assertThat(refused(() -> admission.handshake("192.0.2.5")).status()).isEqualTo(503);
  }

  @Test
  void anAddressHasItsShareAndTakesNoneOfAnother() {
    Admission admission = admission(l -> l.addressConnections(2));
    Admission.Place first = admission.handshake(HOME);
    admission.poll(HOME);

    Reply.Failure refusal = refused(() -> admission.handshake(HOME));
    assertThat(refusal.code()).isEqualTo("RATE_LIMITED");
    assertThat(refusal.status()).isEqualTo(429);
    assertThat(refusal.retryAfterMs()).isPositive();
    assertThat(refused(() -> admission.poll(HOME)).status()).isEqualTo(429);
    admission.handshake("192.0.2.2");
    assertThat(limits.timesMet(Limit.ADDRESS_CONNECTIONS)).isEqualTo(2);
    assertThat(admission.connectionCount()).isEqualTo(3);

    first.close();
    admission.handshake(HOME);
  }

  @Test
  void handshakesOfTheBusAreCountedBySecondPollsAreNone() {
    Admission admission = admission(l -> l.handshakes(3));
    for (int i = 1; i <= 3; i++) {
      admission.handshake("192.0.2." + i).close();
    }

    Reply.Failure refusal = refused(() -> admission.handshake("192.0.2.4"));
    assertThat(refusal.status()).isEqualTo(503);
    assertThat(refusal.retryAfterMs()).isEqualTo(1_000);
    assertThat(limits.timesMet(Limit.HANDSHAKES)).isEqualTo(1);
    admission.poll("192.0.2.4").close();
    clock.advance(Duration.ofMillis(334));
    admission.handshake("192.0.2.4").close();
    assertThat(refused(() -> admission.handshake("192.0.2.5")).status()).isEqualTo(503);
  }

  @Test
  void whatOneAddressAsksIsCountedTogetherWhateverItIs() {
    Admission admission = admission(l -> l.addressRequests(10, 4));
    admission.handshake(HOME);
    admission.poll(HOME);
    admission.request(HOME);
    admission.request(HOME);

    for (Runnable next :
        List.<Runnable>of(
            () -> admission.request(HOME),
            () -> admission.poll(HOME),
            () -> admission.handshake(HOME))) {
      Reply.Failure refusal = refused(next::run);
      assertThat(refusal.status()).isEqualTo(429);
      assertThat(refusal.retryAfterMs()).isEqualTo(100);
    }
    assertThat(limits.timesMet(Limit.ADDRESS_REQUESTS)).isEqualTo(3);
    admission.request("192.0.2.2");
    clock.advance(Duration.ofMillis(100));
    admission.request(HOME);
    assertThat(refused(() -> admission.request(HOME)).status()).isEqualTo(429);
  }

  /** One request a second and two at a time is far from the default, also for forty of them. */
  @Test
  void adaptivePollersOfOneAddressAreNotHeldUp() {
    Admission admission = admission(l -> {});
    for (int second = 0; second < 60; second++) {
      for (int poller = 0; poller < 40; poller++) {
        admission.poll(HOME).close();
        admission.request(HOME);
      }
      clock.advance(Duration.ofSeconds(1));
    }

    assertThat(limits.timesMet(Limit.ADDRESS_REQUESTS)).isZero();
  }

  @Test
  void zeroIsNoLimitAndCostsNoMemory() {
    Admission admission =
        admission(l -> l.connections(0).addressConnections(0).handshakes(0).addressRequests(0, 0));
    for (int i = 0; i < 30_000; i++) {
      admission.handshake("10.0." + i / 250 + "." + i % 250);
    }

    assertThat(admission.connectionCount()).isEqualTo(30_000);
    assertThat(admission.remembered()).isZero();
  }

  @Test
  void whoHasGoneIsForgottenAndWhoIsHereIsNot() {
    Admission admission = admission(l -> l.handshakes(0));
    List<Admission.Place> places = new ArrayList<>();
    for (int i = 0; i < 1_000; i++) {
      Admission.Place place = admission.handshake("10.0." + i / 250 + "." + i % 250);
      assertThat(place.open()).isTrue();
      places.add(place);
    }
    admission.enter(Identity.of("ada"));
    admission.publish(Identity.of("bob"));
    assertThat(admission.remembered()).isEqualTo(1_002);
    clock.advance(Duration.ofHours(1));
    admission.housekeep();
    assertThat(admission.remembered()).isEqualTo(1_001);

    places.forEach(Admission.Place::close);
    admission.leave(Identity.of("ada"));
    admission.housekeep();
    assertThat(admission.remembered()).isZero();
    assertThat(admission.connectionCount()).isZero();
  }

  @Test
  void aFloodOfAddressesFillsNoMemory() {
    Admission admission = admission(l -> {});
    int refused = 0;
    for (int i = 0; i < 150_000; i++) {
      try {
        admission.request((i >> 16) + ".0." + ((i >> 8) & 255) + "." + (i & 255));
      } catch (Rejection e) {
        refused++;
      }
    }
    assertThat(admission.remembered()).isEqualTo(100_000);
    assertThat(refused).isEqualTo(50_000);

    clock.advance(Duration.ofSeconds(2));
    admission.housekeep();
    assertThat(admission.remembered()).isZero();
    admission.request(HOME);
  }

  @Test
  void aHandshakeThatCameToNothingGivesItsPlaceBack() {
    Admission admission = admission(l -> l.connections(2));
    Admission.Place lost = admission.handshake(HOME);
    Admission.Place opened = admission.handshake(HOME);
    assertThat(opened.open()).isTrue();
    clock.advance(Duration.ofMillis(29_999));
    admission.housekeep();
    assertThat(admission.connectionCount()).isEqualTo(2);
    clock.advance(Duration.ofMillis(1));
    admission.housekeep();

    assertThat(admission.connectionCount()).isEqualTo(1);
    assertThat(lost.open()).as("opened too late").isFalse();
    lost.close();
    assertThat(admission.connectionCount()).isEqualTo(1);
  }

  @Test
  void allAddressesOfOneNetworkAreOneClient() {
    assertThat(Admission.key("2001:db8:1:2:3:4:5:6"))
        .isEqualTo(Admission.key("2001:db8:1:2::1"))
        .isNotEqualTo(Admission.key("2001:db8:1:3::1"));
    assertThat(Admission.key("fe80::1%eth0")).isEqualTo(Admission.key("fe80::2%eth1"));
    assertThat(Admission.key("::ffff:192.0.2.1")).isEqualTo("192.0.2.1");
    assertThat(Admission.key("192.0.2.1")).isEqualTo("192.0.2.1");
    assertThat(Admission.key("_hidden")).isEqualTo("_hidden");
    assertThat(Admission.key("1:2:no")).isEqualTo("1:2:no");
    assertThat(Admission.key("")).isEmpty();
    assertThat(Admission.key("x".repeat(10_000))).hasSize(64);
  }

  @Test
  void manyThreadsNeverGetMoreThanThereIs() {
    Admission admission =
        admission(
            l -> l.connections(50).addressConnections(20).handshakes(0).addressRequests(0, 0));
    Queue<Admission.Place> got = new ConcurrentLinkedQueue<>();
    Parallel.times(
        8,
        () -> {
          for (int i = 0; i < 2_000; i++) {
            try {
              got.add(admission.handshake("10.0.0." + i % 4));
            } catch (Rejection e) {
              Admission.Place some = got.poll();
              if (some != null && i % 3 == 0) {
                some.close();
              } else if (some != null) {
                got.add(some);
              }
            }
            assertThat(admission.connectionCount()).isLessThanOrEqualTo(50 + 8);
          }
        });

    assertThat(admission.connectionCount()).isEqualTo(got.size()).isBetween(1, 50);
    got.forEach(Admission.Place::close);
    admission.housekeep();
    assertThat(admission.connectionCount()).isZero();
    assertThat(admission.remembered()).isZero();
  }

  @Test
  void theDefaultLeavesFileDescriptorsForOthers() {
    assertThat(FileDescriptors.connections(1_048_576)).isEqualTo(19_000);
    assertThat(FileDescriptors.connections(20_000)).isEqualTo(19_000);
    assertThat(FileDescriptors.connections(10_000)).isEqualTo(9_000);
    assertThat(FileDescriptors.connections(1_024)).isEqualTo(512);
    assertThat(FileDescriptors.connections(0)).isEqualTo(19_000);
    assertThat(limits.connections()).isBetween(1, 19_000);
  }
}
