package dev.tidewire.changes;

import dev.tidewire.changes.CommitSequencer.Commit;
import dev.tidewire.channel.Position;
import dev.tidewire.channel.RowChange;
import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.Callable;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Takes committed transactions in order and publishes their changes, on a thread of its own. A
 * change that the sink refuses is made up for by a reset of its channel, tried again until it goes
 * through; the application's transaction never notices.
 *
 * <p>Safe for any thread.
 */
final class ChangePublisher implements AutoCloseable {

  private static final Logger log = LoggerFactory.getLogger(ChangePublisher.class);
  private static final Duration IDLE = Duration.ofSeconds(1);
  private static final Duration DRAIN = Duration.ofSeconds(10);
  private static final Duration POSITION_PATIENCE = Duration.ofSeconds(5);
  private static final int MAX_IN_FLIGHT = 1_024;

  private final CommitSequencer sequencer;
  private final ChangeSink sink;
  private final String name;
  private final Set<String> failed = ConcurrentHashMap.newKeySet();

  /** Topics whose failure is in the log already. */
  private final Set<String> silenced = ConcurrentHashMap.newKeySet();

  private final Semaphore inFlight = new Semaphore(MAX_IN_FLIGHT);

  /** Of those who read rows now; touched by the thread alone. */
  private final List<Window> windows = new ArrayList<>();

  private final Thread thread;
  private volatile boolean closing;

  /**
   * @param name what the identifiers of this publisher's transactions begin with
   */
  ChangePublisher(CommitSequencer sequencer, ChangeSink sink, String name) {
    this.sequencer = sequencer;
    this.sink = sink;
    this.name = name;
    thread = new Thread(this::run, "tidewire-changes");
    thread.setDaemon(true);
    thread.start();
  }

  private void run() {
    try {
      while (true) {
        boolean last = closing;
        Commit commit = sequencer.take(IDLE);
        resetFailed();
        if (commit != null) {
          publish(commit);
          if (commit.mark() != null) {
            commit.mark().run();
          }
        } else if (last) {
          return;
        }
      }
    } catch (InterruptedException e) {
      log.warn("Stopped while changes were waiting; their subscribers were not told");
    } finally {
      sequencer.stop();
    }
  }

  private void publish(Commit commit) throws InterruptedException {
    String transaction = name + '-' + Long.toString(commit.number(), Character.MAX_RADIX);
    for (Change change : commit.changes()) {
      String topic = change.table().topic();
      windows.forEach(window -> window.note(change));
      var operation = change.operation();
      if (operation == null) {
        send(topic, () -> sink.reset(topic));
      } else if (!failed.contains(topic)) {
        Actor actor = change.actor();
        RowChange row =
            new RowChange(
                topic,
                operation,
                change.row(),
                change.old(),
                actor.userId(),
                transaction,
                actor.cause());
        send(topic, () -> sink.publish(row));
      }
    }
  }

  /**
   * Opens a window behind everything that is committed by now; completes when that is published.
   */
  CompletionStage<Boolean> open(Window window) {
    CompletableFuture<Boolean> opened = new CompletableFuture<>();
    mark(
        opened,
        () -> {
          windows.add(window);
          opened.complete(true);
        });
    return opened;
  }

  /** Closes a window behind everything that has a place now; tells the position of that. */
  CompletionStage<Position> close(Window window) {
    CompletableFuture<Position> closed = new CompletableFuture<>();
    mark(
        closed,
        () -> {
          windows.remove(window);
          String topic = window.table().topic();
          complete(closed, () -> position(topic));
        });
    return closed;
  }

  private void mark(CompletableFuture<?> result, Runnable mark) {
    if (!sequencer.mark(mark)) {
      result.completeExceptionally(new IllegalStateException("the capture is closed"));
    }
  }

  /** Tells where the channels stand behind everything that is committed by now. */
  CompletionStage<Map<String, Position>> positions(Set<CapturedTable> tables) {
    CompletableFuture<Map<String, Position>> told = new CompletableFuture<>();
    mark(
        told,
        () ->
            complete(
                told,
                () -> {
                  Map<String, Position> positions = new LinkedHashMap<>();
                  for (CapturedTable table : tables) {
                    positions.put(table.topic(), position(table.topic()));
                  }
                  return positions;
                }));
    return told;
  }

  /** In the thread, with nothing under way: finds out something that must not fail the thread. */
  private <T> void complete(CompletableFuture<T> result, Callable<T> question) {
    try {
      inFlight.acquire(MAX_IN_FLIGHT);
      inFlight.release(MAX_IN_FLIGHT);
      result.complete(question.call());
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      result.completeExceptionally(e);
    } catch (Exception e) {
      result.completeExceptionally(e);
    }
  }

  private Position position(String topic) throws Exception {
    return sink.position(topic)
        .toCompletableFuture()
        .get(POSITION_PATIENCE.toSeconds(), TimeUnit.SECONDS);
  }

  private void resetFailed() throws InterruptedException {
    if (failed.isEmpty()) {
      return;
    }
    for (String topic : List.copyOf(failed)) {
      failed.remove(topic);
      send(topic, () -> sink.reset(topic));
    }
  }

  private void send(String topic, Sending sending) throws InterruptedException {
    inFlight.acquire();
    try {
      sending.send().whenComplete((position, failure) -> done(topic, failure));
    } catch (RuntimeException e) {
      done(topic, e);
    }
  }

  private void done(String topic, @Nullable Throwable failure) {
    inFlight.release();
    if (failure == null) {
      silenced.remove(topic);
    } else {
      failed.add(topic);
      if (silenced.add(topic)) {
        log.warn("A change of {} was not published; the channel will be reset", topic, failure);
      }
    }
  }

  /** One call of the sink. */
  private interface Sending {
    CompletionStage<?> send();
  }

  /** Publishes what is committed by now and stops; gives up after ten seconds. */
  @Override
  public void close() {
    closing = true;
    sequencer.close();
    if (Thread.currentThread() == thread) {
      return;
    }
    try {
      thread.join(DRAIN.toMillis());
      if (thread.isAlive()) {
        log.warn("Changes still waited to be published after {}", DRAIN);
        thread.interrupt();
      }
    } catch (InterruptedException e) {
      thread.interrupt();
      Thread.currentThread().interrupt();
    }
  }
}
