package dev.tidewire.channel;

import java.time.Duration;
import java.util.function.Consumer;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/**
 * How a channel is kept. Immutable; {@link #retain}, {@link #keepHistory}, {@link #slowReaders} and
 * {@link #conflate} and the like return a changed copy. Safe for any thread.
 *
 * @param retainCount publications kept for recovery, default 1,000; 0 keeps none, so that every
 *     reconnect that missed something is told to reload
 * @param retainFor age up to which a publication is kept for recovery, default 5 minutes; zero
 *     keeps none
 * @param historyLimit messages published with {@code persist} that the history keeps, default
 *     10,000; 0 keeps none
 * @param slowReaders what a client gets that does not read as fast as is published, default
 *     everything
 * @param conflationKey what {@link SlowReaders#CONFLATE} goes by; null for event and publisher
 * @param audience hears when clients are there and when they are not, or null
 */
public record ChannelOptions(
    int retainCount,
    Duration retainFor,
    int historyLimit,
    SlowReaders slowReaders,
    @Nullable Function<Publication, @Nullable String> conflationKey,
    @Nullable Audience audience) {

  /**
   * What producers hear that only work while somebody listens; see {@link #whileOccupied}.
   *
   * @param occupied the first client on this node has subscribed to the channel of this name
   * @param vacated the last client on this node has gone
   */
  public record Audience(Consumer<String> occupied, Consumer<String> vacated) {}

  public static final ChannelOptions DEFAULT =
      new ChannelOptions(1_000, Duration.ofMinutes(5), 10_000);

  /** A channel whose slow readers get everything, or are disconnected. */
  public ChannelOptions(int retainCount, Duration retainFor, int historyLimit) {
    this(retainCount, retainFor, historyLimit, SlowReaders.DISCONNECT, null, null);
  }

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
    return new ChannelOptions(count, age, historyLimit, slowReaders, conflationKey, audience);
  }

  /** Keeps at most {@code messages} persisted messages in the history. */
  public ChannelOptions keepHistory(int messages) {
    return new ChannelOptions(
        retainCount, retainFor, messages, slowReaders, conflationKey, audience);
  }

  /**
   * What a client gets that is behind. For channels of events; row changes are never left out, nor
   * are presence and answers.
   */
  public ChannelOptions slowReaders(SlowReaders policy) {
    return new ChannelOptions(
        retainCount, retainFor, historyLimit, policy, conflationKey, audience);
  }

  /**
   * {@link SlowReaders#CONFLATE} by this key rather than by event and publisher.
   *
   * @param key of a publication, whose {@code dataJson()} it may look into; null if it must not be
   *     left out. Called once per publication by the thread that delivers it, must not block
   */
  public ChannelOptions conflate(Function<Publication, @Nullable String> key) {
    return new ChannelOptions(
        retainCount, retainFor, historyLimit, SlowReaders.CONFLATE, key, audience);
  }

  /**
   * Calls {@code occupied} with the channel's name when its first client subscribes on this node,
   * and {@code vacated} when its last one has gone. Java subscribers do not count, nor do polls
   * between two requests.
   *
   * <p>For each channel the calls come one at a time and in turn, on a callback thread of the bus,
   * under no lock; they may block, which delays the channel's own next call only. What comes and
   * goes while a call runs is not told, only how it stands after it; otherwise nothing is held
   * back, so a page that is loaded again may be a vacated and an occupied. An exception is logged.
   * With several nodes each hears of its own clients: for one producer in all of them use {@code
   * Channel.occupancy} or a lock of your own.
   */
  public ChannelOptions whileOccupied(Consumer<String> occupied, Consumer<String> vacated) {
    return new ChannelOptions(
        retainCount,
        retainFor,
        historyLimit,
        slowReaders,
        conflationKey,
        new Audience(occupied, vacated));
  }
}
