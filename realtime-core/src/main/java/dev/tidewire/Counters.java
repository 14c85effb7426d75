package dev.tidewire;

import dev.tidewire.Statistics.Reset;
import dev.tidewire.broker.Tail;
import java.util.EnumMap;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.atomic.LongAdder;

/**
 * What a bus counts while it works: once for each publication or run of them, never for each
 * subscriber. Safe for any thread; nothing here waits.
 */
final class Counters {

  private final LongAdder opened = new LongAdder();
  private final LongAdder begun = new LongAdder();
  private final LongAdder accepted = new LongAdder();
  private final LongAdder repeated = new LongAdder();
  private final LongAdder failed = new LongAdder();
  private final LongAdder deliveries = new LongAdder();
  private final LongAdder slowReaders = new LongAdder();
  private final LongAdder recoveries = new LongAdder();
  private final LongAdder presenceChanges = new LongAdder();
  private final Map<Reset, LongAdder> resets = new EnumMap<>(Reset.class);

  Counters() {
    for (Reset reason : Reset.values()) {
      resets.put(reason, new LongAdder());
    }
  }

  void opened() {
    opened.increment();
  }

  /** Something goes to the broker; {@link #published} or {@link #notPublished} follows. */
  void publishing() {
    begun.increment();
  }

  /**
   * The broker has it.
   *
   * @param again whether it had it before
   */
  void published(boolean again) {
    (again ? repeated : accepted).increment();
  }

  void notPublished() {
    failed.increment();
  }

  /** Publications whose answer from the broker is still to come. */
  long underWay() {
    long ended = accepted.sum() + repeated.sum() + failed.sum(); // first, so as not to be ahead
    return begun.sum() - ended;
  }

  /** Publications of one run to the members of their channel. */
  void delivered(long count) {
    deliveries.add(count);
  }

  void slowReader() {
    slowReaders.increment();
  }

  /** A client came back to a channel, and is told what it missed, or to load again. */
  void recovered(Tail.Outcome outcome) {
    if (outcome == Tail.Outcome.COMPLETE) {
      recoveries.increment();
    } else {
      reset(Reset.valueOf(outcome.name()));
    }
  }

  void reset(Reset reason) {
    Objects.requireNonNull(resets.get(reason)).increment();
  }

  void presenceChanged() {
    presenceChanges.increment();
  }

  long openedSoFar() {
    return opened.sum();
  }

  Statistics.Publishing publishing(long underWay) {
    return new Statistics.Publishing(accepted.sum(), repeated.sum(), failed.sum(), underWay);
  }

  Statistics.Delivery delivery(Tally tally) {
    return new Statistics.Delivery(
        deliveries.sum(),
        tally.messages(),
        tally.bytes(),
        tally.waiting(),
        tally.longest(),
        slowReaders.sum());
  }

  Statistics.Recovery recovery() {
    Map<Reset, Long> counts = new EnumMap<>(Reset.class);
    resets.forEach((reason, count) -> counts.put(reason, count.sum()));
    return new Statistics.Recovery(recoveries.sum(), counts);
  }

  Statistics.Presence presence(Tally tally) {
    return new Statistics.Presence(tally.present(), presenceChanges.sum());
  }
}
