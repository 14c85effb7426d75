package dev.tidewire.testing;

import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.time.ZoneId;
import java.time.ZoneOffset;
import java.util.concurrent.atomic.AtomicLong;

/** A clock that stands until it is moved. Safe for any thread. */
public final class ManualClock extends Clock {

  private final AtomicLong millis = new AtomicLong(1_760_000_000_000L);

  public void advance(Duration by) {
    millis.addAndGet(by.toMillis());
  }

  public void set(long to) {
    millis.set(to);
  }

  @Override
  public long millis() {
    return millis.get();
  }

  @Override
  public Instant instant() {
    return Instant.ofEpochMilli(millis());
  }

  @Override
  public ZoneId getZone() {
    return ZoneOffset.UTC;
  }

  @Override
  public Clock withZone(ZoneId zone) {
    return this;
  }
}
