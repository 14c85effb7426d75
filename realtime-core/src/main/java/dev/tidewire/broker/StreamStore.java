package dev.tidewire.broker;

import dev.tidewire.broker.Broker.Appended;
import dev.tidewire.broker.Broker.ReadLimit;
import dev.tidewire.channel.ChannelOptions;
import dev.tidewire.channel.Draft;
import dev.tidewire.channel.Position;
import java.util.concurrent.CompletionStage;
import org.jspecify.annotations.Nullable;

/**
 * Where several nodes keep their streams, for {@link SharedStreams}.
 *
 * <p>Safe for any thread. Every stage completes, exceptionally when the store cannot be reached;
 * what was asked may have been done then. The threads that complete them are never kept long. No
 * call waits.
 */
public interface StreamStore {

  /**
   * Gives the draft its place, keeps it and tells all nodes, in one step.
   *
   * @param known up to where this node has heard the channel, or null: a store that knows less has
   *     lost something, and begins a new epoch
   */
  CompletionStage<Appended> append(
      Draft draft,
      ChannelOptions options,
      @Nullable String idempotencyKey,
      @Nullable Position known);

  /**
   * Says how far the channel's stream is, and keeps it. The first check, with nothing known, is
   * carried out before any append that is asked for after it.
   */
  CompletionStage<Position> check(String topic, @Nullable Position known);

  /** As {@link Broker#read}. */
  CompletionStage<Tail> read(String topic, @Nullable Position since, ReadLimit limit);

  /** The same for a node that did not hear it: with whatever is still there, retained or not. */
  CompletionStage<Tail> repair(String topic, Position since, ReadLimit limit);

  /** Messages of this channel are to come, as soon as possible. Called under a lock. */
  void listen(String topic);

  /** They need no longer come. Called under a lock. */
  void ignore(String topic);

  /** Whether the store answers, as far as is known. */
  boolean isReachable();
}
