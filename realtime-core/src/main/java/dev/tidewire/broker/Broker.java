package dev.tidewire.broker;

import dev.tidewire.channel.ChannelOptions;
import dev.tidewire.channel.Draft;
import dev.tidewire.channel.Position;
import dev.tidewire.channel.Publication;
import dev.tidewire.presence.PresenceTracker;
import java.util.List;
import java.util.concurrent.CompletionStage;
import org.jspecify.annotations.Nullable;

/**
 * Keeps the streams of all channels: gives each publication its position, keeps a bounded tail for
 * recovery, and tells its listener of every publication in the order of the positions.
 *
 * <p>Contract, held by every implementation:
 *
 * <ul>
 *   <li>Offsets of a channel are dense and start at 1. A stream that lost its past gets a new
 *       epoch.
 *   <li>The listener hears the publications of a channel that this node subscribes to one at a
 *       time, in offset order without holes, and has heard of a publication before {@link #append}
 *       completes on this node. What it can not hear any more it is told as lost.
 *   <li>A completed append is in the tail: a read that starts after it sees it.
 *   <li>A read is complete or says that it is not; it never returns a part as the whole.
 *   <li>Every stage completes, in the end.
 * </ul>
 *
 * <p>Safe for any thread. Stages complete exceptionally when the backend cannot be reached; after
 * an append the caller must then assume that it may have happened.
 */
public interface Broker extends AutoCloseable {

  /** Called once, before anything else. */
  void start(BrokerListener listener);

  /**
   * Appends to the channel of the draft.
   *
   * @param options the channel's retention
   * @param idempotencyKey a repeat of the key on this channel within five minutes appends nothing
   *     and completes with the first answer; null for none. A broker may forget keys earlier when a
   *     channel has very many (the memory broker: more than 100,000)
   */
  CompletionStage<Appended> append(
      Draft draft, ChannelOptions options, @Nullable String idempotencyKey);

  /** Reads the retained publications after {@code since}; with null, only the present position. */
  CompletionStage<Tail> read(String topic, @Nullable Position since, ReadLimit limit);

  /**
   * Begins a channel's stream where an earlier life of it ended, for a publisher that keeps its
   * publications itself: the next one follows {@code last}, and clients of the earlier life go on
   * from where they were. The stream is never forgotten. Comes before any use of the channel.
   *
   * @param last the place of the newest publication, offset 0 if there was none
   * @param newest the newest publications, oldest first, dense, the last of them at {@code last};
   *     as many as the publisher still has
   * @throws IllegalStateException if somebody published or subscribed before
   * @throws UnsupportedOperationException if the broker is not {@linkplain #isRestorable
   *     restorable}
   */
  default void restore(
      String topic, Position last, List<Publication> newest, ChannelOptions options) {
    throw new UnsupportedOperationException("this broker keeps its streams itself");
  }

  /**
   * Whether {@link #restore} can be called. A broker that says no keeps its streams itself: what is
   * published twice with one idempotency key, by whatever node, is there once.
   */
  default boolean isRestorable() {
    return false;
  }

  /**
   * This node has its first subscriber for the channel; its stream must not be forgotten. Called
   * under a lock: must neither wait nor throw, as {@link #unsubscribe}.
   */
  void subscribe(String topic);

  /** This node's last subscriber of the channel has gone. */
  void unsubscribe(String topic);

  /**
   * Whether the channel is held in memory, or there is room for one more; asked before a client
   * uses it. May forget channels that nobody uses. Must not wait. Without a bound there always is.
   */
  default boolean hasRoomFor(String topic) {
    return true;
  }

  /**
   * The presence that belongs to this broker, so that nodes which share streams also share who is
   * there; null if it has none. Asked once, before {@link #start}; the bus closes it before the
   * broker.
   */
  default @Nullable PresenceTracker presence() {
    return null;
  }

  /**
   * Whether other nodes may publish to its streams and hear them. By default true; a broker of one
   * JVM says no, and spares what only serves several.
   */
  default boolean isShared() {
    return true;
  }

  /**
   * How many publications of the channel are kept for recovery, for people who look at it; negative
   * if that is not known without asking a backend. Must not wait.
   */
  default int retained(String topic) {
    return -1;
  }

  /** Whether the backend answers, as far as is known now. Must not wait. */
  default boolean isReachable() {
    return true;
  }

  /** Called about once a second: drops what is too old and forgets idle channels. */
  void housekeep();

  /** Number of channels held in memory on this node. */
  int channelCount();

  @Override
  void close();

  /**
   * The answer to an append.
   *
   * @param position the place of the publication
   * @param timestamp server time of acceptance, milliseconds since 1970
   * @param repeated true if the idempotency key was known and nothing was appended
   */
  record Appended(Position position, long timestamp, boolean repeated) {}

  /**
   * Caps of one read.
   *
   * @param count publications
   * @param bytes sum of their frames
   */
  record ReadLimit(int count, int bytes) {}
}
