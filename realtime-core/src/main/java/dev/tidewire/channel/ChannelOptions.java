package dev.tidewire.channel;

import java.time.Duration;

/**
 * How a channel is kept. Immutable; {@link #retain} and {@link #keepHistory} return a changed copy.
 * Safe for any thread.
 *
 * @param retainCount publications kept for recovery, default 1,000; 0 keeps none, so that every
 *     reconnect that missed something is told to reload
 * @param retainFor age up to which a publication is kept for recovery, default 5 minutes; zero
 *     keeps none
 * @param historyLimit messages published with {@code persist} that the history keeps, default
 *     10,000; 0 keeps none
 */
public record ChannelOptions(int retainCount, Duration retainFor, int historyLimit) {

  public static final ChannelOptions DEFAULT =
      new ChannelOptions(1_000, Duration.ofMinutes(5), 10_000);

  public ChannelOptions {
    if (retainCount < 0) {
      throw new IllegalArgumentException("retainCount is negative: " + retainCount);
    }
    if (retainFor.isNegative()) {
      throw new IllegalArgumentException("retainFor is negative: " + retainFor);
    }
    try {
      var unused = retainFor.toMillis();
    } catch (ArithmeticException e) {
      throw new IllegalArgumentException("retainFor is too long: " + retainFor, e);
    }
    if (historyLimit < 0) {
      throw new IllegalArgumentException("historyLimit is negative: " + historyLimit);
    }
  }

  /** Keeps at most {@code count} publications, none older than {@code age}, for recovery. */
  public ChannelOptions retain(int count, Duration age) {
    return new ChannelOptions(count, age, historyLimit);
  }

  /** Keeps at most {@code messages} persisted messages in the history. */
  public ChannelOptions keepHistory(int messages) {
    return new ChannelOptions(retainCount, retainFor, messages);
  }
}
