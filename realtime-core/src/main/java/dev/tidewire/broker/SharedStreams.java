package dev.tidewire.broker;

import dev.tidewire.broker.Broker.Appended;
import dev.tidewire.broker.Broker.ReadLimit;
import dev.tidewire.channel.ChannelOptions;
import dev.tidewire.channel.Draft;
import dev.tidewire.channel.Position;
import dev.tidewire.channel.Publication;
import java.time.Duration;
import java.util.List;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.Executor;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The streams of one node that shares them with others in a {@link StreamStore}: what a broker for
 * several nodes does whatever the store is. Hears messages, repairs what did not come, and answers
 * an append once its listener has heard it.
 *
 * <p>Safe for any thread. The listener is called by whoever brings something; stages are completed
 * by the executor's threads.
 */
public final class SharedStreams implements AutoCloseable {

  private static final Logger log = LoggerFactory.getLogger(SharedStreams.class);
  private static final long PATIENCE_NANOS = Duration.ofMillis(200).toNanos();

  /** What a repair may bring at once; beyond, subscribers are told to reload. */
  private static final ReadLimit REPAIR = new ReadLimit(10_000, 16 << 20);

  private final ConcurrentHashMap<String, FollowedStream> streams = new ConcurrentHashMap<>();
  private final StreamStore store;
  private final Executor answers;
  private final long checkNanos;
  private final Supplier<? extends RuntimeException> lost;
  private volatile @Nullable BrokerListener listener;

  /**
   * Follows no stream yet.
   *
   * @param answers completes stages, so that what hangs on them keeps nobody; must not refuse
   * @param checkInterval how often a quiet channel is checked
   * @param lost what appends fail with that were made, but not heard before the store was lost
   */
  public SharedStreams(
      StreamStore store,
      Executor answers,
      Duration checkInterval,
      Supplier<? extends RuntimeException> lost) {
    this.store = store;
    this.answers = answers;
    this.checkNanos = checkInterval.toNanos();
    this.lost = lost;
  }

  /** As {@link Broker#start}. */
  public void start(BrokerListener newListener) {
    listener = newListener;
  }

  private BrokerListener listener() {
    BrokerListener known = listener;
    if (known == null) {
      throw new IllegalStateException("the broker was not started");
    }
    return known;
  }

  /** As {@link Broker#append}. */
  public CompletionStage<Appended> append(
      Draft draft, ChannelOptions options, @Nullable String idempotencyKey) {
    listener();
    FollowedStream followed = streams.get(draft.topic());
    Position known = followed == null ? null : followed.position();
    CompletableFuture<Appended> answer = new CompletableFuture<>();
    store
        .append(draft, options, idempotencyKey, known)
        .whenComplete(
            (appended, failure) -> {
              if (failure != null) {
                answers.execute(() -> answer.completeExceptionally(failure));
              } else {
                appended(draft, appended, answer);
              }
            });
    return answer;
  }

  private void appended(Draft draft, Appended appended, CompletableFuture<Appended> answer) {
    FollowedStream stream = streams.get(draft.topic());
    if (stream == null || appended.repeated()) {
      answers.execute(() -> answer.complete(appended));
      return;
    }
    CompletableFuture<Void> heard = new CompletableFuture<>();
    var unused =
        heard.whenComplete(
            (nothing, failure) -> {
              if (failure == null) {
                answer.complete(appended);
              } else {
                answer.completeExceptionally(failure);
              }
            });
    Publication publication = draft.at(appended.position(), appended.timestamp());
    act(stream, stream.offer(publication, false, heard, System.nanoTime()));
    lookAgain(stream);
  }

  /** Nobody is to wait for a stream that was given up in this very moment. */
  private void lookAgain(FollowedStream stream) {
    if (streams.get(stream.topic()) != stream) {
      answer(stream.abandon(), null);
    } else if (!store.isReachable()) {
      answer(stream.abandon(), lost.get());
    }
  }

  /** As {@link Broker#read}. */
  public CompletionStage<Tail> read(String topic, @Nullable Position since, ReadLimit limit) {
    CompletableFuture<Tail> answer = new CompletableFuture<>();
    FollowedStream stream = streams.get(topic);
    if (stream == null || stream.position() != null) {
      hand(store.read(topic, since, limit), answer);
      return answer;
    }
    if (!store.isReachable()) {
      answer.completeExceptionally(lost.get());
      return answer;
    }
    // After the first check: what is read must not end before that from which this node hears.
    var unused =
        stream
            .placed()
            .whenComplete(
                (nothing, failure) -> {
                  if (failure == null) {
                    hand(store.read(topic, since, limit), answer);
                  } else {
                    answers.execute(() -> answer.completeExceptionally(failure));
                  }
                });
    return answer;
  }

  private void hand(CompletionStage<Tail> read, CompletableFuture<Tail> answer) {
    read.whenComplete(
        (tail, failure) ->
            answers.execute(
                () -> {
                  if (failure != null) {
                    answer.completeExceptionally(failure);
                    return;
                  }
                  answer.complete(tail);
                }));
  }

  /** As {@link Broker#subscribe}. */
  public void subscribe(String topic) {
    streams.compute(
        topic,
        (t, known) -> {
          FollowedStream stream = known == null ? new FollowedStream(t, listener()) : known;
          if (stream.count(1) == 1) {
            store.listen(t);
          }
          return stream;
        });
    // Before every command that follows, so that what those publish is heard.
    FollowedStream stream = streams.get(topic);
    if (stream != null && stream.position() == null) {
      check(stream, false);
    }
  }

  /** As {@link Broker#unsubscribe}. */
  public void unsubscribe(String topic) {
    streams.computeIfPresent(
        topic,
        (t, stream) -> {
          if (stream.count(-1) > 0) {
            return stream;
          }
          store.ignore(t);
          answers.execute(() -> answer(stream.abandon(), null));
          return null;
        });
  }

  /** About ten times a second: what did not come by itself is asked for. */
  public void tick() {
    if (!store.isReachable()) {
      return;
    }
    long now = System.nanoTime();
    for (FollowedStream stream : streams.values()) {
      act(stream, stream.due(now, PATIENCE_NANOS, checkNanos));
    }
  }

  /** Does what a stream wants, hands on what it told, and answers who waited for it. */
  private void act(FollowedStream stream, FollowedStream.Want want) {
    switch (want) {
      case NOTHING -> {}
      case CHECK -> check(stream, false);
      case READ -> repair(stream);
    }
    if (stream.takeTold()) {
      answers.execute(stream::handOn);
    }
    answer(stream.heard(), null);
  }

  private void answer(List<CompletableFuture<Void>> waiting, @Nullable Throwable failure) {
    for (CompletableFuture<Void> each : waiting) {
      answers.execute(
          () -> {
            if (failure == null) {
              each.complete(null);
            } else {
              each.completeExceptionally(failure);
            }
          });
    }
  }

  private void check(FollowedStream stream, boolean urgent) {
    store
        .check(stream.topic(), stream.position())
        .whenComplete(
            (present, failure) -> {
              if (failure == null) {
                act(stream, stream.checked(present, urgent, System.nanoTime()));
              } else {
                stream.failed(System.nanoTime());
              }
              stream.settle(failure);
            });
  }

  private void repair(FollowedStream stream) {
    Position since = stream.position();
    if (since == null) {
      stream.failed(System.nanoTime());
      return;
    }
    CompletableFuture<Tail> found = new CompletableFuture<>();
    hand(store.repair(stream.topic(), since, REPAIR), found);
    var unused =
        found.whenComplete(
            (tail, failure) -> {
              if (failure == null) {
                act(stream, stream.repaired(since, tail, System.nanoTime()));
              } else {
                log.debug("Channel {} could not be read after {}", stream.topic(), since, failure);
                stream.failed(System.nanoTime());
              }
            });
  }

  /** The channels that this node subscribes to. */
  public Set<String> topics() {
    return streams.keySet();
  }

  /** Whether a message about this place is news here. */
  public boolean isNews(String topic, Position at) {
    FollowedStream stream = streams.get(topic);
    if (stream == null) {
      return false;
    }
    Position known = stream.position();
    return known == null || !known.epoch().equals(at.epoch()) || known.offset() < at.offset();
  }

  /** A message came, after all those of its channel that came before it. */
  public void told(Publication publication) {
    FollowedStream stream = streams.get(publication.topic());
    if (stream != null) {
      act(stream, stream.offer(publication, true, null, System.nanoTime()));
    }
  }

  /** A message says that there is a publication, which is to be read. */
  public void announced(String topic, Position at) {
    FollowedStream stream = streams.get(topic);
    if (stream != null) {
      act(stream, stream.announced(at, System.nanoTime()));
    }
  }

  /** From here on all messages of the channel come: what came before is looked for. */
  public void stands(String topic) {
    FollowedStream stream = streams.get(topic);
    if (stream != null) {
      check(stream, true);
    }
  }

  /** The store cannot be reached: appends whose publications were not heard fail. */
  public void lost() {
    for (FollowedStream stream : streams.values()) {
      answer(stream.abandon(), lost.get());
      if (stream.position() == null) {
        stream.settle(lost.get());
      }
    }
  }

  /** Lets nobody wait. */
  @Override
  public void close() {
    lost();
    streams.clear();
  }
}
