package dev.tidewire;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.IntRange;
import net.jqwik.api.constraints.LongRange;
import net.jqwik.api.constraints.Size;
import org.junit.jupiter.api.Test;

class TokenBucketTest {

  @Test
  void aBurstAndThenSoManyASecond() {
    TokenBucket bucket = new TokenBucket(10, 3, 0);
    for (int i = 0; i < 3; i++) {
      assertThat(bucket.take(0)).isZero();
    }
    assertThat(bucket.take(0)).isEqualTo(100);
    assertThat(bucket.take(60)).isEqualTo(40);
    assertThat(bucket.take(100)).isZero();
    assertThat(bucket.take(100)).isEqualTo(100);
    for (int i = 0; i < 3; i++) {
      assertThat(bucket.take(1_000_000)).isZero();
    }
    assertThat(bucket.take(1_000_000)).isPositive();
  }

  @Test
  void zeroASecondMeansUnlimited() {
    TokenBucket bucket = new TokenBucket(0, 0, 0);
    for (int i = 0; i < 1_000; i++) {
      assertThat(bucket.take(0)).isZero();
    }
  }

  @Property
  void neverMoreThanTheBurstAndTheRateAllow(
      @ForAll @IntRange(min = 1, max = Integer.MAX_VALUE) int perSecond,
      @ForAll @IntRange(min = 1, max = 1_000) int burst,
      @ForAll @Size(max = 60) List<@LongRange(min = -500, max = 40_000_000_000L) Long> steps) {
    TokenBucket bucket = new TokenBucket(perSecond, burst, 0);
    long now = 0;
    double allowed = burst;
    for (long step : steps) {
      now += step;
      allowed = Math.min(burst, allowed + Math.max(0, step) * (double) perSecond / 1_000);
      long wait = bucket.take(now);
      assertThat(wait == 0).isEqualTo(allowed >= 1 - 1e-6);
      if (wait == 0) {
        allowed -= 1;
      } else {
        assertThat(wait).isBetween(1L, 1_000L);
      }
    }
  }

  @Test
  void namesAreOfTheirLengthAndDiffer() {
    RandomIds ids = new RandomIds(new java.security.SecureRandom());

    for (int length : new int[] {1, 6, 10, 26}) {
      assertThat(ids.next(length)).hasSize(length).matches("[0-9a-z]*");
    }
    assertThat(ids.next(10)).isNotEqualTo(ids.next(10));
  }

  @Test
  void allCharactersOfNamesAreEquallyLikely() {
    RandomIds ids = new RandomIds(new java.util.SplittableRandom(7));
    int[] counts = new int[36];
    ids.next(360_000).chars().forEach(c -> counts[Character.digit(c, 36)]++);

    for (int count : counts) {
      assertThat(count).isBetween(9_500, 10_500);
    }
  }
}
